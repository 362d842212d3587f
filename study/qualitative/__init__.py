"""Qualitative pages: where winners look, their worst errors, what they find similar. Computes what the report shows."""

from __future__ import annotations

from study.layout import StudyDirectory
from study.plan import Plan


def write_panels(directory: StudyDirectory, plan: Plan) -> None:
    """See `study.qualitative.write.write_panels`; imported late, because it needs torch."""
    from study.qualitative import write

    write.write_panels(directory, plan)


__all__ = ["write_panels"]
