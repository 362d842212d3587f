"""What is published about images that public releases share, for audits without the images and where ids differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import yaml

from datasets.audit.finding import Finding, Severity
from datasets.base.manifest import Manifest

Ids = Literal["same", "partly", "other"]


@dataclass(frozen=True, kw_only=True)
class KnownOverlap:
    """Two releases by source name (one twice: copies inside it), what they share, and who says so.

    `ids`: whether the shared images have the same ids in both. `confirmed`: by what else the entry was checked; None
    where `source` alone says so.
    """

    sets: frozenset[str]
    what: str
    ids: Ids
    source: str
    confirmed: str | None


@cache
def known_overlaps() -> tuple[KnownOverlap, ...]:
    """All that `known_overlaps.yaml` lists."""
    text = resources.files("datasets.audit").joinpath("known_overlaps.yaml").read_text(encoding="utf-8")
    return tuple(KnownOverlap(**{**entry, "sets": frozenset(entry["sets"])}) for entry in yaml.safe_load(text))


def known(train: Manifest, tests: Mapping[str, Manifest], compared: Collection[str]) -> list[Finding]:
    """What is published about the training source and each test set.

    An error where a test set is known to hold training images under other ids and nobody has looked at the pictures;
    `compared` names the sets (`train` among them) whose pictures were compared with the training source.
    """
    found = [_finding(each, "train", "train", "note") for each in _of(train.name, train.name)]
    for name, test in tests.items():
        if test.name != train.name:
            found += [
                _finding(each, "train", name, _severity(each, name in compared)) for each in _of(train.name, test.name)
            ]
    return found


def _of(one: str, other: str) -> list[KnownOverlap]:
    return [each for each in known_overlaps() if each.sets == {one, other}]


def _severity(overlap: KnownOverlap, compared: bool) -> Severity:
    if overlap.ids == "same" or compared:  # the other findings tell each image
        return "note"
    return "error" if overlap.ids == "other" else "warning"


def _finding(overlap: KnownOverlap, one: str, other: str, severity: Severity) -> Finding:
    tells = {
        "same": "ids tell which",
        "partly": "ids tell some of them; decode the images (study data prepare), and pictures tell the rest",
        "other": "no ids tell which: decode the images (study data prepare), and pictures will",
    }[overlap.ids]
    checked = "" if overlap.confirmed else ", not checked further"
    words = f"{overlap.what} ({overlap.source}{checked}); {tells}."
    return Finding(key=f"known_overlap:{one}-{other}", message=words, count=0, severity=severity)
