"""Which images: one row a data set."""

from __future__ import annotations

import pandas as pd

from study.report.formatting import UNDEFINED, count, percent, plural
from study.report.inputs.loaded_tables import ReportData
from study.report.page import Section
from study.report.table import Table


def data_sets(data: ReportData) -> Section | None:
    """Images, lesions, patients and the share of positives of every data set, from the context."""
    found = data.context.datasets
    if not found:
        return None
    rows = [
        [
            item.name,
            item.role or UNDEFINED,
            count(item.images),
            UNDEFINED if item.positives is None else f"{count(item.positives)} ({_share(item.positives, item.images)})",
            count(item.lesions) if item.lesions else UNDEFINED,
            count(item.patients) if item.patients else UNDEFINED,
            item.digest[:10] or UNDEFINED,
        ]
        for item in found
    ]
    positive = next((item.classes[-1] for item in found if item.classes), "positive")
    numbers = pd.DataFrame([{**item.model_dump(exclude={"notes", "classes"})} for item in found])
    table = Table(
        name="datasets",
        caption="Data sets as used",
        header=["data set", "role", "images", positive, "lesions", "patients", "digest"],
        rows=rows,
        align="llrrrrl",
        numbers=numbers,
    )
    return Section(
        id="datasets",
        title="Data sets",
        lead=f"{plural(len(found), 'data set')}; the positive class is {positive}.",
        tables=(table,),
        sources=("context.json",),
    )


def _share(positives: int, images: int | None) -> str:
    return percent(round(positives / images, 3), 1) if images else UNDEFINED
