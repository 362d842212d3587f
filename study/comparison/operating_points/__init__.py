"""What is chosen on validation and judged on test sets: thresholds, temperature, and what scores are worth there."""
