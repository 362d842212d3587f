"""Facts that contradict each other: one image or lesion under two labels, of two sexes, at impossible ages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from datasets.audit.finding import Finding
from datasets.audit.members import members
from datasets.base.manifest import Manifest

YEARS = 20.0
"""Ages of one lesion that lie further apart are impossible: nobody follows a lesion for so long."""
COLUMNS = ["conflict", "of", "says", "images"]
_WORDS = {
    "label_conflict:images": "image under two labels",
    "label_conflict:lesions": "lesion under two labels",
    "sex_conflict:lesions": "lesion of two sexes",
    "sex_conflict:patients": "patient of two sexes",
    "age_conflict:lesions": "lesion at impossible ages",
}
_TOLD = {
    "sex_conflict:lesions": "lesions are of two sexes",
    "sex_conflict:patients": "patients are of two sexes",
    "age_conflict:lesions": f"lesions are there at ages more than {YEARS:g} years apart",
}


def conflict_table(manifests: Mapping[str, Manifest]) -> pd.DataFrame:
    """One row a contradiction (`COLUMNS`): its kind, of what, what the tables say, and in which images (three of them).

    Ids are compared between sets as the audit compares them; labels by the name of their class.
    """
    facts = _facts(manifests)
    rows = [
        {"conflict": _WORDS[key], "of": of.rpartition(":")[2], "says": says, "images": images}
        for key, of, says, images in _conflicts(facts)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def contradictions(manifests: Mapping[str, Manifest]) -> list[Finding]:
    """Warnings about sexes and ages; `datasets.audit.labels` tells of labels."""
    found: dict[str, list[str]] = {}
    for key, of, _, _ in _conflicts(_facts(manifests)):
        found.setdefault(key, []).append(of.rpartition(":")[2])
    return [
        Finding(
            key=key,
            message=f"{len(found[key]):,} {words} (the first: {found[key][0]}).",
            count=len(found[key]),
            severity="warning",
        )
        for key, words in _TOLD.items()
        if key in found
    ]


def _facts(manifests: Mapping[str, Manifest]) -> pd.DataFrame:
    """What every image of every set says of itself, lesion and patient."""
    tables = []
    for name, manifest in manifests.items():
        table = members(name, manifest).table[["image_id", "image", "lesion", "patient"]]
        label = manifest.table["label"].map(lambda value, of=manifest.classes: of[value] if value >= 0 else None)
        tables.append(table.assign(label=label, sex=manifest.table["sex"], age=manifest.table["age"]))
    return pd.concat(tables, ignore_index=True)


def _conflicts(facts: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """(key, of what, what is said, images) for every contradiction."""
    for key, group, column in (
        ("label_conflict:images", "image", "label"),
        ("label_conflict:lesions", "lesion", "label"),
        ("sex_conflict:lesions", "lesion", "sex"),
        ("sex_conflict:patients", "patient", "sex"),
    ):
        known = facts[facts[group].notna() & facts[column].notna()]
        counts = known.groupby(group)[column].nunique()
        for of, rows in known[known[group].isin(counts.index[counts > 1])].groupby(group):
            yield key, str(of), " and ".join(sorted(set(rows[column]))), _images(rows)
    known = facts[facts["lesion"].notna() & facts["age"].notna()]
    ages = known.groupby("lesion")["age"].agg(["min", "max"])
    far = ages[ages["max"] - ages["min"] > YEARS]
    for of, rows in known[known["lesion"].isin(far.index)].groupby("lesion"):
        yield "age_conflict:lesions", str(of), f"{rows['age'].min():g} and {rows['age'].max():g} years", _images(rows)


def _images(rows: pd.DataFrame) -> str:
    names = list(dict.fromkeys(rows["image_id"]))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
