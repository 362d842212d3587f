"""How many images of each class every part and test set has, in all and by subgroup."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from datasets.base.manifest import Manifest

AGES = ((0, 30), (30, 50), (50, 70), (70, 121))
"""Age bands in years, upper ends excluded."""
SUBGROUPS = ("sex", "age", "skin_tone", "site", "modality")


def balance(parts: Mapping[str, tuple[Manifest, Collection[str]]]) -> pd.DataFrame:
    """One row for each part and subgroup: `part, subgroup, value, images, lesions, patients` and a column per class.

    `parts` gives each part its manifest and the ids of its images; images without a label are not counted. `subgroup`
    is `all` or one of `SUBGROUPS`; `value` is `unknown` where the source does not say.
    """
    rows: list[dict[str, object]] = []
    for name, (manifest, ids) in parts.items():
        table = manifest.table[manifest.table["image_id"].isin(set(ids)) & (manifest.table["label"] >= 0)]
        rows.append({"part": name, "subgroup": "all", "value": "", **_counts(table, manifest.classes)})
        for subgroup in SUBGROUPS:
            values = bands(table["age"]) if subgroup == "age" else table[subgroup].fillna("unknown")
            rows += [
                {"part": name, "subgroup": subgroup, "value": value, **_counts(group, manifest.classes)}
                for value, group in table.groupby(values, sort=True)
            ]
    return pd.DataFrame(rows)


def bands(ages: pd.Series) -> pd.Series:
    """The band of each age as text (`30–49`), `unknown` where the age is."""
    found = pd.Series("unknown", index=ages.index, dtype=object)
    for low, high in AGES:
        found[(ages >= low) & (ages < high)] = f"{low}–{high - 1}" if high < 121 else f"{low}+"
    return found


def _counts(table: pd.DataFrame, classes: tuple[str, ...]) -> dict[str, int]:
    labels = table["label"].value_counts()
    return {
        "images": len(table),
        "lesions": int(table["lesion_id"].nunique()),
        "patients": int(table["patient_id"].nunique()),
        **{name: int(labels.get(label, 0)) for label, name in enumerate(classes)},
    }
