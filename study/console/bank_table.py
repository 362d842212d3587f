"""`study simulate --curves`: searches judged on a bank of real learning curves, as tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.simulation.bank_benchmark import (
    GOAL_SHARE,
    Bank,
    BankResult,
    closer,
    fairness,
    gain,
    interval,
    is_never,
    median_share,
    run_bank,
    success,
)
from study.simulation.benchmark import AUC_TOLERANCE
from study.simulation.datasheet import run_deviation
from study.simulation.search_configs import bank_configs
from study.simulation.surrogates import Kind, prediction_error

Estimate = tuple[float, tuple[float, float]]


def print_bank(path: Path, *, space: str, kind: Kind, sampler: str, repetitions: int, slots: int) -> None:
    """Judge a sampler's configurations on the cells of a bank that search `space`; print them."""
    console = Console(highlight=False, soft_wrap=True)
    bank, processes = Bank(path=path.absolute(), space=space, kind=kind), os.cpu_count() or 1
    console.print(surrogate_table(bank))
    configs = bank_configs(sampler, bank.cells[0].cell.max_epochs)
    results = run_bank(configs, bank, repetitions=repetitions, slots=slots, processes=processes)
    console.print(result_table(results, [surrogate.cell.key for surrogate in bank.cells]))
    console.print(
        f"{repetitions} repetitions of each of {len(bank.cells)} cells on {slots} devices; a search gets "
        f"1/{GOAL_SHARE} of its grid's epochs. success: it ended within {AUC_TOLERANCE} AUC of the grid's best, or "
        "above it; share: median share of the grid's epochs after which it was there for good; gain and AUC gained: "
        "in success and in the winner's AUC, against the first row; shortfall: AUC behind the grid. Intervals: 95 %, "
        "paired bootstrap over cells and repetitions."
    )
    ahead = fairness(configs[0], bank, repetitions=repetitions, slots=slots, processes=processes)
    share = (ahead > 0) + 0.5 * (ahead == 0)
    low, high = interval(lambda found: float(found.mean()), share)
    console.print(
        f"Two identical methods, searched side by side ({configs[0].name}): the first is ahead in {share.mean():.1%} "
        f"({low:.1%} to {high:.1%}) of the studies."
    )


def surrogate_table(bank: Bank) -> Table:
    """How well curves are predicted at configurations that the surrogate has not seen, beside what a run deviates."""
    table = _table("cell", "trials", "prediction error", "deviation of a run", "best expected AUC")
    for surrogate in bank.cells:
        cell = surrogate.cell
        best = max(float(surrogate.mean(params).max()) for params in cell.space.grid_points())
        table.add_row(
            cell.key,
            str(len(cell.trials)),
            f"{prediction_error(cell, bank.kind):.4f}",
            f"{run_deviation(cell)[0]:.4f}",
            f"{best:.4f}",
        )
    return table


def result_table(results: Sequence[BankResult], cells: Sequence[str]) -> Table:
    """One row a search; its success in every cell last."""
    table = _table("search", "success", "gain", "share", "shortfall", "AUC gained", "trials", *cells)
    for result in results:
        table.add_row(
            result.config.label,
            percent(success(result)),
            "" if result is results[0] else percent(gain(result, results[0])),
            shares(median_share(result)),
            f"{result.shortfall.mean():+.4f}",
            "" if result is results[0] else aucs(closer(result, results[0])),
            f"{result.trials.mean():.0f}",
            *[f"{cell:.0%}" for cell in result.reached.mean(axis=1)],
        )
    return table


def percent(estimate: Estimate) -> str:
    """A share with its interval."""
    value, (low, high) = estimate
    return f"{value:.1%} ({low:.0%} to {high:.0%})"


def aucs(estimate: Estimate) -> str:
    """A difference of AUC with its interval."""
    value, (low, high) = estimate
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"


def shares(estimate: Estimate) -> str:
    """A share of epochs with its interval."""
    value, ends = estimate
    low, high = ("never" if is_never(end) else f"{end:.3f}" for end in ends)
    return f"{'never' if is_never(value) else format(value, '.3f')} ({low} to {high})"


def _table(*names: str) -> Table:
    table = Table()
    for index, name in enumerate(names):
        table.add_column(name, justify="right" if index else "left", overflow="fold")
    return table
