"""ISIC 2019 training release: `ISIC_2019_Training_{GroundTruth,Metadata}.csv` and `ISIC_2019_Training_Input/*.jpg`.

Documented at https://challenge.isic-archive.com/data/#2019. Diagnoses are one-hot columns; patients are unknown; a
lesion id is null for 2,084 images. The names of 2,074 images end in `_downsampled`, in the tables and on disk; many
split files leave that off (`split_files.plain_id`).
"""

from __future__ import annotations

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root, root_of
from datasets.labels.tasks import rules, task
from datasets.sources.assemble import assemble, paths_of
from datasets.sources.csv_tables import read_table, sexes, words, years
from datasets.sources.source import Source
from datasets.splits.split_files import plain_id

TRUTH = "ISIC_2019_Training_GroundTruth.csv"
METADATA = "ISIC_2019_Training_Metadata.csv"


def load(ref: DataRef) -> Manifest:
    """All rows of the release's tables, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for missing tables or columns, and for a row that has not exactly one diagnosis.
    """
    root = root_of(ref)
    rule = task("isic2019", ref.task)
    words_of = tuple(rules("isic2019")["release"]["diagnoses"])
    truth = read_table(root, TRUTH, ("image", *words_of))
    metadata = read_table(root, METADATA, ("image", "age_approx", "anatom_site_general", "lesion_id", "sex"))
    metadata = truth[["image"]].merge(metadata, on="image", how="left", validate="one_to_one")
    return assemble(
        ref,
        rule,
        {
            "image_id": truth["image"],
            "path": _paths(root, truth["image"]),
            "lesion_id": words(metadata["lesion_id"]),
            "diagnosis": _diagnoses(truth, words_of),
            "age": years(metadata["age_approx"]),
            "sex": sexes(metadata["sex"]),
            "site": words(metadata["anatom_site_general"]),
            "modality": "dermoscopic",
        },
    )


def _paths(root: Root, names: pd.Series) -> pd.Series:
    """Paths by official name, else by the name without `_downsampled`, as some mirrors have it."""
    found = paths_of(root, "ISIC_2019_Training_Input", ("jpg", "jpeg"))
    return names.map(lambda name: found.get(name) or found.get(plain_id(name), ""))


def _diagnoses(truth: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    marks = truth[list(columns)].apply(pd.to_numeric, errors="coerce")
    odd = truth["image"][(marks.sum(axis=1) != 1) | ~marks.isin([0, 1]).all(axis=1)]
    if len(odd):
        raise DataError(f"{TRUTH}: each image has one diagnosis, but {odd.iloc[0]!r} has not. Take the released file.")
    return marks.idxmax(axis=1)


SOURCE = Source(load=load, rules="isic2019")
