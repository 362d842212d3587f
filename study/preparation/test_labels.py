"""The test lock: test labels are read here or nowhere, under a frozen selection, and every read is logged."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from datasets.base.atomic_files import append_line
from datasets.base.manifest import Manifest
from study.base.errors import StudyError
from study.preparation import manifests
from study.spec.model import StudySpec, TestSet
from study.store import selection_record
from study.store.directory import StudyDirectory


def read_labels(
    spec: StudySpec, directory: StudyDirectory, test: TestSet, *, selection_digest: str, purpose: str
) -> Manifest:
    """The test set with its labels. Appends the read to the log before it returns.

    Raises `StudyError` when no selection is frozen, or when the frozen one has another digest.
    """
    frozen = selection_record.load(directory)
    if frozen.digest != selection_digest:
        raise StudyError(
            f"Test labels of {test.name!r} open with the frozen selection's digest {frozen.digest}, got "
            f"{selection_digest!r}. Evaluate the frozen selection, or reopen it with `study select --reopen REASON`."
        )
    manifest = manifests.test_images(spec, directory, test, manifests.load_manifest(manifests.test_source(spec, test)))
    append_line(
        directory.test_reads,
        {
            "event": "read",
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "dataset": test.name,
            "images": len(manifest),
            "manifest": manifest.digest,
            "selection": frozen.digest,
            "purpose": purpose,
        },
    )
    return manifest


def log(directory: StudyDirectory) -> list[dict[str, str]]:
    """Every read and reopening so far, oldest first."""
    if not directory.test_reads.exists():
        return []
    return [json.loads(line) for line in directory.test_reads.read_text().splitlines()]
