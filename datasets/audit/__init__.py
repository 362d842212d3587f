"""The leakage audit: does any image, lesion, patient or picture stand on two sides, and are subsamples what they say?

Pure: tables in, findings out. Near-duplicates by perceptual hash (Zauner 2010), whose distances `near.DISTANCE` judges,
and by the pairs that `datasets.duplicates` finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd

from datasets.audit.conflict_table import contradictions
from datasets.audit.finding import Finding, Severity
from datasets.audit.known_overlaps import known
from datasets.audit.labels import conflicts, copies_under_other_lesions, pairs_under_other_lesions
from datasets.audit.members import Members, Parts, members, parts_of
from datasets.audit.near import DISTANCE, hashes, near_pairs
from datasets.audit.overlap import lookalikes, near_overlap, overlaps
from datasets.base.manifest import Manifest
from datasets.splits.split import PARTS

__all__ = ["DISTANCE", "Finding", "Parts", "Severity", "audit", "near_pairs", "parts_of"]


def audit(
    train: Manifest,
    splits: Mapping[str, Parts],
    tests: Mapping[str, Manifest],
    contents: Mapping[str, pd.DataFrame] | None = None,
    subsamples: Mapping[float, Mapping[str, frozenset[str]]] | None = None,
    duplicates: Mapping[str, pd.DataFrame] | None = None,
) -> list[Finding]:
    """All findings over a study's data, errors first.

    `splits` are divisions of the training source by name, `tests` the external test sets. `contents` holds, for
    `train` and each test set by name, the sha256 and perceptual hash of decoded images (columns `image_id, sha256,
    phash`); where a set is missing its content is not compared and a note says so. `subsamples` are the training images
    of each low-data fraction by the name of the subsample. `duplicates` are pairs (columns `image_id, other_id, kind`)
    of the images of `train`, or of a test set by name, with those of the training source.
    """
    contents, duplicates = contents or {}, duplicates or {}
    source = members("train", train, contents.get("train"))
    others = {name: members(name, manifest, contents.get(name)) for name, manifest in tests.items()}
    copies, photographs = (
        {
            name: named_pairs(each, source, duplicates.get(name), kind)
            for name, each in {"train": source, **others}.items()
        }
        for kind in ("copy", "photograph")
    )
    # The release says that these are two lesions, so they are told and do not stop a study that splits by lesion.
    denied = pairs_under_other_lesions(source, copies["train"])
    photographs["train"] += denied
    within = sorted({*_alike(source, source), *copies["train"]} - {*denied})
    across = {name: sorted({*_alike(other, source), *copies[name]}) for name, other in others.items()}
    found: list[Finding] = []
    for parts in splits.values():
        division = {part: source.part(part, ids) for part, ids in parts.items()}
        for other, judged in combinations(PARTS, 2):
            found += overlaps(division[other], division[judged])
            found += near_overlap(division[other], division[judged], within)
            found += lookalikes(division[other], division[judged], photographs["train"])
        for name, test in others.items():
            for part in PARTS[:2]:
                found += overlaps(division[part], test)
                found += near_overlap(division[part], test, across[name])
                found += lookalikes(division[part], test, photographs[name])
    found += copies_under_other_lesions(source, [*within, *denied])
    found += identical(subsamples or {})
    found += conflicts([source, *others.values()], within + [pair for pairs in across.values() for pair in pairs])
    found += contradictions({"train": train, **tests})
    found += known(train, tests, duplicates)
    found += [finding for each in (source, *others.values()) for finding in unchecked(each)]
    return _gathered(found)


def identical(subsamples: Mapping[float, Mapping[str, frozenset[str]]]) -> list[Finding]:
    """Subsamples of one fraction that hold the very same images."""
    found: list[Finding] = []
    for fraction, chosen in subsamples.items():
        same = [f"{a} and {b}" for a, b in combinations(chosen, 2) if chosen[a] == chosen[b]]
        if same:
            found.append(
                Finding(
                    key=f"identical_subsamples:{fraction:g}",
                    message=f"{fraction * 100:g} % subsamples {', '.join(same)} are identical.",
                    count=len(same),
                    severity="error",
                )
            )
    return found


def unchecked(judged: Members) -> list[Finding]:
    """What could not be compared: images without any group, and images whose content has not been read."""
    table = judged.table
    alone = int((table["lesion"].isna() & table["patient"].isna()).sum())
    unread = int(table["phash"].isna().sum())
    found: list[Finding] = []
    if alone:
        words = f"{alone:,} of {len(table):,} {judged.name} images have no known lesion or patient: each counts alone."
        found.append(Finding(key=f"ungrouped:{judged.name}", message=words, count=alone, severity="note"))
    if unread:
        words = (
            f"the content of {unread:,} of {len(table):,} {judged.name} images was not compared: not decoded here yet."
        )
        words += " `study data prepare SPEC` decodes them; `study run` does so before it audits."
        found.append(Finding(key=f"unread:{judged.name}", message=words, count=unread, severity="note"))
    return found


def _alike(judged: Members, other: Members) -> list[tuple[str, str]]:
    """(image of judged, image of other) for all that look the same, exact copies among them."""
    mine, theirs = (each.table[each.table["phash"].notna()].reset_index(drop=True) for each in (judged, other))
    if mine.empty or theirs.empty:
        return []
    i, j = near_pairs(hashes(mine["phash"]), hashes(theirs["phash"]))
    if judged is other:
        i, j = i[i != j], j[i != j]
    return list(zip(mine["image"].to_numpy()[i], theirs["image"].to_numpy()[j], strict=True))


def named_pairs(judged: Members, other: Members, pairs: pd.DataFrame | None, kind: str) -> list[tuple[str, str]]:
    """(image of judged, image of other) for the pairs of one kind, both ways round where a set meets itself."""
    if pairs is None or pairs.empty:
        return []
    chosen = pairs[pairs["kind"] == kind]
    mine, theirs = (each.table.set_index("image_id")["image"].to_dict() for each in (judged, other))
    ids = zip(chosen["image_id"], chosen["other_id"], strict=True)
    found = [(mine[one], theirs[two]) for one, two in ids if one in mine and two in theirs]
    return found + [(two, one) for one, two in found] if judged is other else found


def _gathered(found: Sequence[Finding]) -> list[Finding]:
    """Each key once, by its largest count over the splits; errors first, then warnings, then notes."""
    largest: dict[str, Finding] = {}
    for finding in found:
        if finding.key not in largest or finding.count > largest[finding.key].count:
            largest[finding.key] = finding
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(largest.values(), key=lambda finding: order[finding.severity])
