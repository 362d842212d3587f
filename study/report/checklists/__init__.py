"""Reporting checklists: what each item asks, what the study knows of it, and what its authors must say."""
