"""ISIC 2019 training release: `ISIC_2019_Training_{GroundTruth,Metadata}.csv` and `ISIC_2019_Training_Input/*.jpg`.

Documented at https://challenge.isic-archive.com/data/#2019. Diagnoses are one-hot columns; patients are unknown; a
lesion id is null for 2,084 images. The names of 2,074 images end in `_downsampled`, in the tables and on disk; many
split files leave that off (`split_files.plain_id`), and so do mirrors. Tables and images may lie in nested folders, as
the competition's archives unpack them.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root, root_of
from datasets.labels.tasks import rules, task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import one_hot, sexes, words, years
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source
from datasets.splits.split_files import plain_id

DIAGNOSES = tuple(rules("isic2019")["release"]["diagnoses"])
TRUTH = TableFile(("ISIC_2019_Training_GroundTruth.csv",), ("image", *DIAGNOSES))
METADATA = TableFile(
    ("ISIC_2019_Training_Metadata.csv",), ("image", "age_approx", "anatom_site_general", "lesion_id", "sex")
)


def load(ref: DataRef) -> Manifest:
    """All rows of the release's tables, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for missing tables or columns, and for a row that has not exactly one diagnosis.
    """
    root = root_of(ref)
    rule = task("isic2019", ref.task)
    truth, metadata = TRUTH.read(root), METADATA.read(root)
    metadata = truth[["image"]].merge(metadata, on="image", how="left", validate="one_to_one")
    return assemble(
        ref,
        rule,
        {
            "image_id": truth["image"],
            "path": _paths(root, truth["image"]),
            "lesion_id": words(metadata["lesion_id"]),
            "diagnosis": one_hot(truth, "image", DIAGNOSES, TRUTH.names[0]),
            "age": years(metadata["age_approx"]),
            "sex": sexes(metadata["sex"]),
            "site": words(metadata["anatom_site_general"]),
            "modality": "dermoscopic",
        },
    )


def _paths(root: Root, names: pd.Series) -> pd.Series:
    """Paths by official name, else by the name without `_downsampled`, which mirrors leave off in table or folder."""
    found = paths_of(root, "ISIC_2019_Training_Input", ("jpg", "jpeg"))
    plain = {plain_id(name): path for name, path in found.items()}
    return names.map(lambda name: found.get(name) or plain.get(plain_id(name), ""))


SOURCE = Source(load=load, rules="isic2019", tables=(TRUTH,))
