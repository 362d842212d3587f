"""The leakage audit of a study: what it compares, and what becomes of what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from datasets import audit as leakage
from datasets.audit import Finding, Parts
from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.cache.store import ImageStore, open_store, read_index
from datasets.duplicates import Comparison
from datasets.splits.split import Split
from study.base.errors import StudyError
from study.preparation import manifests as data
from study.spec.data_sources import DataSource, SplitFiles
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory

LATER = (
    "Found by a newer version than the one under which this study began: its splits stay as they are. A new study "
    "keeps these pictures on one side."
)
"""Why look-alikes do not stop a study that has begun."""
COMPARED = "pictures_compared"
"""Key of the note that says that pictures were compared across crops, mirrors and turns."""


def audit(
    spec: StudySpec,
    directory: StudyDirectory,
    manifests: Mapping[str, Manifest],
    comparison: Comparison | None = None,
) -> list[Finding]:
    """Audit the splits that the study directory holds.

    `manifests` has the training source and every external test set under the names that the study gives them. Raises
    `StudyError` for an error that the spec does not accept, but not for look-alikes that only a newer version finds in
    a study that was begun under an older one (`found_later`).
    """
    splits = {
        (index, fraction): Split.read(directory.split(index, fraction))
        for index in data.split_indices(spec)
        for fraction in spec.train.fractions
    }
    parts = {key: leakage.parts_of(split) for key, split in splits.items()}
    found = judge(spec, manifests, parts, comparison)
    later = found_later(directory, found)
    refuse(spec, [finding for finding in found if finding.key not in later])
    return found


def audit_content(spec: StudySpec, directory: StudyDirectory, found: list[Finding]) -> list[dict[str, Any]]:
    """The findings as plain data, each with the reason for which it does not stop the study."""
    later = found_later(directory, found)
    return [
        asdict(finding) | {"accepted": reason(spec, finding) or (LATER if finding.key in later else None)}
        for finding in found
    ]


def found_later(directory: StudyDirectory, found: list[Finding]) -> set[str]:
    """Keys of look-alikes in a study whose audit has passed before: a newer version sees more in the same pictures.

    Its splits and trials stay what they are, so the study goes on and its report tells the leak.
    """
    if not directory.audit.exists():
        return set()
    return {finding.key for finding in found if finding.key.startswith("near_duplicates:")}


def data_sources(spec: StudySpec) -> dict[str, DataSource]:
    """Where the images of each data set come from: the training source and every external test set, by name."""
    external = {test.name: test for test in spec.tests if not data.is_held_out(spec, test)}
    if spec.train.source in external:
        raise StudyError(
            f"A test set is not the training set, got {spec.train.source!r} for both. Test on "
            f"{spec.train.source}_test, the part that the split keeps for it, or give other images a name of their own."
        )
    return {spec.train.source: spec.train, **external}


def reason(spec: StudySpec, finding: Finding) -> str | None:
    """Why the spec's authors accept a finding, or None where they do not."""
    return next((accepted.reason for accepted in spec.accept_leaks if accepted.what == finding.key), None)


def refused(spec: StudySpec, found: list[Finding]) -> list[Finding]:
    """The errors that the spec does not accept."""
    return [finding for finding in found if finding.severity == "error" and reason(spec, finding) is None]


def refuse(spec: StudySpec, found: list[Finding]) -> None:
    """Raise `StudyError` for errors that the spec does not accept, all at once."""
    leaks = refused(spec, found)
    if leaks:
        listed = "\n".join(f"  {finding.key}: {finding.message}" for finding in leaks)
        pictures = any(finding.key.startswith("near_duplicates") for finding in leaks)
        raise StudyError(
            f"A study has no leak that it does not name, but the audit found {len(leaks)}:\n{listed}\n"
            "Split the data anew, or list each under accept_leaks (what: the key, reason: why); the report repeats it."
            + (" `study data show SPEC` sets the pictures side by side." if pictures else "")
        )


def judge(
    spec: StudySpec,
    manifests: Mapping[str, Manifest],
    splits: Mapping[tuple[int, float], Parts],
    comparison: Comparison | None = None,
) -> list[Finding]:
    """The findings over these data sets, divided as `splits` says by split index and fraction."""
    tests = {name: manifest for name, manifest in manifests.items() if name != spec.train.source}
    stores = decoded(spec, manifests)
    contents = {_part(spec, name): store.index[["image_id", "sha256", "phash"]] for name, store in stores.items()}
    pairs = duplicates(spec, stores, comparison)
    found = leakage.audit(
        manifests[spec.train.source],
        _distinct(splits),
        tests,
        contents,
        _subsamples(spec, splits),
        {_part(spec, name): table for name, table in pairs.items()},
    )
    return found + _in_vain(spec, found) + _compared(stores, pairs)


