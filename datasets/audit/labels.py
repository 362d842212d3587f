"""Conflicts: one lesion, or one picture, under two labels."""

from __future__ import annotations

import pandas as pd

from datasets.audit.finding import Finding
from datasets.audit.members import Members


def conflicts(everything: list[Members], pairs: list[tuple[str, str]]) -> list[Finding]:
    """Lesions, and exact or near copies (`pairs` of images), whose images carry different labels."""
    table = pd.concat([each.table for each in everything], ignore_index=True)
    table = table[table["label"] >= 0]
    found: list[Finding] = []
    lesions = table.groupby("lesion")["label"].nunique()
    found += _tell("label_conflict:lesions", "lesions have images of different classes", lesions[lesions > 1])
    copies = table.groupby("sha256")["label"].nunique()
    found += _tell("label_conflict:copies", "files are there twice under different classes", copies[copies > 1])
    label = table.drop_duplicates("image").set_index("image")["label"]
    images = table.groupby("image")["label"].nunique()
    found += _tell("label_conflict:images", "images have different classes in two data sets", images[images > 1])
    odd = {
        " and ".join(sorted(image.rpartition(":")[2] for image in pair)): 2
        for pair in pairs
        if pair[0] != pair[1] and all(image in label.index for image in pair) and label[pair[0]] != label[pair[1]]
    }
    found += _tell("label_conflict:near_duplicates", "pairs look the same under different classes", pd.Series(odd))
    return found


def pairs_under_other_lesions(judged: Members, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the pairs whose images have known lesions, and two of them."""
    lesion = judged.table.drop_duplicates("image").set_index("image")["lesion"].dropna().to_dict()
    return [pair for pair in pairs if all(image in lesion for image in pair) and lesion[pair[0]] != lesion[pair[1]]]


def copies_under_other_lesions(judged: Members, pairs: list[tuple[str, str]]) -> list[Finding]:
    """Copies inside one set that its lesion ids keep apart: a split by lesion can put them on two sides."""
    apart = pairs_under_other_lesions(judged, pairs)
    odd = {" and ".join(sorted(image.rpartition(":")[2] for image in pair)): 2 for pair in apart}
    words = f"pairs of {judged.name} images look the same under two lesion ids"
    return _tell(f"copies_across_lesions:{judged.name}", words, pd.Series(odd))


def _tell(key: str, words: str, odd: pd.Series) -> list[Finding]:
    if odd.empty:
        return []
    message = f"{len(odd):,} {words} (the first: {str(odd.index[0]).rpartition(':')[2]})."
    return [Finding(key=key, message=message, count=len(odd), severity="warning")]
