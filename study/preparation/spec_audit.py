"""`study data audit`: a spec's data judged before any study directory exists, by ids alone where images are missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from datasets import sources
from datasets.audit import Finding, Parts, parts_of
from datasets.audit import audit as leakage
from datasets.audit.balance import balance
from datasets.audit.conflict_table import conflict_table
from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.splits.make import make_split
from datasets.splits.split import PARTS, Part
from datasets.splits.split_files import matcher, split_paths, written_ids
from study.base.errors import StudyError
from study.preparation import manifests as data
from study.preparation.joined import with_joined
from study.preparation.leakage import data_sources, decoded, judge
from study.spec.data_sources import DataSource
from study.spec.model import StudySpec

Splits = dict[tuple[int, float], dict[Part, list[str]]]
"""Ids of every part by split index and fraction."""


@dataclass(frozen=True, kw_only=True)
class SpecAudit:
    """Result of auditing a spec: findings, manifests by data set, and the parts of the split of the search."""

    findings: list[Finding]
    manifests: dict[str, Manifest]
    parts: Parts

    def conflicts(self) -> pd.DataFrame:
        """Facts that contradict each other (`datasets.audit.conflict_table`), within and between the data sets."""
        return conflict_table(self.manifests)

    def counts(self, spec: StudySpec) -> pd.DataFrame:
        """Class balance and subgroups (`datasets.audit.balance`) of each part and each external test set."""
        train = self.manifests[spec.train.source]
        sides: dict[str, tuple[Manifest, Collection[str]]] = {part: (train, ids) for part, ids in self.parts.items()}
        tests = {name: (m, m.table["image_id"]) for name, m in self.manifests.items() if name != spec.train.source}
        return balance({**sides, **tests})


def audit_spec(spec: StudySpec) -> SpecAudit:
    """Judge a spec's data; refuses nothing. Content is compared where images have been decoded (`study data prepare`).

    Where splits are files, they are judged as written: every id that the release's tables list counts, whether or not
    this copy has the image, and an image may be in two parts. Raises `StudyError` for what cannot be read.
    """
    files = data.scheme(spec).kind == "manifest"
    try:
        manifests = {name: _load(source, files and source == spec.train) for name, source in data_sources(spec).items()}
        train = manifests[spec.train.source]
        written = _written(spec) if files else {}
        splits = _known(train, written) if files else _drawn(spec, _joined(spec, manifests))
        found = judge(spec, manifests, splits)
        whole = (0, max(spec.train.fractions))
        if files:
            found += by_letter(train, splits[whole], written[whole], found)
    except DataError as error:
        raise StudyError(str(error)) from error
    return SpecAudit(findings=found, manifests=manifests, parts=splits[whole])


def by_letter(train: Manifest, parts: Parts, written: dict[Part, list[str]], found: list[Finding]) -> list[Finding]:
    """What the same audit counts where ids must match letter for letter, if that hides overlaps.

    Split files often leave off an ending that the release gives an id (`_downsampled`): joined as they are written,
    those images seem to have no lesion.
    """
    letters = {name.rpartition("/")[2] for ids in written.values() for name in ids}
    exact = train.table["image_id"].isin(letters)
    bare = replace(train, table=train.table.assign(lesion_id=train.table["lesion_id"].where(exact, None)))
    seen = {finding.key: finding for finding in leakage(bare, {"split": parts}, {})}
    hidden = [
        seen[finding.key].message.rstrip(".")
        for finding in found
        if finding.key.startswith("lesion_overlap:") and finding.key in seen and seen[finding.key].count < finding.count
    ]
    if not hidden:
        return []
    renamed = len(letters - set(train.table["image_id"]))
    words = f"by ids as the split files write them ({renamed:,} lack an ending that the release has), "
    return [Finding(key="by_letter", message=words + "; ".join(hidden) + ".", count=renamed, severity="note")]


def _load(source: DataSource, listed: bool) -> Manifest:
    """The images that are there, or all that the release's tables list."""
    return sources.catalogue(data.reference(source)) if listed else data.load_manifest(source)


def _joined(spec: StudySpec, manifests: Mapping[str, Manifest]) -> Manifest:
    """The training source, joined as a study will join it where its images have been decoded."""
    name = spec.train.source
    return with_joined(spec, manifests[name], decoded(spec, {name: manifests[name]}).get(name))


def _drawn(spec: StudySpec, train: Manifest) -> Mapping[tuple[int, float], Parts]:
    return {
        (index, fraction): parts_of(make_split(train, data.scheme(spec), index=index, fraction=fraction))
        for index in data.split_indices(spec)
        for fraction in spec.train.fractions
    }


def _written(spec: StudySpec) -> Splits:
    """The ids of every split file, as written there; each file is read once."""
    scheme = data.scheme(spec)
    read: dict[str, list[str]] = {}
    found: Splits = {}
    for index in data.split_indices(spec):
        for fraction in spec.train.fractions:
            paths = split_paths(scheme, index=index, fraction=fraction)
            for path in paths.values():
                if path not in read:
                    read[path] = written_ids(path)
            found[index, fraction] = {part: read[paths[part]] for part in PARTS}
    return found


def _known(train: Manifest, written: Splits) -> Mapping[tuple[int, float], Parts]:
    """The same ids as the release writes them; ids that it does not have stay as they are."""
    names = matcher(train.table["image_id"])
    return {
        key: {part: [names(name) or name for name in ids] for part, ids in parts.items()}
        for key, parts in written.items()
    }
