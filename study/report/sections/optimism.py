"""How much the search flattered its winners: validation at selection, after training anew, and on the test set."""

from __future__ import annotations

from typing import Any

import pandas as pd

from study.report.formatting import UNDEFINED, count, interval, missing, number, percent, signed
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section
from study.report.table import Cell, Table


def optimism(data: ReportData) -> Section | None:
    """One row a winner; the largest flattery in the lead."""
    table = data.table("optimism", "method", "fraction", "rank", "objective", "selected", "retrained", "test")
    if table is None or table["retrained"].isna().all():
        return None
    ordered = data.ordered(table, "fraction", "method")
    return Section(
        id="optimism",
        title="How much did the search flatter its winners?",
        lead=_lead(ordered),
        tables=(optimism_table(data, ordered),),
        sources=("optimism.parquet",),
    )


def _lead(table: pd.DataFrame) -> str:
    known = [row for row in records(table) if not missing(row["retrained"])]
    worst = max(known, key=lambda row: abs(row["selected"] - row["retrained"]))
    name = str(worst["objective"]).removeprefix("val_")
    return (
        f"The best of many tries is good by luck too. {worst['method']} at {percent(worst['fraction'])} was selected "
        f"with a validation {name} of {number(worst['selected'])}; trained anew on other splits it reaches "
        f"{number(worst['retrained'])}. No validation value on this page is a result."
    )


def optimism_table(data: ReportData, table: pd.DataFrame) -> Table:
    """Validation value of the winner at selection, of its replicates, and the in-distribution AUC."""
    measure = "AUC" if set(table["objective"]) == {"val_auc"} else "the same"
    several = "search" in table.columns and table["search"].max() > 0
    rows: list[list[Cell | str]] = [
        [
            percent(r["fraction"]), str(r["method"]), _winner(r, several), number(r["selected"]),
            number(r["retrained"]) + ("" if missing(r["retrained_sd"]) else f" ± {number(r['retrained_sd'])}"),
            count(r["replicates"]), Cell(signed(r["retrained"] - r["selected"]), sub=_ends(r, "change", sign=True)),
            Cell(UNDEFINED if missing(r["test"]) else number(r["test"]), sub=_ends(r, "test")),
        ]
        for r in records(table)
    ]  # fmt: skip
    return Table(
        name="optimism",
        caption="Validation value at selection, and what became of it",
        header=[
            "training images", "method", "winner", "selected with", "trained anew", "times", "change",
            f"{measure} on {data.home or 'the in-distribution test'}",
        ],
        rows=rows,
        align="llrrrrrr",
        numbers=table,
        notes=(
            "Selected with: the best of all trials, on the validation images that chose it. Trained anew: mean ± sd of "
            "the same configuration on other splits and seeds, each on its own validation images, which also chose its "
            "best epoch.",
        ),
        group=True,
    )  # fmt: skip


def _winner(row: dict[str, Any], several: bool) -> str:
    """Its rank, and of which search where a cell had several."""
    rank = str(int(row["rank"]) + 1)
    return f"{rank} of search {int(row['search']) + 1}" if several else rank


def _ends(row: dict[str, Any], name: str, *, sign: bool = False) -> str:
    """An interval; empty in tables of older versions, and where there is none."""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    return "" if missing(low) or missing(high) else interval(low, high, sign=sign)
