"""The sections of the report below its answer, in the order in which a reader asks."""

from __future__ import annotations

from collections.abc import Callable

from datasets.base.registry import Registry
from study.report.inputs.context import ReportError
from study.report.inputs.loaded_tables import ReportData
from study.report.page import Section

BuildSection = Callable[[ReportData], Section | None]  # None: the tables that the section shows are absent

SECTIONS: Registry[BuildSection] = Registry(
    "report_sections",
    ReportError,
    {
        "scores": "study.report.sections.scores:scores",
        "by_class": "study.report.sections.by_class:by_class",
        "differences": "study.report.sections.differences:differences",
        "ranking": "study.report.sections.ranking:ranking",
        "costs": "study.report.sections.costs:costs",
        "fairness": "study.report.sections.fairness:fairness",
        "leaks": "study.report.sections.leaks:leaks",
        "robustness": "study.report.sections.robustness:robustness",
        "roc": "study.report.sections.roc:roc",
        "operating_points": "study.report.sections.operating_points:operating_points",
        "calibration": "study.report.sections.calibration:calibration",
        "decision_curves": "study.report.sections.decision_curves:decision_curves",
        "subgroups": "study.report.sections.subgroups:subgroups",
        "tuning": "study.report.sections.tuning:tuning",
        "optimism": "study.report.sections.optimism:optimism",
        "difficulty": "study.report.sections.difficulty:difficulty",
        "qualitative": "study.report.sections.qualitative:qualitative",
        "data_sets": "study.report.sections.datasets:data_sets",
    },
)
