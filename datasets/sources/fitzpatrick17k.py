"""Fitzpatrick17k: `fitzpatrick17k.csv` and one image a row, named by its `md5hash`, in any folder.

Groh et al. 2021, arXiv 2104.09957; https://github.com/mattgroh/fitzpatrick17k. The images are fetched by each user from
the addresses in the table, so that folders differ and copies are rarely whole. No lesion or patient is known. Images
that the authors' quality check calls wrongly labelled get label -1. Fitzpatrick17k-C (Abhishek et al. 2024) leaves many
duplicates and mislabelled images out: `keep_only: Fitzpatrick17k-C.csv` (`datasets.sources.image_lists`).
"""

from __future__ import annotations

from dataclasses import replace

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import fitzpatrick, words
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

TABLE = TableFile(
    ("fitzpatrick17k.csv", "*fitzpatrick*.csv"), ("md5hash", "fitzpatrick_scale", "label", "nine_partition_label")
)


def load(ref: DataRef) -> Manifest:
    """All rows of the table, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("fitzpatrick17k", ref.task)
    table = TABLE.read(root)
    paths = paths_of(root, "", ("jpg", "jpeg", "png"))
    manifest = assemble(
        ref,
        rule,
        {
            "image_id": table["md5hash"],
            "path": table["md5hash"].map(lambda name: paths.get(name, "")),
            "diagnosis": words(table["nine_partition_label"]),
            "skin_tone": fitzpatrick(table["fitzpatrick_scale"].str.strip().replace({"-1": "", "-1.0": ""})),
            "modality": "clinical",
        },
    )
    if "qc" not in table.columns:
        return manifest
    wrong = set(table["md5hash"][table["qc"].fillna("").str.lower().str.contains("wrongly labelled")])
    found = manifest.table["image_id"].isin(wrong)
    note = f"{int(found.sum())} images are left out: the authors' quality check calls them wrongly labelled."
    labels = manifest.table["label"].mask(found, -1)
    return replace(manifest, table=manifest.table.assign(label=labels), notes=(*manifest.notes, note))


SOURCE = Source(load=load, rules="fitzpatrick17k", tables=(TABLE,))
