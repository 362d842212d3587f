"""The log of a study's protocol: what was read, scored, compared and reopened, one JSON line an event.

Every line carries a digest over itself and the line before it (a hash chain), so that a line that was edited, removed
from the middle or put in shows. Lines that an older version wrote have none; the chain begins after them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

from datasets.base.atomic_files import append_line, text_digest, write_text
from study.base.errors import StudyError
from study.store.directory import StudyDirectory

Kind = Literal["sealed", "read", "reopened", "prepared", "scored", "compared", "reported"]
Event = dict[str, Any]


def append(directory: StudyDirectory, kind: Kind, **facts: Any) -> str:
    """Add an event with the present time; returns its digest. It is on disk when this returns."""
    lines = _lines(directory)
    _drop_torn_line(directory)
    event = {"event": kind, "time": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    chain = link(_head(lines), event)
    append_line(directory.test_reads, {**event, "chain": chain})
    return chain


def events(directory: StudyDirectory, *kinds: Kind) -> list[Event]:
    """Every event of these kinds (default: all), oldest first, without its digest.

    Raises `StudyError` for a log whose chain is broken.
    """
    lines = _lines(directory)
    before = _head([])
    for number, line in enumerate(lines):
        if "chain" not in line:
            before = _head(lines[: number + 1])
            continue
        event = {name: value for name, value in line.items() if name != "chain"}
        if line["chain"] != link(before, event):
            raise _broken(directory, number + 1, "does not follow from the line before it")
        before = line["chain"]
    return [
        {name: value for name, value in line.items() if name != "chain"}
        for line in lines
        if not kinds or line["event"] in kinds
    ]


def chained(directory: StudyDirectory, kind: Kind) -> list[Event]:
    """Every event of a kind that carries a digest, and the digest as `chain`."""
    return [line for line in _lines(directory) if "chain" in line and line["event"] == kind]


def head(directory: StudyDirectory) -> str:
    """Digest of the whole log."""
    return _head(_lines(directory))


def last(directory: StudyDirectory, kind: Kind) -> Event | None:
    """The newest event of a kind."""
    found = events(directory, kind)
    return found[-1] if found else None


def link(before: str, event: Event) -> str:
    """Digest of an event and all before it."""
    return text_digest([before, event])


def _lines(directory: StudyDirectory) -> list[Event]:
    """All whole lines; the last one may be torn by a kill, and then it was never written."""
    if not directory.test_reads.exists():
        return []
    *lines, _ = directory.test_reads.read_text(encoding="utf-8", errors="replace").split("\n")
    found: list[Event] = []
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            raise _broken(directory, number, f"is no JSON ({error})") from error
        if (
            not isinstance(event, dict)
            or "event" not in event
            or ("chain" not in event and "chain" in (found or [{}])[-1])
        ):
            raise _broken(directory, number, "is no event of this log")
        found.append(event)
    return found


def _drop_torn_line(directory: StudyDirectory) -> None:
    if directory.test_reads.exists():
        text = directory.test_reads.read_text(encoding="utf-8", errors="replace")
        if text and not text.endswith("\n"):
            write_text(directory.test_reads, text[: text.rfind("\n") + 1])


def _head(lines: list[Event]) -> str:
    if lines and "chain" in lines[-1]:
        return str(lines[-1]["chain"])
    return text_digest(lines)


def _broken(directory: StudyDirectory, number: int, what: str) -> StudyError:
    return StudyError(
        f"The log of a study is only ever added to, but line {number} of {directory.test_reads} {what}. Restore the "
        "file from a backup, or say why it changed with --reopen REASON, which the report will show."
    )
