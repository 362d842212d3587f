"""Sealing a protocol at the first read of test labels, checking it whenever a study is opened, and reopening it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Literal

from study.base.errors import StudyError
from study.comparison.metrics.class_metric import metric_names
from study.plan.cells import Plan
from study.protocol import holdings, protocol
from study.protocol.chain import breaks
from study.protocol.link import Break
from study.protocol.protocol import Protocol
from study.store import operating_points_record, read_log, selection_record
from study.store.directory import StudyDirectory
from study.store.operating_points_record import OperatingPoints
from study.store.selection_record import Selection

AFTER_SELECTION = ("compare", "evaluate", "operating_points", "tests", "replicate", "accept_unfair", "accept_leaks")
"""Keys of a spec that no selection rests on."""


def seal(plan: Plan, directory: StudyDirectory, *, late: bool = False, reason: str | None = None) -> Protocol:
    """Write down what the study holds now as its protocol, after the one that it has, if any.

    Without `reason` a sealed protocol stays, but for a selection or operating points that it still waits for.
    """
    before = None if reason is not None else protocol.load(directory)
    selection = selection_record.current(plan, directory)
    points = operating_points_record.load(directory)
    frozen = None if points is None else points.digest
    if before is not None and (before.selection is not None or selection is None):
        if before.operating_points is not None or frozen is None:
            return before
        return _write(directory, before.model_copy(update={"operating_points": frozen}))
    sealed = Protocol(
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        spec_digest=plan.spec.digest,
        spec=plan.spec.identity(),
        data=holdings.data_digests(directory),
        splits=holdings.split_digests(directory),
        manifests=holdings.optional_digest(directory.manifests),
        audit=holdings.optional_digest(directory.audit),
        selection=None if selection is None else selection.digest,
        trials=None if selection is None else selection.trials,
        precision=holdings.optional_digest(directory.precision),
        operating_points=frozen,
        metrics=metric_names(holdings.class_count(directory, plan.spec.train.source)),
        probes=_probes(directory, late),
        code=holdings.code(),
        late=late if before is None else before.late,
        reason=reason if before is None else before.reason,
        previous=_replaced(directory) if before is None else before.previous,
    )
    return _write(directory, sealed)


def _probes(directory: StudyDirectory, late: bool) -> Literal["augmented", "plain"]:
    """The views that probes of the study have been scored on, if any have been."""
    earlier = _sound(directory)
    if earlier is not None:
        return earlier.probes
    return "augmented" if late or directory.protocol.exists() else "plain"


def _write(directory: StudyDirectory, sealed: Protocol) -> Protocol:
    read_log.append(directory, "sealed", protocol=sealed.digest)
    protocol.write(directory, sealed)
    return sealed


def follow(plan: Plan, directory: StudyDirectory, frozen: Selection, *, reason: str | None) -> None:
    """Bring a sealed protocol after a selection that was made anew."""
    sealed = protocol.load(directory)
    if sealed is not None and sealed.selection != frozen.digest:
        seal(plan, directory, reason=None if sealed.selection is None else reason or sealed.reason)


def follow_points(plan: Plan, directory: StudyDirectory, points: OperatingPoints, *, reason: str | None) -> None:
    """Bring a sealed protocol after operating points that were chosen since."""
    sealed = protocol.load(directory)
    if sealed is not None and sealed.operating_points != points.digest:
        seal(plan, directory, reason=None if sealed.operating_points is None else reason or sealed.reason)


def check(plan: Plan, directory: StudyDirectory, *, reopen: str | None = None) -> None:
    """Raise `StudyError` where the study is not what was decided, unless `reopen` says why and that may change."""
    found = breaks(plan, directory)
    if not found:
        return
    if reopen is None or not all(broken.reopenable for broken in found):
        raise StudyError("\n".join(dict.fromkeys(broken.message for broken in found)))
    _reopen(plan, directory, reopen, found)


def adopt(plan: Plan, directory: StudyDirectory) -> None:
    """Seal a study whose test labels an older version read, as it is now; the report says that it was sealed late."""
    if not directory.test_reads.exists() or directory.protocol.exists():
        return
    _log_what_is_there(directory)
    seal(plan, directory, late=True)


def _reopen(plan: Plan, directory: StudyDirectory, reason: str, found: list[Break]) -> None:
    before = _replaced(directory)
    if any(broken.link == "log" for broken in found) and directory.test_reads.exists():
        attic = directory.root / "superseded" / f"log-{holdings.optional_digest(directory.test_reads)}"
        attic.mkdir(parents=True, exist_ok=True)
        shutil.move(directory.test_reads, attic / directory.test_reads.name)
    changed = sorted({broken.path.relative_to(directory.root).as_posix() for broken in found})
    read_log.append(directory, "reopened", reason=reason, changed=changed, protocol=before)
    if not read_log.events(directory, "read"):
        read_log.append(directory, "read", purpose="unknown: the log was lost")
    _log_what_is_there(directory)
    _keep_selection(plan, directory)
    if any(broken.link == "trials" for broken in found) and directory.selection.exists():
        selection_record.supersede(directory, selection_record.load(directory))
    seal(plan, directory, reason=reason)


def _keep_selection(plan: Plan, directory: StudyDirectory) -> None:
    """The winners stay where the spec changed in nothing that they rest on."""
    sealed = None if _replaced(directory) is None else _sound(directory)
    if sealed is None or not directory.selection.exists() or sealed.spec_digest == plan.spec.digest:
        return
    now = plan.spec.identity()
    names = set(now) | set(sealed.spec)
    if all(now.get(name) == sealed.spec.get(name) for name in names if name not in AFTER_SELECTION):
        selection_record.transfer(directory, plan.spec.digest)


def _log_what_is_there(directory: StudyDirectory) -> None:
    """Log prediction tables, comparison and report as they are, where they were not logged as they were made."""
    scored = {event["table"]: event["sha256"] for event in read_log.events(directory, "scored")}
    for name, facts in holdings.prediction_digests(directory).items():
        if scored.get(name) != facts["sha256"]:
            read_log.append(directory, "scored", table=name, sha256=facts["sha256"], adopted=True)
    for kind in ("compared", "reported"):
        digest = holdings.output_digest(directory, kind)
        if digest is not None:
            read_log.append(directory, kind, outputs=digest, adopted=True)


def _replaced(directory: StudyDirectory) -> str | None:
    """Digest of the protocol that is there, also of one that was altered."""
    if not directory.protocol.exists():
        return None
    sealed = _sound(directory)
    return f"altered-{holdings.optional_digest(directory.protocol)}" if sealed is None else sealed.digest


def _sound(directory: StudyDirectory) -> Protocol | None:
    try:
        return protocol.load(directory)
    except StudyError:
        return None
