"""`study data audit`: a spec's data judged before any study directory exists, by ids alone where images are missing."""

from __future__ import annotations

from dataclasses import replace

from datasets import sources
from datasets.audit import Finding, Parts, parts_of
from datasets.audit import audit as leakage
from datasets.manifest import DataError, Manifest
from datasets.split_files import plain_id, split_paths, written_ids
from datasets.splits import PARTS, Part, make_split
from study import data
from study.audit import data_sources, judge
from study.errors import StudyError
from study.spec import StudySpec

Ids = dict[tuple[int, float], dict[Part, list[str]]]


def look(spec: StudySpec) -> list[Finding]:
    """All findings; refuses nothing. Content is compared where images have been decoded (`study data prepare`).

    Where splits are files, they are judged as written: every id that the release's tables list counts, whether or not
    this copy has the image, and an image may be in two parts. Raises `StudyError` for what cannot be read.
    """
    try:
        manifests = {name: data.load_manifest(each) for name, each in data_sources(spec).items() if each != spec.train}
        if data.scheme(spec).kind == "manifest":
            train = sources.catalogue(data.reference(spec.train))
            written = _written(spec)
            splits = {key: _known(train, parts) for key, parts in written.items()}
            found = judge(spec, {spec.train.source: train, **manifests}, splits)
            whole = (0, max(spec.train.fractions))
            return found + by_letter(train, splits[whole], written[whole], found)
        train = data.load_manifest(spec.train)
        drawn = {
            (index, fraction): parts_of(make_split(train, data.scheme(spec), index=index, fraction=fraction))
            for index in data.split_indices(spec)
            for fraction in spec.train.fractions
        }
        return judge(spec, {spec.train.source: train, **manifests}, drawn)
    except DataError as error:
        raise StudyError(str(error)) from error


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


def _written(spec: StudySpec) -> Ids:
    """The ids of every split file, as written, by split index and fraction; each file is read once."""
    scheme = data.scheme(spec)
    read: dict[str, list[str]] = {}
    found: Ids = {}
    for index in data.split_indices(spec):
        for fraction in spec.train.fractions:
            paths = split_paths(scheme, index=index, fraction=fraction)
            for path in paths.values():
                if path not in read:
                    read[path] = written_ids(path)
            found[index, fraction] = {part: read[paths[part]] for part in PARTS}
    return found


def _known(train: Manifest, parts: dict[Part, list[str]]) -> Parts:
    """The same ids as the release writes them."""
    names = {plain_id(image_id): image_id for image_id in train.table["image_id"]}
    return {part: [names.get(plain_id(name), name) for name in ids] for part, ids in parts.items()}
