"""What a finished run prints: the comparison table, the answer, and the paths of the report and the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from study.comparison.metrics.class_metric import metric_label
from study.comparison.metrics.metric import MAIN
from study.plan.cells import Plan
from study.report.inputs.context import read_context
from study.report.inputs.loaded_tables import read_data
from study.report.inputs.results import results
from study.report.sections.headline import headlines
from study.store.directory import StudyDirectory


def print_summary(plan: Plan, directory: StudyDirectory) -> None:
    """The comparison table, the report's first sentences, its path, and the command for the MLflow UI."""
    print_table(directory.comparison)
    print_answer(directory.comparison)
    print(f"report: {directory.report}")
    print(f"tables: {directory.tables}")
    print(f"browse: study ui {directory.root}")


def print_table(comparison: Path) -> None:
    """The main metric, mean ± sd over replicates and [95 % interval], of every method on every test set, by fraction.

    Off a terminal one line a number, which `grep` finds.
    """
    estimates, main = (
        pd.read_parquet(comparison / "estimates.parquet"),
        read_context(comparison / "context.json").metric,
    )
    rows: list[dict[str, Any]] = estimates[estimates["metric"] == main].to_dict("records")  # type: ignore[assignment]
    console = Console(highlight=False)
    if not console.is_terminal:
        name = "auc" if main == MAIN else main
        for row in rows:
            print(f"{name} fraction={row['fraction']:g} method={row['method']} test={row['dataset']} {_cell(row)}")
        return
    datasets = list(dict.fromkeys(str(row["dataset"]) for row in rows))
    for fraction in sorted({float(row["fraction"]) for row in rows}, reverse=True):
        table = Table(title=f"{metric_label(main)}, {fraction * 100:g} % of the training images", title_justify="left")
        for name in ("method", *datasets):
            table.add_column(name, overflow="fold")
        at_fraction = [row for row in rows if row["fraction"] == fraction]
        for method in dict.fromkeys(str(row["method"]) for row in at_fraction):
            cells = {row["dataset"]: _cell(row) for row in at_fraction if row["method"] == method}
            table.add_row(method, *(cells.get(name, "") for name in datasets))
        console.print(table)


def print_answer(comparison: Path) -> None:
    """What the report opens with: a line a fraction on what is shown, equivalent and open."""
    data = read_data(comparison)
    for head in headlines(data, results(data)):
        print(f"answer fraction={head.fraction:g} {head.say.striptags()}")


def _cell(row: dict[str, Any]) -> str:
    if row["estimate"] != row["estimate"]:
        return f"undefined ({row.get('reason', '')})"
    spread = "" if row["sd"] != row["sd"] else f" ± {row['sd']:.3f}"
    return f"{row['estimate']:.3f}{spread} [{row['low']:.3f}, {row['high']:.3f}]"
