"""Fair, tuned comparisons of pre-training for skin-lesion diagnosis: spec, plan, search, selection, comparison."""
