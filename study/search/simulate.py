"""The simulator: the real engine (sampler, ASHA, budgets, interleaving) against learning curves, without Ray.

What it answers: how much of a full grid's cost a tuned search needs to find as good a configuration, and which variant
of ASHA, eta and grace serve that best.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from search_spaces import load
from search_spaces.domains import Value
from study.plan import Plan, plan
from study.search.curves import Curve, Curves, DrawnCurves
from study.search.engine import Engine
from study.search.trials import Trials
from study.spec import parse_spec

PATIENCE = 22  # epochs without a better value before a training stops itself: the published study's
CLOSE = 0.005  # AUC: what counts as finding as good a configuration


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a simulated cell is searched; `asha` None means no scheduler."""

    name: str
    sampler: str = "tpe"
    shared_design: int = 8
    trials: int = 100
    max_epochs: int = 100
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


def simulate(setting: Setting, curves: Curves, *, epochs: int, seed: int, slots: int = 4) -> Outcome:
    """One cell searched on `slots` devices with a budget of `epochs`, every epoch taking the same time."""
    study = simulated_plan(setting, epochs, seed)
    engine = Engine(study, Trials([cell.key for cell in study.cells], objective="val_auc", direction="maximize"))
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
            known[key] = curves.curve(engine.record.get(cell, number).params, setting.max_epochs)
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


def simulated_plan(setting: Setting, epochs: int, seed: int) -> Plan:
    """A plan of one cell with this setting."""
    return plan(
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
                    "max_epochs": setting.max_epochs,
                    "epochs_per_cell": epochs,
                    "scheduler": {"asha": dict(setting.asha)} if setting.asha else "none",
                },
                "seed": seed,
            }
        )
    )


def published_grid() -> list[dict[str, Value]]:
    """60 points like the published study's: 5 learning rates × 3 weight decays × 2 schedules × balanced or not."""
    return load("ft", overrides={"batch_size": 32}).grid_points()


@dataclass(frozen=True, kw_only=True)
class Row:
    """A setting over many worlds, each with a quarter of the epochs of that world's full grid."""

    setting: Setting
    repetitions: int
    success: float  # share of the worlds where the search ended within CLOSE of the grid's best, or above it
    epochs_ratio: float  # median share of the grid's epochs after which it was that close and stayed
    shortfall: float  # 95th percentile of the grid's AUC minus the search's
    trials: int  # simulated, all repetitions


def compare(settings: list[Setting], *, repetitions: int, slots: int = 4, processes: int = 2) -> list[Row]:
    """Every setting over the same `repetitions` worlds."""
    work: Callable[[int], list[tuple[Outcome, Outcome]]] = partial(_world, settings, slots)
    with ProcessPoolExecutor(processes) as pool:
        worlds = list(pool.map(work, range(repetitions), chunksize=4))
    rows = []
    for index, setting in enumerate(settings):
        pairs = [world[index] for world in worlds]
        behind = np.array([grid.auc - found.auc for found, grid in pairs])
        rows.append(
            Row(
                setting=setting,
                repetitions=repetitions,
                success=float((behind <= CLOSE).mean()),
                epochs_ratio=float(np.median([_reached(found, grid) for found, grid in pairs])),
                shortfall=float(np.quantile(behind, 0.95)),
                trials=sum(found.trials for found, _ in pairs),
            )
        )
    return rows


def _reached(found: Outcome, grid: Outcome) -> float:
    far = np.flatnonzero(found.path < grid.auc - CLOSE)
    last = int(far[-1]) + 1 if len(far) else 0
    return math.inf if last == len(found.path) else (last + 1) / grid.epochs


def _world(settings: list[Setting], slots: int, world: int) -> list[tuple[Outcome, Outcome]]:
    curves = DrawnCurves(load("ft"), world)
    grid = full_grid(published_grid(), curves, 100)
    quarter = grid.epochs // 4
    return [(simulate(setting, curves, epochs=quarter, seed=world, slots=slots), grid) for setting in settings]
