"""Checksums of a decoded cache: a byte that changed since it was decoded shows before anything is trained on it."""

from __future__ import annotations

import json
from pathlib import Path

from datasets.base.atomic_files import file_digest, write_json
from datasets.base.errors import DataError

FILES = ("pixels.u8", "index.parquet")
RECORD = "checksums.json"


def write_checksums(directory: Path, pixels_sha256: str) -> None:
    """Record sha256, size and time of the files of a cache that was just built; its pixels were hashed on the way."""
    digests = dict(zip(FILES, (pixels_sha256, file_digest(directory / FILES[1])), strict=True))
    write_json(directory / RECORD, {"sha256": digests, "stamps": _stamps(directory)})


def check(directory: Path, *, thorough: bool) -> None:
    """Compare a cache with its record: by size and time, and by content where those differ or `thorough` asks for it.

    To read the content takes about a second for 1.5 GB, so processes that open a cache which another has read look at
    size and time alone. Raises `DataError` for a cache that changed.
    """
    try:
        record = json.loads((directory / RECORD).read_text())
        digests, stamps = dict(record["sha256"]), record["stamps"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _changed(directory, f"{RECORD} cannot be read ({error})") from error
    now = _stamps(directory)
    if now == stamps and not thorough:
        return
    for name in FILES:
        if digests.get(name) != file_digest(directory / name):
            raise _changed(directory, f"{name} holds other bytes than were written")
    if now != stamps:  # copied or touched, but the same
        write_json(directory / RECORD, {"sha256": digests, "stamps": now})


def _stamps(directory: Path) -> dict[str, list[int]]:
    found = {name: (directory / name).stat() for name in FILES}
    return {name: [status.st_size, status.st_mtime_ns] for name, status in found.items()}


def _changed(directory: Path, what: str) -> DataError:
    return DataError(
        f"A decoded cache stays as it was decoded, but in {directory} {what}. Delete the folder; it is made anew from "
        "the images."
    )
