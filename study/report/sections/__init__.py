"""The sections of the report, in the order in which a reader asks."""

from __future__ import annotations

from collections.abc import Callable

from study.report.inputs.loaded_tables import ReportData
from study.report.page import Section
from study.report.sections.answer import answer, facts
from study.report.sections.datasets import data_sets
from study.report.sections.differences import differences
from study.report.sections.difficulty import difficulty
from study.report.sections.fairness import fairness
from study.report.sections.leaks import leaks
from study.report.sections.qualitative import qualitative
from study.report.sections.ranking import ranking
from study.report.sections.robustness import calibration, robustness
from study.report.sections.roc import roc
from study.report.sections.scores import scores
from study.report.sections.subgroups import subgroups
from study.report.sections.tuning import tuning

ANSWER: Callable[[ReportData], Section | None] = answer
SECTIONS: tuple[Callable[[ReportData], Section | None], ...] = (
    scores,
    differences,
    ranking,
    fairness,
    leaks,
    robustness,
    roc,
    calibration,
    subgroups,
    tuning,
    difficulty,
    qualitative,
    data_sets,
)

__all__ = ["ANSWER", "SECTIONS", "facts"]
