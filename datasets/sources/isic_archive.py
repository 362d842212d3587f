"""An export of the ISIC archive (its site or `isic-cli`): `metadata.csv` and `<isic_id>.jpg`, in any folders.

The present export has the diagnosis in five levels (`diagnosis_1` to `diagnosis_5`, from benign, malignant or
indeterminate to the finest word), the older one in `diagnosis` beside `benign_malignant`. Exports hold only the columns
for which one of their images has a value. Where an export has several tables, give each its own root.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import Task, task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import fitzpatrick, optional, sexes, words, years
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

PRESENT = TableFile(("metadata.csv", "*metadata*.csv"), ("isic_id", "diagnosis_1"))
OLDER = TableFile(("metadata.csv", "*metadata*.csv"), ("isic_id", "diagnosis"))
_LEVELS = ("diagnosis_5", "diagnosis_4", "diagnosis_3", "diagnosis_2", "diagnosis_1", "diagnosis", "benign_malignant")


def load(ref: DataRef) -> Manifest:
    """All rows of the export, one per image; `path` is "" for images that are not there.

    Raises `DataError` for a missing table or column, and for a row none of whose diagnoses the task mentions.
    """
    root = root_of(ref)
    rule = task("isic_archive", ref.task)
    table = (PRESENT if PRESENT.find(root) else OLDER).read(root)

    paths = paths_of(root, "", ("jpg", "jpeg", "png"))
    return assemble(
        ref,
        rule,
        {
            "image_id": table["isic_id"],
            "path": table["isic_id"].map(lambda name: paths.get(name, "")),
            "lesion_id": optional(table, "lesion_id"),
            "patient_id": optional(table, "patient_id"),
            "diagnosis": _diagnoses(table, rule),
            "age": years(optional(table, "age_approx")),
            "sex": sexes(optional(table, "sex")),
            "site": optional(table, "anatom_site_general"),
            "skin_tone": fitzpatrick(optional(table, "fitzpatrick_skin_type")),
            "modality": modalities(optional(table, "image_type")),
        },
    )


def _diagnoses(table: pd.DataFrame, rule: Task) -> pd.Series:
    """The most specific word of each row that the task mentions; the most specific of all where it mentions none."""
    known = {word for said in (*rule.classes.values(), rule.left_out) for word in said}
    found = pd.Series([None] * len(table), dtype=object)
    specific = found.copy()
    for level in (name for name in _LEVELS if name in table.columns):
        text = words(table[level])
        found = found.where(found.notna(), text.where(text.isin(known)))
        specific = specific.where(specific.notna(), text)
    chosen = found.where(found.notna(), specific)
    return chosen.astype(object).where(chosen.notna(), None)


def modalities(types: pd.Series) -> pd.Series:
    """`dermoscopic` or `clinical` (as in "clinical: close-up"); null for other types, such as whole-body tiles."""
    kind = types.astype("string").str.lower().str.partition(":")[0].str.strip()
    return kind.where(kind.isin(["dermoscopic", "clinical"])).astype(object).where(lambda values: values.notna(), None)


SOURCE = Source(load=load, rules="isic_archive", tables=(PRESENT, OLDER))
