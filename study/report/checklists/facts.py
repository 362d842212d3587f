"""Every fact that an item of a checklist can ask for, by name."""

from __future__ import annotations

from collections.abc import Callable

from study.report.checklists import model_facts, result_facts, study_facts
from study.report.inputs.loaded_tables import ReportData

Fact = Callable[[ReportData], str]


def _public(module: object, names: str) -> dict[str, Fact]:
    return {name: getattr(module, name) for name in names.split()}


FACTS: dict[str, Fact] = {
    **_public(
        study_facts,
        "technology question goal design sources excluded preprocessing fractions classes reads parts disjoint sizes",
    ),
    **_public(
        model_facts,
        "model initialisation software search precision selection winners ensembling protocol availability predictors "
        "imbalance updating limitations output",
    ),
    "missing": study_facts.missing_data,
    **_public(
        result_facts,
        "headline performance metrics statistics detectable spent costs stability explainability failures internal "
        "external clusters demographics fairness",
    ),
}
