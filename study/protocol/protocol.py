"""The sealed protocol: everything that decides a result, written down at the first read of test labels.

As a registered report does for a trial, it fixes spec, data, splits, trials, winners, metrics and code before the
outcome is known. `study.protocol.chain` compares a study with it whenever the study is opened.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from datasets.base.atomic_files import text_digest, write_json
from study.base.errors import StudyError
from study.store.directory import StudyDirectory


class Protocol(BaseModel):
    """What was decided. Digests are hex sha256: 16 digits over content, 64 over a file's bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    time: str
    spec_digest: str
    spec: Mapping[str, Any]
    data: Mapping[str, str]
    splits: Mapping[str, str]
    manifests: str | None
    audit: str | None
    selection: str | None
    trials: str | None
    precision: str | None = None
    operating_points: str | None = None
    metrics: tuple[str, ...]
    probes: Literal["augmented", "plain"] = "augmented"
    """The views that probes are scored on; older versions had the copies of the other pipelines for them."""
    code: str
    late: bool = False
    reason: str | None = None
    previous: str | None = None

    @property
    def digest(self) -> str:
        """Hex sha256 (16 digits) over everything."""
        return text_digest(self.model_dump(mode="json", exclude_defaults=True))  # later fields keep older digests


def load(directory: StudyDirectory) -> Protocol | None:
    """The sealed protocol; None before the first read of test labels. Raises `StudyError` for a damaged one."""
    path = directory.protocol
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        written = content.pop("digest")
        protocol = Protocol.model_validate(content)
    except (ValueError, KeyError, AttributeError, ValidationError) as error:
        raise damaged(directory, f"cannot be read ({type(error).__name__})") from error
    if protocol.digest != written:
        raise damaged(directory, f"says digest {written}, its content gives {protocol.digest}")
    return protocol


def write(directory: StudyDirectory, protocol: Protocol) -> None:
    """Write the protocol; the one before it is kept in `superseded/`."""
    if directory.protocol.exists() and protocol.previous is not None:
        attic = directory.root / "superseded" / protocol.previous
        attic.mkdir(parents=True, exist_ok=True)
        shutil.copy2(directory.protocol, attic / directory.protocol.name)
    write_json(directory.protocol, {**protocol.model_dump(mode="json"), "digest": protocol.digest})


def damaged(directory: StudyDirectory, what: str) -> StudyError:
    """The error for a protocol that is not what was sealed."""
    return StudyError(
        f"A sealed protocol stays as it was sealed, but {directory.protocol} {what}. Restore the file from a backup, "
        "or seal the study as it is with --reopen REASON, which the report will show."
    )
