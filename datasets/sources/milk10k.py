"""MILK10k: one close-up and one dermoscopic image of each lesion.

The ISIC challenge's live page (https://challenge.isic-archive.com/landing/milk10k, CC BY-NC): training part
`MILK10k_Training_{GroundTruth,Metadata}.csv` and `MILK10k_Training_Input/<lesion_id>/<isic_id>.jpg`. The diagnosis is
that of the lesion (one-hot columns); the release's skin tone (0 very dark to 5 very light) is no Fitzpatrick type and
is not read. Patients are unknown. The layout is that of the page and of several public projects that read it.
"""

from __future__ import annotations

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import one_hot, sexes, words, years
from datasets.sources.isic_archive import modalities
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

DIAGNOSES = ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC")
TRUTH = TableFile(("MILK10k_Training_GroundTruth.csv",), ("lesion_id", *DIAGNOSES))
METADATA = TableFile(
    ("MILK10k_Training_Metadata.csv",), ("lesion_id", "image_type", "isic_id", "age_approx", "sex", "site")
)


def load(ref: DataRef) -> Manifest:
    """All rows of the metadata, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for missing tables or columns, and for a lesion that has not exactly one diagnosis.
    """
    root = root_of(ref)
    rule = task("milk10k", ref.task)
    truth, table = TRUTH.read(root), METADATA.read(root)
    diagnoses = dict(zip(truth["lesion_id"], one_hot(truth, "lesion_id", DIAGNOSES, TRUTH.names[0]), strict=True))
    paths = paths_of(root, "MILK10k_Training_Input", ("jpg", "jpeg", "png"))
    return assemble(
        ref,
        rule,
        {
            "image_id": table["isic_id"],
            "path": table["isic_id"].map(lambda name: paths.get(name, "")),
            "lesion_id": words(table["lesion_id"]),
            "diagnosis": table["lesion_id"].map(diagnoses),
            "age": years(table["age_approx"]),
            "sex": sexes(table["sex"]),
            "site": words(table["site"]),
            "modality": modalities(words(table["image_type"])),
        },
    )


SOURCE = Source(load=load, rules="milk10k", tables=(METADATA,))