def _compared(stores: Mapping[str, ImageStore], pairs: Mapping[str, pd.DataFrame]) -> list[Finding]:
    """A note that pictures were compared across crops, mirrors and turns: reports of older audits cannot say so."""
    if not pairs or any(store.manifest.root is None for store in stores.values()):  # drawn ones are not compared
        return []
    count = sum(map(len, pairs.values()))
    words = f"pictures were compared across crops, mirrors, turns and light: {count:,} pairs look like one scene."
    words += " A new split keeps such a pair on one side; `study data show` sets them side by side." if count else ""
    return [Finding(key=COMPARED, message=words, count=count, severity="note")]


def _distinct(splits: Mapping[tuple[int, float], Parts]) -> dict[str, Parts]:
    """The divisions to compare: each once, and no subsample of a training part that is compared whole."""
    found: dict[str, Parts] = {}
    ranked = sorted(splits.items(), key=lambda item: -item[0][1])
    for (index, fraction), parts in ranked:
        within = (
            set(parts["train"]) <= set(other["train"])
            and all(parts[part] == other[part] for part in ("validation", "test"))
            for other in found.values()
        )
        if not any(within):
            found[f"split {index} at {fraction:g}"] = parts
    return found


def _in_vain(spec: StudySpec, found: list[Finding]) -> list[Finding]:
    """Leaks that the spec accepts and that are not there: out of date, or misspelt."""
    keys = {finding.key for finding in found}
    return [
        Finding(
            key=f"accepted_in_vain:{accepted.what}",
            message=f"the spec accepts {accepted.what!r}, which was not found. Remove it from accept_leaks.",
            count=0,
            severity="warning",
        )
        for accepted in spec.accept_leaks
        if accepted.what not in keys
    ]


def _subsamples(spec: StudySpec, splits: Mapping[tuple[int, float], Parts]) -> dict[float, dict[str, frozenset[str]]]:
    """Training images by fraction and subsample; files are numbered as they are named, drawn ones by their split."""
    files = isinstance(spec.train.splits, SplitFiles)
    found: dict[float, dict[str, frozenset[str]]] = {}
    for (index, fraction), parts in splits.items():
        if fraction < 1:
            name = str(index % spec.train.subsamples + 1 if files else index)
            found.setdefault(fraction, {})[name] = frozenset(parts["train"])
    return {fraction: dict(sorted(named.items())) for fraction, named in found.items()}


def decoded(spec: StudySpec, manifests: Mapping[str, Manifest]) -> dict[str, ImageStore]:
    """The stores of those of these data sets whose images have been decoded; nothing is decoded here."""
    sources = data_sources(spec)
    found = {name: _store(spec, sources[name], manifest) for name, manifest in manifests.items()}
    return {name: store for name, store in found.items() if store is not None}


def duplicates(
    spec: StudySpec, stores: Mapping[str, ImageStore], comparison: Comparison | None = None
) -> dict[str, pd.DataFrame]:
    """Pairs that show the same scene (`datasets.duplicates.COLUMNS`): of each data set, its images and those of the
    training source."""
    train = stores.get(spec.train.source)
    if train is None:
        return {}
    comparison = comparison or Comparison(spec.cache_side)
    return {name: comparison.between(store, train) for name, store in stores.items()}


def _part(spec: StudySpec, name: str) -> str:
    """What the audit calls a data set."""
    return "train" if name == spec.train.source else name


def _store(spec: StudySpec, source: DataSource, manifest: Manifest) -> ImageStore | None:
    """The store of a manifest, or of the whole that it is a part of."""
    if read_index(manifest, short_side=spec.cache_side) is None:
        try:
            manifest = data.load_manifest(source)
        except StudyError:  # a copy without images, audited by its tables alone
            return None
        if read_index(manifest, short_side=spec.cache_side) is None:
            return None
    try:
        return open_store(manifest, short_side=spec.cache_side, on_bad_image=source.on_bad_image)
    except DataError as error:
        raise StudyError(str(error)) from error
