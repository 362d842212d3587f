"""ISIC 2024 training release (SLICE-3D): square crops of single lesions from 3D total-body photographs.

Kurtansky et al. 2024, doi 10.1038/s41597-024-03743-w; data doi 10.34970/2024-slice-3d. On the challenge's page
`ISIC_2024_Training_{GroundTruth,Supplement}.csv` and `ISIC_2024_Training_Input/` with `metadata.csv` and `*.jpg`; on
the competition's page `train-metadata.csv`, which has all columns, and `train-image/image/*.jpg` or
`train-image.hdf5` (one data set an image, read where it lies; needs the package h5py). Crops in tar shards are read
too. Patients are known; lesion ids are given to what was biopsied alone. The layouts are those that several public
projects read; the columns of `ISIC_2024_Training_Supplement.csv` could be confirmed for `isic_id` and the diagnoses
alone.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root, root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import optional, sexes, words, years
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

COMPETITION = TableFile(("train-metadata.csv", "*metadata*.csv"), ("isic_id", "target", "iddx_1", "patient_id"))
SUPPLEMENT = TableFile(("ISIC_2024_Training_Supplement.csv",), ("isic_id", "iddx_1"))
METADATA = TableFile(("metadata.csv", "*metadata*.csv"), ("isic_id", "patient_id", "tbp_tile_type"))
_FINER = ("iddx_2", "iddx_3", "iddx_4", "iddx_5")


def load(ref: DataRef) -> Manifest:
    """All rows of the release's tables, one per crop; `path` is "" for crops that this copy lacks.

    Raises `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("isic2024", ref.task)
    table = _table(root)

    paths = {**_members(root), **paths_of(root, "", ("jpg", "jpeg", "png"))}
    return assemble(
        ref,
        rule,
        {
            "image_id": table["isic_id"],
            "path": table["isic_id"].map(lambda name: paths.get(name, "")),
            "lesion_id": optional(table, "lesion_id"),
            "patient_id": optional(table, "patient_id"),
            "diagnosis": _diagnoses(table),
            "age": years(optional(table, "age_approx")),
            "sex": sexes(optional(table, "sex")),
            "site": optional(table, "anatom_site_general"),
        },
    )


def _table(root: Root) -> pd.DataFrame:
    """One table with diagnoses and metadata, which the challenge's page has in two."""
    if COMPETITION.find(root) or not SUPPLEMENT.find(root):
        return COMPETITION.read(root)
    diagnoses = SUPPLEMENT.read(root)
    if METADATA.find(root) is None:
        return diagnoses
    metadata = METADATA.read(root)
    fresh = [name for name in metadata.columns if name == "isic_id" or name not in diagnoses.columns]
    return diagnoses.merge(metadata[fresh], on="isic_id", how="left", validate="one_to_one")


def _diagnoses(table: pd.DataFrame) -> pd.Series:
    """`Melanoma` where a finer level of a malignant row says so, else the first level."""
    first = words(table["iddx_1"])
    melanoma = pd.Series(False, index=table.index)
    for name in (name for name in _FINER if name in table.columns):
        melanoma |= table[name].fillna("").str.contains("melanoma", case=False)
    return first.mask(melanoma & (first == "Malignant"), "Melanoma")


def _members(root: Root) -> dict[str, str]:
    """File name without its ending -> path, of all that is inside containers."""
    return {path.rpartition("/")[2].partition(".")[0]: path for path in root.members()}


SOURCE = Source(load=load, rules="isic2024", tables=(COMPETITION, SUPPLEMENT))
