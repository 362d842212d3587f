"""Qualitative pages: where winners look, their worst errors, what they find similar. Computes what the report shows."""

from study.evaluation.qualitative.write_panels import write_panels

__all__ = ["write_panels"]
