"""How every cell was tuned: its budget, all its trials, and the learning rate."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from study.report.figures.learning_curves import learning_curves, learning_rates
from study.report.formatting import count, number, percent, seconds
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, fold, panels, paragraph
from study.report.table import Cell, Table

LEARNING_RATES = ("param.lr", "param.learning_rate")


def tuning(data: ReportData) -> Section | None:
    """Learning curves of all trials and learning rate against validation value, from `trials` and `curves`."""
    trials = data.table("trials", "method", "fraction", "cell", "number", "state", "value")
    if trials is None:
        return None
    curves = data.table("curves", "method", "fraction", "cell", "number", "epoch", "metric", "value")
    objective = data.context.budget.objective or "val_auc"
    winners = {(w.cell, w.trial) for w in data.context.selection.winners if w.trial is not None}
    body = Markup("")
    if curves is not None:
        found = learning_curves(data, curves, trials, objective, winners)
        body += paragraph(
            "Each line is one trial. Thick: selected. Thin and grey: stopped early or failed; all of them used budget.",
            "note",
        ) + panels(found)
    rates = next((name for name in LEARNING_RATES if name in trials.columns), None)
    if rates:
        body += Markup("<h3>Learning rate against validation value</h3>")
        body += paragraph("One marker a trial; open: a smaller training fraction; pale: stopped early.", "note")
        body += panels(learning_rates(data, trials, rates, objective))
    table = trial_table(trials)
    return Section(
        id="tuning",
        title="How each method was tuned",
        lead=_lead(trials),
        body=body + fold("All trials", table.html(), long=True),
        files=(table,),
        sources=("trials.parquet", "curves.parquet"),
    )


def _lead(trials: pd.DataFrame) -> str:
    states = trials["state"].value_counts()
    cells = trials["cell"].nunique()
    parts = [f"{count(states.get(state, 0))} {word}" for state, word in WORDS.items() if states.get(state, 0)]
    return f"{count(len(trials))} trials in {cells} cells (method × fraction): {', '.join(parts)}."


WORDS = {
    "COMPLETE": "trained to the end",
    "PRUNED": "stopped early by the scheduler",
    "FAIL": "failed",
    "RUNNING": "still running",
    "WAITING": "still waiting",
}


COLUMNS = ("method", "fraction", "cell", "number", "search", "state", "origin", "value", "epochs", "seconds")


def trial_table(trials: pd.DataFrame) -> Table:
    """Every trial with its parameters."""
    params = [column for column in trials.columns if column.startswith("param.")]
    known = [name for name in COLUMNS if name in trials.columns]
    numbers = trials[[*known, *params]].sort_values(["fraction", "cell", "number"], ascending=[False, True, True])
    rows: list[list[Cell | str]] = [
        [
            str(row["method"]), percent(row["fraction"]), _trial(row), str(row["state"]).lower(),
            str(row.get("origin", "")), number(row["value"]), count(row.get("epochs")), seconds(row.get("seconds")),
            *(Cell(_value(row[name])) for name in params),
        ]
        for row in records(numbers)
    ]  # fmt: skip
    header = ["method", "fraction", "trial", "state", "origin", "best value", "epochs", "time"]
    return Table(
        name="trials",
        caption="Every trial and its parameters",
        header=[*header, *(name.removeprefix("param.") for name in params)],
        rows=rows,
        align="lrrllrrr" + "r" * len(params),
        numbers=numbers,
    )


def _trial(row: dict[str, Any]) -> str:
    """Its number, and of which search where a cell had several."""
    return f"{row['number']} (search {row['search'] + 1})" if "search" in row else str(row["number"])


def _value(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
