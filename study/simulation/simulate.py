"""The simulator: the real engine (sampler, ASHA, budgets, interleaving) against learning curves, without Ray."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from search_spaces.domains import Value
from study.plan.cells import Plan, plan
from study.search.engine import Engine
from study.simulation.curve_models import Curve, Curves
from study.simulation.worlds import World
from study.spec.loading import parse_spec
from study.store.trial_table import TrialTable

PATIENCE = 22  # epochs without a better value before a training stops itself: the published study's


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a simulated cell is searched; `asha` None means no scheduler."""

    name: str
    sampler: str = "tpe"
    shared_design: int = 8
    trials: int = 100
    asha: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a search found and spent. `path` has the true AUC of the checkpoint that would have won after each epoch
    spent, hence the winner's as its last value."""

    path: np.ndarray
    epochs: int
    trials: int

    @property
    def auc(self) -> float:
        """The winner's true AUC."""
        return float(self.path[-1])


def simulate(setting: Setting, world: World, *, epochs: int, seed: int, slots: int = 4) -> Outcome:
    """One cell searched on `slots` devices with a budget of `epochs`, every epoch taking the same time."""
    study = simulated_plan(setting, world, epochs, seed)
    engine = Engine(study, TrialTable([cell.key for cell in study.cells], objective="val_auc", direction="maximize"))
    known: dict[tuple[str, int], Curve] = {}
    running: list[tuple[int, int, str, int, int]] = []  # time, tie-breaker, cell, number, epoch that ends then
    now, ties = 0, 0
    best, path = -math.inf, [0.0]
    while True:
        while len(running) < slots and (trial := engine.next()) is not None:
            ties += 1
            heapq.heappush(running, (now + 1, ties, trial.cell, trial.number, len(trial.epochs) + 1))
        if not running:
            engine.close()
            return Outcome(path=np.array(path[1:]), epochs=len(path) - 1, trials=len(engine.record.trials()))
        now, _, cell, number, epoch = heapq.heappop(running)
        key = cell, number
        if key not in known:
            known[key] = world.curves.curve(engine.record.get(cell, number).params, world.max_epochs)
        value = float(known[key].reported[epoch - 1])
        path.append(float(known[key].truth[epoch - 1]) if value > best else path[-1])
        best = max(best, value)
        goes_on = engine.report(cell, number, epoch, {"val_auc": value})
        if goes_on and epoch == patient_end(known[key].reported):
            engine.end(cell, number)
        elif goes_on:
            ties += 1
            heapq.heappush(running, (now + 1, ties, cell, number, epoch + 1))


def full_grid(points: Iterable[Mapping[str, Value]], curves: Curves, max_epochs: int) -> Outcome:
    """Every point trained to its own early stopping; the winner by its best reported epoch."""
    found = [curves.curve(point, max_epochs) for point in points]
    ends = [patient_end(curve.reported) for curve in found]
    best = [int(np.argmax(curve.reported[:end])) for curve, end in zip(found, ends, strict=True)]
    winner = max(range(len(found)), key=lambda index: found[index].reported[best[index]])
    auc = float(found[winner].truth[best[winner]])
    return Outcome(path=np.array([auc]), epochs=sum(ends), trials=len(found))


def patient_end(reported: np.ndarray) -> int:
    """The epoch (1-based) at which a training stops itself."""
    best = 0
    for index, value in enumerate(reported):
        if value > reported[best]:
            best = index
        if index - best >= PATIENCE:
            return index + 1
    return len(reported)


def simulated_plan(setting: Setting, world: World, epochs: int, seed: int) -> Plan:
    """A plan of one cell with this setting and the world's space."""
    planned = plan(
        parse_spec(
            {
                "study": "simulated",
                "methods": ["supervised:ft"],
                "train": {"source": "synthetic"},
                "tests": ["synthetic_test"],
                "search": {
                    "sampler": setting.sampler,
                    "shared_design": setting.shared_design,
                    "trials": setting.trials,
                    "max_epochs": world.max_epochs,
                    "epochs_per_cell": epochs,
                    "scheduler": {"asha": dict(setting.asha)} if setting.asha else "none",
                },
                "seed": seed,
            }
        )
    )
    return replace(planned, cells=tuple(replace(cell, space=world.space) for cell in planned.cells))
