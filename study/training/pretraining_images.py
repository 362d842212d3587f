"""Which images pre-training sees: those that no split of the study validates or tests on.

Every split index validates on other images (0: the search; 1, 2, …: the replicates). An encoder that had seen them, by
some methods with their labels, would stop, and choose thresholds and temperatures, on images that it knows; a baseline
would not.
"""

from __future__ import annotations

from pathlib import Path

from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.cache.store import open_store
from datasets.splits.make import make_split
from datasets.splits.split import Part, Split, assemble
from study.base.errors import StudyError
from study.preparation import manifests
from study.preparation.joined import with_joined
from study.spec.data_sources import DataSource
from study.spec.model import StudySpec
from trainables.ssl.pretrain import PoolRef


def whole_source(spec: StudySpec, pool: DataSource) -> PoolRef:
    """All images of a source. Raises `StudyError` for one that the spec trains or tests on."""
    if (pool.source, manifests.absolute(pool.root)) == (spec.train.source, manifests.absolute(spec.train.root)):
        raise StudyError(
            f"A pool holds none of a study's validation and test images, but {pool.source!r} is what {spec.study!r} is "
            "trained, validated and tested on. Leave --pool away to see its training images alone, or name another."
        )
    if pool.source in {test.source for test in spec.tests}:
        raise StudyError(
            f"Images of a test set are never trained on, but the pool {pool.source!r} is a test set of {spec.study!r}. "
            "Pre-train on another source."
        )
    manifests.load_manifest(pool)
    return PoolRef(ref=manifests.reference(pool), short_side=spec.cache_side)


def training_images(spec: StudySpec, out: Path) -> PoolRef:
    """The `train` part of `pool_split`, which is written beside `out`."""
    whole = manifests.load_manifest(spec.train)
    try:
        store = open_store(whole, short_side=spec.cache_side, on_bad_image=spec.train.on_bad_image)
        manifest = with_joined(spec, whole.where(whole.table["image_id"].isin(store.manifest.table["image_id"])), store)
        split = pool_split(spec, manifest)
    except DataError as error:
        raise StudyError(str(error)) from error
    path = out.with_name(out.stem + ".split.csv").absolute()
    split.write(path)
    return PoolRef(ref=manifests.reference(spec.train), short_side=spec.cache_side, split_file=str(path))


def pool_split(spec: StudySpec, manifest: Manifest) -> Split:
    """`validation` and `test`: what any split index has there; `train`: the training part of the search's split at the
    largest fraction, less those. So nothing is seen that no cell of the search trains on.

    Raises `StudyError` where nothing is left, and `DataError` for what cannot be split.
    """
    indices, fraction = manifests.split_indices(spec), max(spec.train.fractions)
    splits = [make_split(manifest, manifests.scheme(spec), index=index, fraction=fraction) for index in indices]
    test = {image_id for split in splits for image_id in split.ids("test")}
    validation = {image_id for split in splits for image_id in split.ids("validation")} - test
    training = set(splits[0].ids("train"))
    seen = training - validation - test
    if not seen:
        raise StudyError(
            f"Pre-training sees images that no split of the study validates or tests on, but of {len(training):,} "
            f"training images none is left by {len(indices)} splits (one of the search, replicate.pairs others). Lower "
            "replicate.pairs or train.validation, or give images of another source with --pool."
        )
    parts: dict[Part, set[str]] = {"train": seen, "validation": validation, "test": test}
    return assemble(manifest, parts)


def in_words(spec: StudySpec, pool: PoolRef) -> str:
    """How many images pre-training sees, and why these."""
    if pool.split_file is None:
        return f"all images of {pool.ref.source}"
    split = Split.read(pool.split_file)
    seen, validation, test = (len(split.ids(part)) for part in ("train", "validation", "test"))
    return (
        f"{seen:,} training images of {pool.ref.source}, those that none of the study's "
        f"{len(manifests.split_indices(spec))} splits validates or tests on (left out: {validation:,} that one or more "
        f"validate on, {test:,} of the test part)"
    )
