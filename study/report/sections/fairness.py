"""Was it fair? What every method was given, what it spent, and the rules that the authors broke knowingly."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from study.report.formatting import count, listing, missing, percent, plural, seconds
from study.report.inputs.loaded_tables import ReportData, records
from study.report.page import Section, accepted, bullets, paragraph
from study.report.table import Table


def fairness(data: ReportData) -> Section | None:
    """Parity and ledger tables, flags, edges of the search space, and accepted violations with their reasons."""
    parity = data.table("parity", "method", "fraction")
    ledger = data.table("ledger", "method", "fraction")
    edges = data.table("edges", "cell", "parameter", "value", "edge")
    if parity is None and ledger is None and not data.context.unfair:
        return None
    body = Markup("")
    if data.context.unfair:
        body += Markup("<h3>Rules that this study breaks, and why</h3>") + bullets(
            [accepted(item) for item in data.context.unfair]
        )
    flagged = flags(ledger)
    if flagged:
        body += Markup("<h3>One method got over 10 % more than its peers</h3>") + bullets(flagged)
    if edges is not None:
        body += Markup("<h3>Winners on the edge of the search space (the best may lie outside)</h3>")
        body += bullets(
            [
                f"{row['cell']}: {row['parameter']} = {_plain(row['value'])}, the {row['edge']} end"
                for row in records(edges)
            ]
        )
    if not len(body):
        different = [] if parity is None else differing(parity)
        rules = f"The methods differ in {listing(different)}, unsaid" if different else "No rule was broken"
        spent = "what they spent is not known" if ledger is None else (
            "no method got over 10 % more than its peers of anything that is counted")  # fmt: skip
        body = paragraph(f"{rules}; {spent}.")
    tables = [t for t in (_ledger(ledger), _parity(parity)) if t is not None]
    return Section(
        id="fairness",
        title="Budget and fairness",
        lead=_lead(data, parity),
        body=body,
        tables=tables,
        sources=("parity.parquet", "ledger.parquet", "edges.parquet", "context.json"),
    )


def flags(ledger: pd.DataFrame | None) -> list[str]:
    """What the ledger flags, in words, one sentence a cell."""
    if ledger is None or "flags" not in ledger.columns:
        return []
    return [
        f"{row['method']} · {percent(row['fraction'])}: {row['flags']}"
        for row in records(ledger)
        if isinstance(row["flags"], str) and row["flags"]
    ]


SAME = {
    "trials": "trials",
    "max_epochs": "epochs",
    "dimensions": "number of searched parameters",
    "space_digest": "search space",
    "shared_design": "shared design",
    "replicates": "replicates",
    "workers": "workers",
}
"""What a fair study gives alike to every method."""


def differing(parity: pd.DataFrame) -> list[str]:
    """In what the methods were treated unlike at the same training fraction, in words."""
    by = parity.groupby("fraction") if "fraction" in parity.columns else [(None, parity)]
    return [
        words
        for column, words in SAME.items()
        if column in parity.columns and any(rows[column].nunique(dropna=False) > 1 for _, rows in by)
    ]


def _lead(data: ReportData, parity: pd.DataFrame | None) -> str:
    if parity is None:
        return ""
    if not differing(parity) and {"trials", "max_epochs", "dimensions"} <= set(parity.columns):
        row = parity.iloc[0]
        return (
            f"Every method got the same in every cell: {plural(int(row['trials']), 'trial')} of at most "
            f"{plural(int(row['max_epochs']), 'epoch')}, over the same {plural(int(row['dimensions']), 'parameter')}."
        )
    return f"The methods did not all get the same: they differ in {listing(differing(parity))}."


COLUMNS: dict[str, str] = {
    "trials": "trials",
    "repeats": "independent searches",
    "max_epochs": "epochs at most",
    "dimensions": "parameters searched",
    "space": "search space",
    "backbone": "backbone",
    "image_size": "pixels a side",
    "shared_design": "trials of the shared design",
    "sampler": "sampler",
    "scheduler": "scheduler",
    "objective": "objective",
    "replicates": "replicates",
    "cpus": "CPUs a trial",
    "gpus": "GPUs a trial",
    "workers": "workers a trial",
}
ALWAYS = ("trials", "max_epochs", "dimensions", "space")
"""What decides fairness is shown even where it is the same for all."""


def _parity(parity: pd.DataFrame | None) -> Table | None:
    """Columns that are the same in every cell go into one sentence below the table."""
    if parity is None:
        return None
    known = [name for name in COLUMNS if name in parity.columns]
    same = [name for name in known if name not in ALWAYS and parity[name].nunique(dropna=False) == 1]
    shown = [name for name in known if name not in same]
    rows = [[str(row["method"]), percent(row["fraction"]), *(_plain(row[n]) for n in shown)] for row in records(parity)]
    alike = ", ".join(f"{COLUMNS[name]} {_plain(parity[name].iloc[0])}" for name in same)
    return Table(
        name="parity",
        caption="Parity: what each cell was given",
        header=["method", "fraction", *(COLUMNS[name] for name in shown)],
        rows=rows,
        align="lr" + "".join("l" if isinstance(parity[name].iloc[0], str) else "r" for name in shown),
        numbers=parity,
        notes=(f"The same in every cell: {alike}.",) if same else (),
    )


def _plain(value: object) -> str:
    """A parameter or setting: whole numbers whole, others in three significant digits."""
    if missing(value):
        return "by the cluster"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _ledger(ledger: pd.DataFrame | None) -> Table | None:
    if ledger is None:
        return None
    rows = []
    for row in records(ledger):
        spent = sum(int(row.get(name, 0) or 0) for name in ("complete", "pruned", "failed"))
        rows.append(
            [
                str(row["method"]),
                percent(row["fraction"]),
                f"{spent} of {count(row.get('planned_trials'))}",
                count(row.get("complete")),
                count(row.get("pruned")),
                count(row.get("failed")),
                f"{count(row.get('epochs'))} of {count(row.get('planned_epochs'))}",
                count(row.get("images")),
                seconds(row.get("seconds")),
            ]
        )
    header = ["method", "fraction", "trials", "complete", "stopped", "failed", "epochs", "images seen", "device time"]
    return Table(
        name="ledger",
        caption="Ledger: what each cell spent",
        header=header,
        rows=rows,
        align="lrrrrrrrr",
        numbers=ledger,
        notes=("Stopped early and failed trials use up budget. ",),
    )
