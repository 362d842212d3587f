"""The test lock: test labels are read here or nowhere, under a frozen selection, and every read is logged."""

from __future__ import annotations

from datasets.base.manifest import Manifest
from datasets.labels.class_lists import on_classes
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.preparation import manifests
from study.protocol import seal
from study.spec.data_sources import TestSet
from study.store import read_log, selection_record
from study.store.directory import StudyDirectory


def read_labels(
    plan: Plan, directory: StudyDirectory, test: TestSet, *, selection_digest: str, purpose: str
) -> Manifest:
    """The test set with its labels. Seals the protocol, if it is not, and logs the read before it returns.

    Raises `StudyError` when no selection is frozen, or when the frozen one has another digest.
    """
    frozen = selection_record.load(directory)
    if frozen.digest != selection_digest:
        raise StudyError(
            f"Test labels of {test.name!r} open with the frozen selection's digest {frozen.digest}, got "
            f"{selection_digest!r}. Evaluate the frozen selection, or reopen it with `study select --reopen REASON`."
        )
    spec = plan.spec
    seal.seal(plan, directory)
    manifest = manifests.load_manifest(manifests.test_source(spec, test))
    if not manifests.is_held_out(spec, test):
        manifest = on_classes(manifest, manifests.load_manifest(spec.train).classes)
    manifest = manifests.test_images(spec, directory, test, manifest)
    read_log.append(
        directory,
        "read",
        dataset=test.name,
        images=len(manifest),
        manifest=manifest.digest,
        selection=frozen.digest,
        purpose=purpose,
    )
    return manifest


def log(directory: StudyDirectory) -> list[read_log.Event]:
    """Every read and reopening so far, oldest first."""
    return read_log.events(directory, "read", "reopened")
