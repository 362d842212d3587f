"""`study simulate --null`: how often two methods that are alike are found to differ, by how often they are tuned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.simulation.bank_benchmark import Bank
from study.simulation.null_studies import Design, Drawn, NullResult, Surfaces, null_studies
from study.simulation.surrogates import Kind

DESIGNS = ((1, 5), (2, 4), (3, 3), (3, 6), (5, 5))  # searches, pairs


def print_null(studies: int, *, sampler: str, curves: Path | None, space: str, kind: Kind) -> None:
    """Play null studies on a bank of curves, or on drawn surfaces; print the errors of every design."""
    console = Console(highlight=False, soft_wrap=True)
    surfaces: Surfaces = Drawn() if curves is None else Bank(path=curves.absolute(), space=space, kind=kind)
    designs = [Design(sampler=sampler, repeats=repeats, pairs=pairs) for repeats, pairs in DESIGNS]
    console.print(as_table(null_studies(designs, surfaces, studies=studies, processes=os.cpu_count() or 1)))
    console.print(
        f"{studies} studies a row of two methods that are alike, {designs[0].trials} trials a cell. errors: tests at "
        "5 % that found a difference, on a test set of "
        f"{designs[0].positives} positives and {designs[0].negatives} negatives; without patients: the same on a test "
        "set without end. AUC: of the winners trained anew."
    )


def as_table(results: Sequence[NullResult]) -> Table:
    """One row a design."""
    table = Table()
    for name in ("searches", "pairs", "errors", "without patients", "AUC", "spread of the difference"):
        table.add_column(name, justify="right", overflow="fold")
    for found in results:
        table.add_row(
            str(found.design.repeats),
            str(found.design.pairs),
            f"{found.errors:.1%}",
            f"{found.errors_without_cases:.1%}",
            f"{found.auc:.4f}",
            f"{found.spread:.4f}",
        )
    return table
