"""What every scheduler must pass."""

from __future__ import annotations

from study.search.schedulers.scheduler import Decision, Scheduler
from study.spec.choices import SCHEDULERS
from study.spec.search_section import Search
from study.store.trial_table import TrialTable


def check_scheduler(name: str) -> None:
    """A spec may name it without arguments; asked again it answers the same; a lone trial is not stopped."""
    search = Search.model_validate({"scheduler": {name: {}}})
    assert search.scheduler.name == name
    kind: type[Scheduler] = SCHEDULERS.get(name)
    arguments = kind.Arguments()
    assert kind.describe(arguments)
    scheduler = kind(arguments, max_epochs=9, objective="val_auc", direction="maximize")
    table = TrialTable(["cell"], objective="val_auc", direction="maximize")
    table.create("cell", {}, {}, origin="sampler", seed=0)
    for epoch in range(1, 4):
        table.epoch("cell", 0, epoch, {"val_auc": 0.5})
        decision = scheduler.decide(table.cells["cell"], 0, epoch)
        assert decision is scheduler.decide(table.cells["cell"], 0, epoch)
        assert decision is not Decision.STOP
