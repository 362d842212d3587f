"""Every candidate for the default search, judged on the bank of real curves that ships with the documentation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from study.console.bank_table import aucs, percent, shares
from study.simulation.bank_benchmark import (
    GOAL_SHARE,
    Bank,
    BankResult,
    closer,
    fairness,
    gain,
    interval,
    median_share,
    run_bank,
    success,
)
from study.simulation.benchmark import AUC_TOLERANCE
from study.simulation.simulate import SearchConfig
from study.simulation.surrogates import Kind
from tests.benchmarks.transfer import Transfer

BANK = Path(__file__).parents[2] / "docs/curves/ham10000.parquet"
DEFAULT = SearchConfig(name="tpe, stopping", sampler="tpe", asha={"eta": 3, "grace": 1})


def run(short: bool) -> dict:
    """Samplers × schedulers on two surrogates; the Gaussian process, which takes 20 times as long, less often."""
    cores = os.cpu_count() or 1
    quick, slow_ones, races = (12, 0, 24) if short else (40, 10, 80)
    rows = []
    kinds: tuple[Kind, ...] = ("process", "forest")
    for kind in kinds:
        bank = Bank(path=BANK, space="ft", kind=kind)
        results = run_bank(_quick(), bank, repetitions=quick, slots=4, processes=cores)
        rows += [row(kind, result, results[0]) for result in results]
        rows += _larger_cells(kind, bank, quick, cores)
    if slow_ones:
        bank = Bank(path=BANK, space="ft", kind="process")
        slow = run_bank([DEFAULT, *_slow()], bank, repetitions=slow_ones, slots=4, processes=cores)
        rows += [row("process", result, slow[0]) for result in slow[:-1]]
    ahead = fairness(DEFAULT, Bank(path=BANK, space="ft", kind="process"), repetitions=races, slots=4, processes=cores)
    share = (ahead > 0) + 0.5 * (ahead == 0)
    low, high = interval(lambda found: float(found.mean()), share)
    return {
        "title": "Candidates for the default search, on real learning curves",
        "rows": rows,
        "note": f"docs/curves/ham10000.md says what the curves are. Each search gets 1/{GOAL_SHARE} of its full grid's "
        f"epochs on 4 devices; success: it ends within {AUC_TOLERANCE} AUC of the grid's best, or above it; share: "
        "median share of the grid's epochs after which it was there for good; gain and AUC gained: in success and "
        "in the winner's AUC against the default (the last row above without a gain), on the same cells and "
        "repetitions; shortfall: mean AUC behind the grid. 95 % intervals by paired bootstrap over cells and "
        "repetitions. The whole grid again, other seeds: what the deviation from run to run allows to twelve times the "
        f"cost. {quick} repetitions of each cell; the rows of gp, in the long form alone, have "
        f"{slow_ones or 'none'}, with the default beside them. Those that begin with the best of the smaller fraction "
        "are judged on the larger cells alone. "
        f"Two identical methods, searched side by side under the default, {ahead.size} times: the "
        f"first is ahead in {share.mean():.1%} ({low:.1%} to {high:.1%}).",
    }


def _larger_cells(kind: Kind, bank: Bank, repetitions: int, processes: int) -> list[dict]:
    """The default with and without a start from the smaller fraction, where there is one."""
    larger = [index for index in range(bank.count) if bank.smaller(index) is not None]
    searches = [DEFAULT, *(Transfer(config=DEFAULT, points=points) for points in (2, 4))]
    found = run_bank(searches, bank, repetitions=repetitions, slots=4, processes=processes)[:-1]
    kept = [result.of(larger) for result in found]
    return [row(kind, result, kept[0], larger) for result in kept]


def _quick() -> list[SearchConfig]:
    stopping = [
        SearchConfig(name=f"{sampler}, stopping", sampler=sampler, asha={"eta": 3, "grace": grace})
        for sampler in ("tpe", "random")
        for grace in (1, 2, 3)
    ]
    promotion = [
        SearchConfig(
            name=f"{sampler}, promotion", sampler=sampler, asha={"eta": 3, "grace": grace, "variant": "promotion"}
        )
        for sampler in ("tpe", "random")
        for grace in (1, 3)
    ]
    return [
        *stopping,
        *promotion,
        SearchConfig(name="tpe, two brackets", sampler="tpe", asha={"eta": 3, "grace": 1, "brackets": 2}),
        SearchConfig(name="sobol, stopping", sampler="random", shared_design=100, asha={"eta": 3, "grace": 1}),
        SearchConfig(name="tpe, no scheduler", sampler="tpe"),
        SearchConfig(name="random, no scheduler", sampler="random"),
    ]


def _slow() -> list[SearchConfig]:
    return [
        SearchConfig(name="gp, stopping", sampler="gp", asha={"eta": 3, "grace": 3}),
        SearchConfig(name="gp, no scheduler", sampler="gp"),
    ]


def row(kind: Kind, result: BankResult, reference: BankResult, cells: Sequence[int] | None = None) -> dict:
    """A search in the table, beside the one that it is compared with."""
    keys = [surrogate.cell.key for surrogate in Bank(path=BANK, space="ft", kind=kind).cells]
    reached = zip(keys if cells is None else [keys[index] for index in cells], result.reached.mean(axis=1), strict=True)
    by_cell = {key: f"{share:.0%}" for key, share in reached}
    return {
        "curves by": kind,
        "search": result.config.label,
        "success": percent(success(result)),
        "gain": "" if result is reference else percent(gain(result, reference)),
        "share": shares(median_share(result)),
        "shortfall": f"{result.shortfall.mean():+.4f}",
        "AUC gained": "" if result is reference else aucs(closer(result, reference)),
        "trials": f"{result.trials.mean():.0f}",
        **{key: by_cell.get(key, "") for key in keys},
    }
