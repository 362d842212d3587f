"""How a study shows itself in a notebook: what is done, the AUCs, and the figures of the report."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from study.pipeline.status import status
from study.plan.cells import Plan
from study.store.directory import StudyDirectory

FIGURES = 2
"""How many figures stand below the table: the differences come first."""


def notebook_view(plan: Plan, directory: StudyDirectory) -> str:
    """HTML: title, stages in a line, the AUC of every method on every test set, and figures; what is not there yet is
    left out."""
    spec = plan.spec
    counts = status(plan, directory).items()
    stages = " · ".join(f"{'✓' if count.complete else '…'} {escape(name)}" for name, count in counts)
    parts = [f"<h4>{escape(spec.study)}</h4>", f"<p>{escape(spec.question)}</p>" if spec.question else ""]
    parts += [f"<p>{stages}</p>", _aucs(directory.comparison / "estimates.parquet"), *_figures(directory.root)]
    return f"<div>{''.join(parts)}<p><code>{escape(str(directory.root))}</code></p></div>"


def _aucs(path: Path) -> str:
    if not path.is_file():
        return ""
    table = pd.read_parquet(path)
    table = table[table["metric"] == "auroc"]
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    said = [
        "undefined" if row["estimate"] != row["estimate"] else "{estimate:.3f} [{low:.3f}, {high:.3f}]".format(**row)
        for row in rows
    ]
    wide = table.assign(auc=said).pivot_table(
        index=["fraction", "method"], columns="dataset", values="auc", aggfunc="first", sort=False, observed=True
    )
    wide.columns.name = "AUC [95 %]"
    return wide.to_html(border=0)


def _figures(root: Path) -> list[str]:
    """As pictures, so that their style sheets do not reach the notebook's page."""
    files = sorted((root / "figures").glob("differences-*.svg"))[:FIGURES]
    pictures = [base64.b64encode(file.read_bytes()).decode() for file in files]
    captions = [file.stem.removeprefix("differences-").replace("-", " ") for file in files]
    return [
        f'<figure><figcaption>Differences of AUC, {escape(caption)}</figcaption><img alt="{escape(caption)}" '
        f'src="data:image/svg+xml;base64,{picture}"></figure>'
        for picture, caption in zip(pictures, captions, strict=True)
    ]
