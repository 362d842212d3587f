"""Who meets whom: images of one part or data set whose image, lesion, patient or content another one has too."""

from __future__ import annotations

import numpy as np

from datasets.audit.finding import Finding, Severity
from datasets.audit.members import Members

_KINDS = {
    "image": ("image_overlap", "are also in {other}"),
    "lesion": ("lesion_overlap", "show a lesion that is also in {other}"),
    "patient": ("patient_overlap", "show a patient who is also in {other}"),
    "sha256": ("copies", "are byte for byte in {other} under another id"),
}


def overlaps(other: Members, judged: Members) -> list[Finding]:
    """How many images of `judged` share an identity or exact content with `other` (training, or validation)."""
    found: list[Finding] = []
    for column, (key, words) in _KINDS.items():
        mine = judged.table[column]
        shared = mine.notna() & mine.isin(set(other.table[column].dropna()))
        if column == "sha256":
            shared &= ~judged.table["image"].isin(set(other.table["image"]))
        if shared.any():
            found.append(_finding(key, words, other, judged, shared.to_numpy()))
    return found


def near_overlap(other: Members, judged: Members, pairs: list[tuple[str, str]]) -> list[Finding]:
    """How many images of `judged` look like one of `other`; `pairs` are (image of judged, image of other)."""
    mine, theirs = _facts(judged), _facts(other)
    seen: set[str] = set()
    apart: set[str] = set()
    for image, copy in pairs:
        if image not in mine or copy not in theirs or image == copy or mine[image][0] == theirs[copy][0]:
            continue  # other parts' pairs, and what `images` and `copies` tell
        seen.add(image)
        if mine[image][1] is None or mine[image][1] != theirs[copy][1]:
            apart.add(image)
    if not seen:
        return []
    words = "look the same as one in {other}" + f" ({len(apart)} of them by no known common lesion)"
    shared = judged.table["image"].isin(seen).to_numpy()
    return [_finding("near_duplicates", words, other, judged, shared)]


def lookalikes(other: Members, judged: Members, pairs: list[tuple[str, str]]) -> list[Finding]:
    """How many images of `judged` look like another photograph of a lesion in `other` that no id tells: a warning, as
    two photographs are told from two lesions less surely than a copy is."""
    mine, theirs = _facts(judged), _facts(other)
    seen: set[str] = set()
    for image, like in pairs:
        if image in mine and like in theirs and image != like:
            lesion = mine[image][1]
            if lesion is None or lesion != theirs[like][1]:
                seen.add(image)
    if not seen:
        return []
    words = "look like another photograph of a lesion in {other} that no id tells: look at them (study data show)"
    shared = judged.table["image"].isin(seen).to_numpy()
    return [_finding("lookalikes", words, other, judged, shared, "warning")]


def _finding(
    key: str, words: str, other: Members, judged: Members, shared: np.ndarray, severity: Severity = "error"
) -> Finding:
    count = int(shared.sum())
    positives = ""
    if judged.positive:
        of = int((judged.table["label"][shared] == 1).sum())
        positives = f" ({of:,} of {judged.positives:,} {judged.positive})"
    return Finding(
        key=f"{key}:{other.name}-{judged.name}",
        message=f"{count:,} of {len(judged.table):,} {judged.name} images{positives} {words.format(other=other.name)}.",
        count=count,
        severity=severity,
    )


def _facts(side: Members) -> dict[str, tuple[str, str | None]]:
    """(sha256, lesion) of each image whose content is known."""
    table = side.table[side.table["sha256"].notna()]
    lesions = table["lesion"].astype(object).where(table["lesion"].notna(), None)
    return dict(zip(table["image"], zip(table["sha256"], lesions, strict=True), strict=True))
