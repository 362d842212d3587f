"""The store of contrastive stages: addressed by what decides their result, computed once, whole or absent."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from datasets.base.atomic_files import file_digest
from trainables.pipelines.turns import wait_for_turn
from trainables.training import distributed

ENCODER, FACTS, PARTIAL = "encoder.safetensors", "stage.json", "partial.pt"

Compute = Callable[[Path, Path], Mapping[str, Any]]
"""`compute(encoder, partial)`: write the encoder's file on rank 0 and return the facts; `partial` is a path for the
state of a computation that is not at its end, kept until the stage is stored."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stored stage: the encoder's file, what `stage.json` says of it, and whether this call computed it."""

    encoder: Path
    facts: Mapping[str, Any]
    computed: bool


def obtain(store: Path, digest: str, compute: Compute) -> Stage:
    """The stage of this digest, computed by the first who asks while all others wait, on whatever node they are.

    A worker group computes together; its first process holds the lock. A process that dies leaves no stage, frees the
    lock and leaves its partial state for the next. Where a file system's locks do not reach other nodes, two may
    compute the same; the first to finish is kept. Raises `OSError` after a day's wait.
    """
    place = store / digest
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{place}.lock")
    try:
        computed = wait_for_turn(lambda: _whole(place), lock)
        if computed:
            _compute(place, compute)
    finally:
        lock.release()
    return Stage(encoder=place / ENCODER, facts=json.loads((place / FACTS).read_text()), computed=computed)


def _whole(place: Path) -> bool:
    """Whether the stage is there as it was written. A damaged one is computed anew, and comes to the same."""
    try:
        facts = json.loads((place / FACTS).read_text())
        wanted = facts.get("encoder_sha256")  # older versions did not note it
        return bool(wanted is None or file_digest(place / ENCODER) == wanted)
    except (FileNotFoundError, ValueError, AttributeError):
        return False


def _compute(place: Path, compute: Compute) -> None:
    leader = distributed.rank() == 0
    partial = place.with_name(f"{place.name}.{PARTIAL}")
    if leader:
        for stale in place.parent.glob(f".{place.name}.*"):
            shutil.rmtree(stale)  # its writer died: we hold the lock
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent)) if leader else place
    facts = compute(draft / ENCODER, partial)
    if leader:
        facts = {**facts, "encoder_sha256": file_digest(draft / ENCODER)}
        (draft / FACTS).write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
        _publish(draft, place)
        partial.unlink(missing_ok=True)
    distributed.barrier()


def _publish(draft: Path, place: Path) -> None:
    for path in (draft / ENCODER, draft / FACTS):
        path.chmod(0o644)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    os.chmod(draft, 0o755)
    if place.exists() and not _whole(place):
        shutil.rmtree(place)
    try:
        draft.rename(place)
    except OSError:
        if not _whole(place):
            raise
        shutil.rmtree(draft)  # somebody whom our lock did not stop was first
