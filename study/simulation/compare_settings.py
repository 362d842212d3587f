"""What a tuned search saves over a full grid: many searches in many worlds, by ASHA's variant, eta and grace."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from study.simulation.simulate import Outcome, Setting, full_grid, simulate
from study.simulation.worlds import World

CLOSE = 0.005  # AUC: what counts as finding as good a configuration
QUARTER = 4  # a search gets 1/4 of the epochs of its world's full grid
USUAL = (3, 20)  # eta and grace
ETAS_AND_GRACES = ((2, 5), (2, 20), (3, 1), (3, 5), (3, 10), USUAL, (4, 5))
Worlds = Callable[[int], World]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A setting over many worlds, each with a quarter of the epochs of that world's full grid."""

    setting: Setting
    repetitions: int
    success: float  # share of the worlds where the search ended within CLOSE of the grid's best, or above it
    epochs_ratio: float  # median share of the grid's epochs after which it was that close and stayed
    shortfall: float  # 95th percentile of the grid's AUC minus the search's
    trials: int  # simulated, all repetitions


def settings(sampler: str = "tpe") -> list[Setting]:
    """Both variants of ASHA by eta and grace under this sampler, and what they are measured against."""
    found = [
        Setting(name=f"{sampler}, {variant}", sampler=sampler, asha={"eta": eta, "grace": grace, "variant": variant})
        for variant in ("stopping", "promotion")
        for eta, grace in ETAS_AND_GRACES
    ]
    usual = {"eta": USUAL[0], "grace": USUAL[1], "variant": "stopping"}
    return [
        *found,
        Setting(name="random, stopping", sampler="random", asha=usual),
        Setting(name=f"{sampler}, no scheduler", sampler=sampler),
    ]


def compare(chosen: Sequence[Setting], worlds: Worlds, *, repetitions: int, slots: int, processes: int) -> list[Row]:
    """Every setting over the same `repetitions` worlds, each search on `slots` devices."""
    work: Callable[[int], list[tuple[Outcome, Outcome]]] = partial(_world, chosen, worlds, slots)
    with ProcessPoolExecutor(processes, initializer=_one_thread) as pool:
        found = list(pool.map(work, range(repetitions), chunksize=4))
    rows = []
    for index, setting in enumerate(chosen):
        pairs = [world[index] for world in found]
        behind = np.array([grid.auc - searched.auc for searched, grid in pairs])
        rows.append(
            Row(
                setting=setting,
                repetitions=repetitions,
                success=float((behind <= CLOSE).mean()),
                epochs_ratio=float(np.median([reached(searched, grid) for searched, grid in pairs])),
                shortfall=float(np.quantile(behind, 0.95)),
                trials=sum(searched.trials for searched, _ in pairs),
            )
        )
    return rows


def reached(found: Outcome, grid: Outcome) -> float:
    """Share of the grid's epochs after which a search was close to the grid's best for good; infinite: never."""
    far = np.flatnonzero(found.path < grid.auc - CLOSE)
    last = int(far[-1]) + 1 if len(far) else 0
    return math.inf if last == len(found.path) else (last + 1) / grid.epochs


def _one_thread() -> None:
    """Every core has a world of its own. Torch, which a Gaussian process needs, reads this when it is first loaded;
    where this process was forked from one that had loaded it, it has to be told."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _world(chosen: Sequence[Setting], worlds: Worlds, slots: int, index: int) -> list[tuple[Outcome, Outcome]]:
    world = worlds(index)
    grid = full_grid(world.grid, world.curves, world.max_epochs)
    epochs = max(1, grid.epochs // QUARTER)
    return [(simulate(setting, world, epochs=epochs, seed=index, slots=slots), grid) for setting in chosen]
