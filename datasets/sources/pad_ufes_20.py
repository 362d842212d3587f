"""PAD-UFES-20: `metadata.csv` and `images/imgs_part_{1,2,3}/*.png`, smartphone photographs with skin tone; mirrors have
all images in one folder, or beside the table.

Pacheco et al. 2020, doi 10.17632/zr7vgbcyr2.1. The release's lesion ids number the
lesions of two patients alike (another age, site and diagnosis), so the ids here carry both patient and lesion.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import fitzpatrick, sexes, words, years
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

METADATA = TableFile(
    ("metadata.csv",),
    ("patient_id", "lesion_id", "age", "gender", "fitspatrick", "region", "diagnostic", "img_id"),
)


def load(ref: DataRef) -> Manifest:
    """All rows of `metadata.csv`, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("pad_ufes_20", ref.task)
    table = METADATA.read(root)
    stems = table["img_id"].str.replace(r"\.png$", "", regex=True)
    paths = paths_of(root, "", ("png",))
    return assemble(
        ref,
        rule,
        {
            "image_id": stems,
            "path": stems.map(lambda name: paths.get(name, "")),
            "lesion_id": _lesions(table),
            "patient_id": words(table["patient_id"]),
            "diagnosis": words(table["diagnostic"]),
            "age": years(table["age"]),
            "sex": sexes(table["gender"]),
            "site": words(table["region"].str.lower()),
            "skin_tone": fitzpatrick(table["fitspatrick"]),
            "modality": "clinical",
        },
    )


def _lesions(table: pd.DataFrame) -> pd.Series:
    return table["patient_id"].str.strip() + "_" + table["lesion_id"].str.strip()


SOURCE = Source(load=load, rules="pad_ufes_20", tables=(METADATA,))
