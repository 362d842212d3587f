"""A study's data: which manifests and splits it trains, validates and tests on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.seeds import seed
from datasets.splits.make import make_split
from datasets.splits.split import PARTS, Scheme, Split
from study.base.errors import StudyError
from study.preparation.validation_size import ValidationSize
from study.protocol import protocol
from study.spec.data_sources import DataSource, SplitFiles, TestSet
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory
from trainables.job import TrainingData


def reference(source: DataSource) -> DataRef:
    """What names this data set to any process."""
    return DataRef(
        source=source.source,
        root=absolute(source.root),
        task=source.task,
        allow_missing=source.allow_missing,
        on_bad_image=source.on_bad_image,
        leave_out=tuple(location for each in source.leave_out if (location := absolute(each))),
        keep_only=absolute(source.keep_only),
    )


def absolute(location: str | None) -> str | None:
    """A local path made absolute, because workers do not share the driver's working directory; URIs as they are."""
    return location if location is None or "://" in location else str(Path(location).absolute())


def is_held_out(spec: StudySpec, test: TestSet) -> bool:
    """Whether this test set is the test part of the training data's split."""
    return test.source == f"{spec.train.source}_test"


def scheme(spec: StudySpec) -> Scheme:
    """How the training data are split."""
    train = spec.train
    files = train.splits if isinstance(train.splits, SplitFiles) else None
    return Scheme(
        kind="manifest" if files else "lesion_disjoint",
        seed=seed(spec.seed, "split"),
        validation=train.validation,
        test=train.test,
        subsamples=train.subsamples,
        nested=train.nested,
        files=files.model_dump() if files else None,
    )


def load_manifest(source: DataSource) -> Manifest:
    """The manifest of a data set. Raises `StudyError` for anything wrong with it."""
    try:
        return datasets.load(reference(source))
    except DataError as error:
        raise StudyError(str(error)) from error


def split_indices(spec: StudySpec) -> range:
    """0 is the split of the search, 1.. are those of the replicates."""
    return range(spec.replicate.pairs + 1)


def write_splits(spec: StudySpec, directory: StudyDirectory, manifest: Manifest) -> dict[str, str]:
    """Write every split that the study uses; returns file name -> digest.

    Splits that are there already must be the same. Raises `StudyError` when they are not (the data changed).
    """
    digests: dict[str, str] = {}
    for index in split_indices(spec):
        for fraction in spec.train.fractions:
            path = directory.split(index, fraction)
            try:
                split = make_split(manifest, scheme(spec), index=index, fraction=fraction)
            except DataError as error:
                raise StudyError(str(error)) from error
            if not path.exists():
                split.write(path)
            elif (found := Split.read(path).digest) != split.digest:
                raise StudyError(
                    f"The splits of a study never change: {path} has digest {found}, the data now give {split.digest}. "
                    "Restore the data that the study started with, or start a study in another directory."
                )
            digests[path.name] = split.digest
    return digests


def training_data(spec: StudySpec, directory: StudyDirectory, index: int, fraction: float) -> TrainingData:
    """What a job needs to find its images."""
    return TrainingData(
        ref=reference(spec.train),
        split_file=str(directory.split(index, fraction)),
        short_side=spec.cache_side,
    )


def validation_size(spec: StudySpec, directory: StudyDirectory) -> ValidationSize:
    """How many validation images the split of the search has of the positive class (of more than two: of the rarest)
    and of the others."""
    chosen = set(Split.read(directory.split(0, spec.train.fractions[0])).ids("validation"))
    manifest = load_manifest(spec.train)
    labels = manifest.table["label"][manifest.table["image_id"].isin(chosen)]
    counts = [int((labels == label).sum()) for label in range(len(manifest.classes))]
    positives = counts[1] if len(counts) == 2 else min(counts)
    return ValidationSize(positives=positives, negatives=len(labels) - positives)


def test_images(spec: StudySpec, directory: StudyDirectory, test: TestSet, manifest: Manifest) -> Manifest:
    """The images of a test set out of its source's manifest: all that carry a label of the task."""
    if is_held_out(spec, test):
        split = Split.read(directory.split(0, spec.train.fractions[0]))
        held_out = set(split.ids("test"))
        return manifest.where(manifest.table["image_id"].isin(held_out))
    return manifest.where(manifest.table["label"] >= 0)


def test_source(spec: StudySpec, test: TestSet) -> DataSource:
    """Where a test set's images come from."""
    return spec.train if is_held_out(spec, test) else test


def same_as_sealed(directory: StudyDirectory, manifests: dict[str, Manifest], splits: dict[str, str]) -> None:
    """Raise `StudyError` when data or splits are not those of the sealed protocol."""
    sealed = protocol.load(directory)
    if sealed is None:
        return
    now = {name: manifest.digest for name, manifest in manifests.items()} | splits
    for name, digest in {**sealed.data, **sealed.splits}.items():
        if now.get(name, digest) != digest:
            raise StudyError(
                f"The data of a study never change, but {name} now has digest {now[name]}, sealed is {digest}. Restore "
                "the data that the study started with, or start a study in another directory."
            )


def part_counts(spec: StudySpec, directory: StudyDirectory, manifest: Manifest) -> list[dict[str, Any]]:
    """Images and positives (None for more than two classes) of each part of the split of the search, one row a training
    fraction and part."""
    labels = dict(zip(manifest.table["image_id"], manifest.table["label"], strict=True))
    rows = []
    for fraction in spec.train.fractions:
        split = Split.read(directory.split(0, fraction))
        for part in PARTS:
            found = [labels[image_id] for image_id in split.ids(part) if image_id in labels]
            positives = int(sum(label == 1 for label in found)) if len(manifest.classes) == 2 else None
            rows.append({"fraction": fraction, "part": part, "images": len(found), "positives": positives})
    return rows


def manifests_content(
    manifests: dict[str, Manifest], splits: dict[str, str], parts: list[dict[str, Any]]
) -> dict[str, Any]:
    """What every data set is: digest, classes, counts by label, notes; the digest of every split; `part_counts`."""
    content = {
        name: {
            "source": manifest.name,
            "digest": manifest.digest,
            "classes": list(manifest.classes),
            "rows": len(manifest),
            "by_label": {str(k): int(v) for k, v in manifest.table["label"].value_counts().sort_index().items()},
            "lesions": int(manifest.table["lesion_id"].nunique()),
            "patients": int(manifest.table["patient_id"].nunique()),
            "lesions_known": int(manifest.table["lesion_id"].notna().sum()),
            "patients_known": int(manifest.table["patient_id"].notna().sum()),
            "notes": list(manifest.notes),
        }
        for name, manifest in manifests.items()
    }
    return {"data": content, "splits": splits, "parts": parts}
