"""ISIC 2020 training release: `ISIC_2020_Training_GroundTruth.csv` (or its `_v2`, with lesion ids) and `train/*.jpg`;
on the competition's page `train.csv` and `jpeg/train/*.jpg`. Tables and images may lie in nested folders.

Rotemberg et al. 2021, doi 10.34970/2020-ds01; documented at https://challenge.isic-archive.com/data/#2020. Patients are
known. Where `ISIC_2020_Training_Duplicates.csv` is there, one image of each group of copies keeps its label and the
others get -1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root, root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import sexes, words, years
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

DUPLICATES = "ISIC_2020_Training_Duplicates.csv"
TRUTH = TableFile(
    ("ISIC_2020_Training_GroundTruth_v2.csv", "ISIC_2020_Training_GroundTruth.csv", "train.csv"),
    (
        "image_name",
        "patient_id",
        "sex",
        "age_approx",
        "anatom_site_general_challenge",
        "diagnosis",
        "benign_malignant",
    ),
)
_PAIRS = TableFile((DUPLICATES,), ("image_name_1", "image_name_2"))


def load(ref: DataRef) -> Manifest:
    """All rows of the ground truth, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column, and where diagnosis and `benign_malignant` contradict each other.
    """
    root = root_of(ref)
    rule = task("isic2020", ref.task)
    table = TRUTH.read(root)
    odd = table["image_name"][(table["diagnosis"] == "melanoma") != (table["benign_malignant"] == "malignant")]
    if len(odd):
        raise DataError(
            f"ISIC 2020: what is malignant is a melanoma and the rest is benign, but {odd.iloc[0]!r} says otherwise. "
            "Take the released file."
        )
    paths = paths_of(root, "train", ("jpg", "jpeg"))
    manifest = assemble(
        ref,
        rule,
        {
            "image_id": table["image_name"],
            "path": table["image_name"].map(lambda name: paths.get(name, "")),
            "lesion_id": words(table["lesion_id"]) if "lesion_id" in table.columns else None,
            "patient_id": words(table["patient_id"]),
            "diagnosis": table["diagnosis"].str.strip(),
            "age": years(table["age_approx"]),
            "sex": sexes(table["sex"]),
            "site": words(table["anatom_site_general_challenge"]),
            "modality": "dermoscopic",
        },
    )
    return _without_copies(manifest, root) if _PAIRS.find(root) else manifest


def _without_copies(manifest: Manifest, root: Root) -> Manifest:
    pairs = _PAIRS.read(root)[["image_name_1", "image_name_2"]]
    copies = _copies(pairs)
    table = manifest.table.copy()
    listed = table["image_id"].isin(copies)
    table.loc[listed, "label"] = -1
    note = f"{int(listed.sum())} images are left out as copies of others ({DUPLICATES})."
    return replace(manifest, table=table, notes=(*manifest.notes, note))


def _copies(pairs: pd.DataFrame) -> set[str]:
    """All but the first image of each group of images that pairs connect."""
    codes, names = pd.factorize(pairs.to_numpy().ravel())
    left, right = codes[0::2], codes[1::2]
    graph = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(len(names), len(names)))
    group = connected_components(graph, directed=False)[1]
    first = pd.Series(group).drop_duplicates().index  # names are in the order of the table, `image_name_1` first
    return set(np.delete(np.asarray(names, dtype=object), first))


SOURCE = Source(load=load, rules="isic2020", tables=(TRUTH,))
