"""Which images: one row a data set."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from study.report.formatting import UNDEFINED, count, listing, percent, plural
from study.report.inputs.context import DataSet
from study.report.inputs.loaded_tables import ReportData
from study.report.page import Section
from study.report.table import Table


def data_sets(data: ReportData) -> Section | None:
    """Images, lesions, patients and the share of positives of every data set, from the context."""
    found = data.context.datasets
    if not found:
        return None
    many = next((item.classes for item in found if len(item.classes) > 2), ())
    rows = [
        [
            item.name,
            item.role or UNDEFINED,
            count(item.images),
            *([] if many else [_positives(item.positives, item.images)]),
            count(item.lesions) if item.lesions else UNDEFINED,
            count(item.patients) if item.patients else UNDEFINED,
            item.digest[:10] or UNDEFINED,
        ]
        for item in found
    ]
    positive = next((item.classes[-1] for item in found if item.classes), "positive")
    numbers = pd.DataFrame(
        [
            {**item.model_dump(exclude={"notes", "classes", "parts", "lesions_known", "patients_known"})}
            for item in found
        ]
    )
    table = Table(
        name="datasets",
        caption="Data sets as used",
        header=["data set", "role", "images", *([] if many else [positive]), "lesions", "patients", "digest"],
        rows=rows,
        align="llrrrl" if many else "llrrrrl",
        numbers=numbers,
        notes=(*_left_out(found), *(f"{item.name}: {note}" for item in found for note in item.notes if many)),
    )
    parts = _parts(found, "" if many else positive)
    encoders = _encoders(data)
    return Section(
        id="datasets",
        title="Data sets",
        lead=f"{plural(len(found), 'data set')}; the {_named(many, positive)}.",
        tables=tuple(each for each in (table, parts, encoders) if each is not None),
        sources=("context.json",),
    )


def _named(many: Sequence[str], positive: str) -> str:
    return f"classes are {listing(list(many))}" if many else f"positive class is {positive}"


def _positives(positives: int | None, images: int | None) -> str:
    return UNDEFINED if positives is None else f"{count(positives)} ({_share(positives, images)})"


def _left_out(found: Sequence[DataSet]) -> tuple[str, ...]:
    lacking = [f"{count(item.left_out)} of {item.name}" for item in found if item.left_out]
    return (f"Left out, for want of a label of the task or a place in a part: {listing(lacking)}.",) if lacking else ()


def _parts(found: Sequence[DataSet], positive: str) -> Table | None:
    """What each training fraction is trained and validated on; `positive` is empty for more than two classes."""
    rows = [part for item in found for part in item.parts]
    if not rows:
        return None
    fractions = {part.fraction for part in rows}
    note = (
        "Every fraction is validated on the same images: also the smallest is tuned and stopped with as many as the "
        "whole training set is. Who has few images to train on has few to validate on, and would tune less well."
    )
    return Table(
        name="parts",
        caption="Parts of the training data, in the split of the search",
        header=["training images", "part", "images", *([positive] if positive else [])],
        rows=[
            [percent(p.fraction), p.part, count(p.images), *([_positives(p.positives, p.images)] if positive else [])]
            for p in rows
        ],
        align="llrr" if positive else "llr",
        numbers=pd.DataFrame([part.model_dump() for part in rows]),
        notes=(note,) if len(fractions) > 1 else (),
        group=True,
    )


def _encoders(data: ReportData) -> Table | None:
    """What each method began with, and whether test images can be in it."""
    rows = data.context.encoders
    if not rows:
        return None
    unknown = [row.method for row in rows if row.overlap == "unknown"]
    note = (
        f"Whether test images were among what {listing(unknown)} saw in pre-training is not known: a good result on "
        "them may be memory. Compare on images that were published after the pre-training."
    )
    return Table(
        name="encoders",
        caption="What the methods begin with",
        header=["method", "encoder", "backbone", "pixels", "pre-trained on", "licence", "test images in it"],
        rows=[
            [r.method, r.encoder, r.backbone, count(r.image_size), r.pretrained_on, r.licence, r.overlap] for r in rows
        ],
        align="lllrlll",
        numbers=pd.DataFrame([row.model_dump() for row in rows]),
        notes=(note,) if unknown else (),
    )


def _share(positives: int, images: int | None) -> str:
    return percent(round(positives / images, 3), 1) if images else UNDEFINED
