"""What every selection rule must pass."""

from __future__ import annotations

from study.preparation.validation_size import ValidationSize
from study.spec.choices import SELECTION_RULES
from study.store.trial import TrialRecord
from study.store.trial_table import TrialTable


def check_selection_rule(name: str) -> None:
    """It orders all trials, whatever order they come in, and whoever wins was always a contender."""
    rule = SELECTION_RULES.get(name)
    size = ValidationSize(positives=20, negatives=80)
    trials = _trials()
    order = [trial.number for trial in rule.order(trials, "val_auc", size)]
    assert sorted(order) == [trial.number for trial in trials]
    assert order == [trial.number for trial in rule.order(trials[::-1], "val_auc", size)]
    k = 2 if rule.many else 1
    for count in range(1, len(trials) + 1):
        kept = rule.contenders(trials[:count], "val_auc", k)
        assert all(number in kept or number >= count for number in order[:k])


def _trials() -> list[TrialRecord]:
    table = TrialTable(["cell"], objective="val_auc", direction="maximize")
    for number, values in enumerate(([0.7, 0.9, 0.7], [0.8, 0.82], [0.6], [0.89, 0.88, 0.87], [0.9])):
        table.create("cell", {}, {}, origin="sampler", seed=0)
        for epoch, value in enumerate(values, start=1):
            table.epoch("cell", number, epoch, {"val_auc": value, "images": 100.0 * epoch})
        table.finish("cell", number, "COMPLETE")
    return table.cells["cell"]
