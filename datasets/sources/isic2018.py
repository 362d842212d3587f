"""ISIC 2018 task 3, training part: `ISIC2018_Task3_Training_{GroundTruth,LesionGroupings}.csv` and
`ISIC2018_Task3_Training_Input/*.jpg`, in whatever folders their archives unpack to.

Documented at https://challenge.isic-archive.com/data/#2018. Diagnoses are one-hot columns; ages, sexes and sites are
not published with it (`ham10000` has them for the same images).
"""

from __future__ import annotations

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import rules, task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import one_hot, words
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

DIAGNOSES = tuple(rules("isic2018")["release"]["diagnoses"])
TRUTH = TableFile(("ISIC2018_Task3_Training_GroundTruth.csv",), ("image", *DIAGNOSES))
LESIONS = TableFile(("ISIC2018_Task3_Training_LesionGroupings.csv",), ("image", "lesion_id"))


def load(ref: DataRef) -> Manifest:
    """All rows of the ground truth, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for missing tables or columns, and for a row that has not exactly one diagnosis.
    """
    root = root_of(ref)
    rule = task("isic2018", ref.task)
    truth = TRUTH.read(root)
    lesions = truth[["image"]].merge(LESIONS.read(root), on="image", how="left", validate="one_to_one")
    paths = paths_of(root, "ISIC2018_Task3_Training_Input", ("jpg", "jpeg"))
    return assemble(
        ref,
        rule,
        {
            "image_id": truth["image"],
            "path": truth["image"].map(lambda name: paths.get(name, "")),
            "lesion_id": words(lesions["lesion_id"]),
            "diagnosis": one_hot(truth, "image", DIAGNOSES, TRUTH.names[0]),
            "modality": "dermoscopic",
        },
    )


SOURCE = Source(load=load, rules="isic2018", tables=(TRUTH,))
