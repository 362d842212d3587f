"""The drawn sets (`datasets.drawing`): labelled ones that imitate the shifts of the real sets, and a pool.

`synthetic` is for training and its own held-out test, `synthetic_large` likewise with more images, for narrower
intervals; `synthetic_device` is another dermatoscope, `synthetic_clinical` a wide field in uneven light,
`synthetic_archive` of low prevalence, `synthetic_smartphone` a clinic with other diagnoses and darker skin,
`synthetic_pool` unlabelled (label -1). No set shares a patient with another.
"""

from __future__ import annotations

from functools import cache

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, DataRef, Manifest
from datasets.drawing.sets import COLLECTIONS, Collection
from datasets.labels.tasks import task
from datasets.sources.source import Source


def load(ref: DataRef) -> Manifest:
    """The manifest of a drawn set; nothing is read or drawn. Raises `DataError` where a root is given."""
    if ref.root is not None:
        raise DataError(f"{ref.source} is drawn and has no files, got root {ref.root!r}. Remove the root.")
    rule = task("synthetic", ref.task)
    table = _table(ref.source).copy()
    table["label"] = rule.label(table["diagnosis"])
    notes: tuple[str, ...] = ()
    if not COLLECTIONS[ref.source].labelled:
        table["label"], table["diagnosis"] = -1, None
        notes = (f"{ref.source} is an unlabelled pool: all {len(table)} images have label -1.",)
    return Manifest(name=ref.source, root=None, table=table, classes=tuple(rule.classes), notes=notes)


@cache
def _table(source: str) -> pd.DataFrame:
    collection = COLLECTIONS[source]
    rows: list[tuple[object, ...]] = []
    patient = 0
    while len(rows) < collection.images:
        rows += _rows(collection, patient)
        patient += 1
    table = pd.DataFrame(rows[: collection.images], columns=list(COLUMNS))
    return table.sort_values("image_id", ignore_index=True)


def _rows(collection: Collection, patient: int) -> list[tuple[object, ...]]:
    person = collection.patient(patient)
    prefix = f"{collection.name.removeprefix('synthetic_').upper()}_P{patient:04d}"
    rows: list[tuple[object, ...]] = []
    for number in range(1, collection.lesions_of(patient) + 1):
        lesion = collection.lesion(patient, number)
        rows += [
            (
                f"{prefix}_L{number}_V{view}",
                "",
                f"{prefix}_L{number}",
                prefix,
                0,
                lesion.diagnosis,
                person.age,
                person.sex,
                lesion.site,
                person.tone,
                collection.modality,
                None,
            )
            for view in range(1, lesion.views + 1)
        ]
    return rows


SOURCE = Source(load=load, rules="synthetic")
