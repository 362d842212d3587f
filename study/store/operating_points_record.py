"""The frozen operating points: what each replicate's own validation images say, before any test label is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from datasets.base.atomic_files import text_digest, write_json
from study.base.errors import StudyError
from study.store import read_log, selection_record
from study.store.directory import StudyDirectory


@dataclass(frozen=True, kw_only=True)
class FrozenPoints:
    """What one replicate was given: `thresholds` by operating point (None: a class was absent), its `temperature`, and
    the `prior_shift` of its log-odds (None: not known). `validation` is the sha256 of the table that they rest on."""

    cell: str
    rank: int
    pair: int
    images: int
    positives: int | None
    validation: str
    thresholds: Mapping[str, float | None]
    temperature: float | None
    prior_shift: float | None


@dataclass(frozen=True, kw_only=True)
class OperatingPoints:
    """All of a study: of the winners with the digest `selection` (`Selection.choice`); `points` names the operating
    points."""

    selection: str
    points: tuple[str, ...]
    time: str
    replicates: tuple[FrozenPoints, ...]
    format: int = 1

    @property
    def content(self) -> dict[str, Any]:
        """The record as plain data."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """Hex sha256 (16 digits) over everything."""
        return text_digest(self.content)

    @property
    def choice(self) -> str:
        """Digest of what is chosen, whenever it was chosen."""
        return text_digest({name: value for name, value in self.content.items() if name != "time"})

    def of(self, cell: str, rank: int, pair: int) -> FrozenPoints:
        """What a replicate was given. Raises `StudyError` where the record does not have it."""
        for found in self.replicates:
            if (found.cell, found.rank, found.pair) == (cell, rank, pair):
                return found
        raise StudyError(
            f"The frozen operating points are those of all replicates, but {cell}, winner {rank + 1}, pair {pair} is "
            "not among them. Run `study calibrate` on the study."
        )


def load(directory: StudyDirectory) -> OperatingPoints | None:
    """The frozen record; None where there is none. Raises `StudyError` for one that was altered after freezing."""
    path = directory.operating_points
    if not path.is_file():
        return None
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        digest = raw.pop("digest")
        raw["points"] = tuple(raw["points"])
        found = OperatingPoints(**{**raw, "replicates": tuple(FrozenPoints(**one) for one in raw["replicates"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _altered(directory, f"cannot be read ({type(error).__name__}: {error})") from error
    if found.digest != digest:
        raise _altered(directory, f"says digest {digest}, its content gives {found.digest}")
    return found


def freeze(directory: StudyDirectory, proposed: OperatingPoints, *, reopen: str | None = None) -> OperatingPoints:
    """Write the record, or return the frozen one when it says the same.

    Another one is refused once test labels were read for these winners, unless `reopen` gives the reason, which is
    logged for the report. Raises `StudyError`.
    """
    frozen = load(directory)
    if frozen is not None and frozen.choice == proposed.choice:
        return frozen
    if labels_were_read(directory):
        if reopen is None:
            raise StudyError(
                f"Operating points stay frozen once test labels were read, but the validation scores now give others "
                f"than {directory.operating_points} holds. Restore what changed, or say why with --reopen REASON, "
                "which the report will show."
            )
        before = None if frozen is None else frozen.digest
        changed = [directory.operating_points.name]
        read_log.append(directory, "reopened", reason=reopen, changed=changed, operating_points=before)
    write_json(directory.operating_points, {**proposed.content, "digest": proposed.digest})
    return proposed


def labels_were_read(directory: StudyDirectory) -> bool:
    """Whether any test label was read for the frozen winners; their digest changes where a spec was reopened, but the
    tables of other winners are out of the way then."""
    if any(directory.predictions.rglob("*.parquet")):
        return True
    digest = selection_record.load(directory).digest
    return any(event.get("selection", digest) == digest for event in read_log.events(directory, "read"))


def withheld(directory: StudyDirectory) -> bool:
    """Whether these winners have no operating points and get none: an older version read test labels for them before it
    knew of any, and what is chosen afterwards would not be frozen before the read."""
    return not directory.operating_points.is_file() and directory.test_reads.exists() and labels_were_read(directory)


def _altered(directory: StudyDirectory, what: str) -> StudyError:
    return StudyError(
        f"Operating points stay as they were frozen, but {directory.operating_points} {what}. Restore the file from a "
        "backup, or delete it and run `study calibrate` with --reopen REASON, which the report will show."
    )
