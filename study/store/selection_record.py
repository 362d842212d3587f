"""The frozen selection: who won, written once with its digest and time, before any test label is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from datasets.base.atomic_files import text_digest, write_json
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.plan.repeats import search_of_pair
from study.store import read_log
from study.store.directory import StudyDirectory
from study.store.searches import by_search
from study.store.trial import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Winner:
    """A configuration that won its search, of which a cell has one or several; rank 0 is the first."""

    cell: str
    rank: int
    trial: int
    value: float
    params: Mapping[str, Value]
    search: int = 0

    @property
    def content(self) -> dict[str, Any]:
        """The winner as plain data; that of the first search says nothing of searches, as in older versions."""
        return {name: value for name, value in asdict(self).items() if name != "search" or value}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """All winners of a study and the digest of this record."""

    spec_digest: str
    rule: str
    time: str
    winners: tuple[Winner, ...]
    trials: str | None = None
    """Digest of the trials that it was made from; None in selections of an older version."""

    @property
    def content(self) -> dict[str, Any]:
        """The record as plain data."""
        content = {**asdict(self), "winners": tuple(winner.content for winner in self.winners)}
        return content if self.trials is not None else {n: v for n, v in content.items() if n != "trials"}

    @property
    def digest(self) -> str:
        """Hex sha256 (16 digits) over spec, rule, time, winners and trials."""
        return text_digest(self.content)

    @property
    def choice(self) -> str:
        """Digest of what is chosen, whenever it was chosen and whatever else the spec says."""
        return text_digest([self.rule, [winner.content for winner in self.winners]])

    def of_pair(self, pair: int) -> tuple[Winner, ...]:
        """The winners that pair `pair` of the replicates (from 1) trains: those of one search, of every cell."""
        searches = 1 + max(winner.search for winner in self.winners)
        return tuple(winner for winner in self.winners if winner.search == search_of_pair(pair, searches))


def propose(
    spec_digest: str,
    rule: str,
    winners: Mapping[str, list[TrialRecord]],
    *,
    repeats: int = 1,
    trials: str | None = None,
) -> Selection:
    """A selection of these winners of a cell's `repeats` searches, made now from trials with the digest `trials`."""
    return Selection(
        spec_digest=spec_digest,
        rule=rule,
        trials=trials,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        winners=tuple(
            Winner(
                cell=cell,
                rank=rank,
                trial=trial.number,
                value=_value(trial),
                params=dict(trial.params),
                search=search,
            )
            for cell, found in winners.items()
            for search, own in enumerate(by_search(found, repeats))
            for rank, trial in enumerate(own)
        ),
    )


def freeze(directory: StudyDirectory, proposed: Selection, *, reopen: str | None = None) -> Selection:
    """Write the selection, or return the frozen one when it chooses the same.

    A selection that differs from the frozen one is refused once test labels were read, unless `reopen` gives the
    reason; replicates and predictions of the old one then move to `superseded/` and the reopening is logged for the
    report. Raises `StudyError`.
    """
    if not directory.selection.exists():
        _write(directory, proposed)
        return proposed
    frozen = load(directory)
    if frozen.choice == proposed.choice:
        if frozen.spec_digest != proposed.spec_digest:  # the study was extended, and the same trials won
            _write(directory, proposed)
            return proposed
        return frozen
    if directory.test_reads.exists() and reopen is None:
        raise StudyError(
            f"A selection stays frozen once test labels were read: {directory.selection} ({frozen.digest}) would "
            f"change to other winners ({proposed.digest}). Keep it, or say why with --reopen REASON, which the report "
            "will show."
        )
    if reopen is not None:
        read_log.append(directory, "reopened", reason=reopen, selection=frozen.digest, becomes=proposed.digest)
    supersede(directory, frozen)
    _write(directory, proposed)
    return proposed


def load(directory: StudyDirectory) -> Selection:
    """The frozen selection. Raises `StudyError` when there is none or when the file was altered after freezing."""
    if not directory.selection.is_file():
        raise StudyError(f"{directory.root} has no frozen selection. Run `study select {directory.root}` first.")
    try:
        raw: dict[str, Any] = json.loads(directory.selection.read_text())
        digest = raw.pop("digest")
        selection = Selection(**{**raw, "winners": tuple(Winner(**winner) for winner in raw["winners"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"A frozen selection is whole, but {directory.selection} cannot be read ({type(error).__name__}: {error}). "
            "Restore it from a backup, or delete it and select again with --reopen REASON."
        ) from error
    if selection.digest != digest:
        raise StudyError(
            f"{directory.selection} was altered after it was frozen: it says digest {digest}, its content gives "
            f"{selection.digest}. Restore the file; to change a selection use `study select --reopen REASON`."
        )
    return selection


def current(plan: Plan, directory: StudyDirectory) -> Selection | None:
    """The frozen selection if there is one and it is of this spec: a study that was extended since selects again."""
    frozen = load(directory) if directory.selection.exists() else None
    return frozen if frozen is not None and frozen.spec_digest == plan.spec.digest else None


def _write(directory: StudyDirectory, selection: Selection) -> None:
    write_json(directory.selection, {**selection.content, "digest": selection.digest})


def transfer(directory: StudyDirectory, spec_digest: str) -> None:
    """The same winners under a spec that differs in nothing that a selection rests on."""
    _write(directory, replace(load(directory), spec_digest=spec_digest))


def supersede(directory: StudyDirectory, frozen: Selection) -> None:
    """Move a selection and all that was made of it out of the study's way, into `superseded/`."""
    attic = directory.root / "superseded" / frozen.digest
    attic.mkdir(parents=True, exist_ok=True)
    made = (directory.predictions, directory.validation, directory.operating_points)
    for path in (*made, directory.root / "replicates", directory.selection):
        if path.exists():
            shutil.move(path, attic / path.name)


def _value(trial: TrialRecord) -> float:
    if trial.value is None:
        raise ValueError(f"trial {trial.number} of {trial.cell} has no value and cannot win")
    return trial.value
