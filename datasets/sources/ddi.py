"""Diverse Dermatology Images (DDI): `ddi_metadata.csv` and `<number>.png` beside it or in any folder.

Daneshjou et al. 2022, doi 10.1126/sciadv.abq6147. Skin tones are pairs of Fitzpatrick types (12, 34, 56). The release
names no lesions and no patients. A disease that the label rules do not name counts by the column `malignant`.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import Task, task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import words
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

METADATA = TableFile(("ddi_metadata.csv",), ("DDI_file", "skin_tone", "malignant", "disease"))
_TONES = {"12": "I-II", "34": "III-IV", "56": "V-VI"}
_MALIGNANT = {"true": "malignant", "1": "malignant", "false": "benign", "0": "benign"}


def load(ref: DataRef) -> Manifest:
    """All rows of the table, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column, and for a row that is neither malignant nor not.
    """
    root = root_of(ref)
    rule = task("ddi", ref.task)
    table = METADATA.read(root)
    stems = table["DDI_file"].str.strip().str.replace(r"\.[A-Za-z]+$", "", regex=True)
    paths = paths_of(root, "", ("png", "jpg", "jpeg"))
    return assemble(
        ref,
        rule,
        {
            "image_id": stems,
            "path": stems.map(lambda name: paths.get(name, "")),
            "diagnosis": _diagnoses(table, rule),
            "skin_tone": words(table["skin_tone"].str.replace(r"\.0$", "", regex=True).map(_TONES)),
            "modality": "clinical",
        },
    )


def _diagnoses(table: pd.DataFrame, rule: Task) -> pd.Series:
    """The disease where the task mentions it, else `benign` or `malignant`."""
    known = {word for said in (*rule.classes.values(), rule.left_out) for word in said}
    disease = table["disease"].str.strip().str.lower()
    side = table["malignant"].str.strip().str.lower().map(_MALIGNANT)
    odd = table["DDI_file"][side.isna()]
    if len(odd):
        raise DataError(f"ddi: an image is malignant (True) or not (False), but {odd.iloc[0]!r} is neither.")
    return disease.where(disease.isin(known), side)


SOURCE = Source(load=load, rules="ddi", tables=(METADATA,))
