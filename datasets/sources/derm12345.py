"""DERM12345: `derm12345_metadata_{train,test}.csv`, `derm12345_train_part_{1,2}/` and `derm12345_test/`, in any
folders.

Yilmaz et al. 2024, doi 10.1038/s41597-024-04104-3. Both tables are read, so that the official test part can be used
by a split of one's own. Forty diagnoses as short codes (column `label`). Patients are known where the tables have
`patient_id`; lesions are not. The ISIC archive's collection of the same images (doi 10.34970/705541) has other names
and is read as an export (`isic_archive`). File names and codes are those that several public projects read; whether
both tables have `patient_id` could not be confirmed.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import words
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

TRAIN = TableFile(("derm12345_metadata_train.csv",), ("image_id", "label"))
TEST = TableFile(("derm12345_metadata_test.csv",), ("image_id", "label"))


def load(ref: DataRef) -> Manifest:
    """All rows of the tables that are there, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("derm12345", ref.task)
    found = [TRAIN.read(root), *([TEST.read(root)] if TEST.find(root) else [])]
    table = pd.concat(found, ignore_index=True)
    paths = paths_of(root, "", ("jpg", "jpeg", "png"))
    return assemble(
        ref,
        rule,
        {
            "image_id": table["image_id"],
            "path": table["image_id"].map(lambda name: paths.get(name, "")),
            "patient_id": words(table["patient_id"]) if "patient_id" in table.columns else None,
            "diagnosis": words(table["label"].str.lower()),
            "modality": "dermoscopic",
        },
    )


SOURCE = Source(load=load, rules="derm12345", tables=(TRAIN,))
