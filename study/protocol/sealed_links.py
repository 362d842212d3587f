"""Links of the chain from the seal on: protocol, operating points, the log of test labels, predictions."""

from __future__ import annotations

from collections.abc import Iterator

from study.plan.cells import Plan
from study.protocol import holdings, protocol
from study.protocol.link import CHANGEABLE, Break, changed_keys, sealed_protocol
from study.protocol.protocol import Protocol
from study.store import operating_points_record, read_log, selection_record
from study.store.directory import StudyDirectory


def protocol_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """The protocol is the one that was logged, and the study is still what it says."""
    sealed = protocol.load(directory)
    if sealed is None:
        facts = holdings.prediction_digests(directory).values()
        if read_log.chained(directory, "read") or any("random_state" in fact for fact in facts):
            raise protocol.damaged(directory, "is missing, although test labels were read")
        yield from _before_protocols(plan, directory)
        return
    seals = read_log.events(directory, "sealed")
    if seals and seals[-1]["protocol"] != sealed.digest:
        raise protocol.damaged(directory, f"has digest {sealed.digest}, logged is {seals[-1]['protocol']}")
    if sealed.spec_digest != plan.spec.digest:
        changed = changed_keys(sealed, plan)
        yield Break(
            link="protocol",
            path=directory.spec,
            message=f"A sealed protocol decides what is compared, but {directory.spec} differs from it in "
            f"{', '.join(changed)}. Restore the spec, or say why it changed with --reopen REASON, which the report "
            "will show.",
            reopenable=set(changed) <= set(CHANGEABLE),
        )
    yield from _sealed_records(sealed, directory)
    if sealed.selection is not None:
        found = selection_record.load(directory).digest if directory.selection.exists() else "none"
        if found != sealed.selection:
            yield Break(
                link="selection",
                path=directory.selection,
                message=f"Winners stay frozen once test labels were read, but {directory.selection} has digest "
                f"{found}, sealed is {sealed.selection}. Restore the file, or say why it changed with --reopen REASON, "
                "which the report will show.",
                reopenable=True,
            )


def _sealed_records(sealed: Protocol, directory: StudyDirectory) -> Iterator[Break]:
    """Data, audit: their records are those of the seal, or of the preparation that was logged after it."""
    prepared = read_log.last(directory, "prepared") or {}
    for path, digest in (
        (directory.manifests, prepared.get("manifests", sealed.manifests)),
        (directory.audit, prepared.get("audit", sealed.audit)),
    ):
        if digest is not None and path.exists() and holdings.optional_digest(path) != digest:
            yield Break(
                link="data",
                path=path,
                message=f"What was found in the data stays as it was written, but {path} was altered. Delete it and "
                "`study run` the study again, which writes it anew.",
            )
    if sealed.precision not in (None, holdings.optional_digest(directory.precision)):
        yield Break(
            link="protocol",
            path=directory.precision,
            message=f"All jobs of a study compute in one arithmetic, but {directory.precision} is not the one that was "
            "sealed. Restore it from a backup.",
        )
    recorded = holdings.data_digests(directory)
    for name, digest in sealed.data.items():
        if recorded.get(name, digest) != digest:
            yield Break(
                link="data",
                path=directory.manifests,
                message=f"The data of a study never change, but {name} has digest {recorded[name]}, sealed is "
                f"{digest}. Restore the data that the study started with, or start a study in another directory.",
            )


def _before_protocols(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """Test labels were read by a version that sealed nothing: spec, winners and predictions belong together."""
    if not directory.test_reads.exists():
        if any(directory.predictions.rglob("*.parquet")):
            yield Break(
                link="log",
                path=directory.test_reads,
                message=f"Every read of test labels is logged, but {directory.predictions} holds predictions and "
                f"{directory.test_reads} is missing. Restore it from a backup, or say why it is gone with --reopen "
                "REASON, which the report will show.",
                reopenable=True,
            )
        return
    selection = selection_record.load(directory)
    others = [
        f for f, facts in holdings.prediction_digests(directory).items() if facts["selection"] != selection.digest
    ]
    if selection.spec_digest != plan.spec.digest or others:
        what = f"{directory.predictions / others[0]} was" if others else f"{directory.spec} changed after they were"
        yield Break(
            link="selection",
            path=directory.selection,
            message=f"Test labels are read under one frozen selection, but {what} made under another. Restore the "
            "file, or say why it changed with --reopen REASON, which the report will show.",
            reopenable=True,
        )


def operating_points_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """The sealed thresholds are there, and none were chosen after test labels had been read."""
    sealed, points = sealed_protocol(directory), operating_points_record.load(directory)
    if sealed is None or sealed.operating_points == (None if points is None else points.digest):
        return
    late = points is not None and operating_points_record.labels_were_read(directory)
    if sealed.operating_points is not None or late:
        found = "none" if points is None else points.digest
        yield Break(
            link="operating points",
            path=directory.operating_points,
            message=f"Operating points stay frozen once test labels were read, but {directory.operating_points} has "
            f"digest {found}, sealed is {sealed.operating_points or 'none'}. Restore the file, or say why it changed "
            "with --reopen REASON, which the report will show.",
            reopenable=True,
        )


def log_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """The log's own chain, and that it was not cut: whoever sealed has read."""
    logged = read_log.events(directory)
    kinds = [event["event"] for event in logged]
    sealed = sealed_protocol(directory)
    reopened = 0 if sealed is None else int(sealed.reason is not None)
    unread = "read" not in kinds and any(directory.predictions.rglob("*.parquet"))
    adopted = any("adopted" in event for event in logged) and not (sealed and sealed.late) and not reopened
    if sealed is not None and (unread or adopted or kinds.count("reopened") < reopened):
        yield Break(
            link="log",
            path=directory.test_reads,
            message=f"Every read of test labels is logged, but lines of {directory.test_reads} are missing. Restore "
            "the file from a backup, or say why it changed with --reopen REASON, which the report will show.",
            reopenable=True,
        )


def predictions_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """Every prediction table's record is the one that was logged when it was scored."""
    if sealed_protocol(directory) is None:
        return
    scored = {event["table"]: event for event in read_log.chained(directory, "scored")}
    for name, facts in holdings.prediction_digests(directory).items():
        path = directory.predictions / name
        event = scored.get(name)
        if event is None or ("adopted" not in event and facts.get("log") != event["chain"]):
            yield Break(
                link="log",
                path=directory.test_reads,
                message=f"A prediction table is logged when it is scored, but {directory.test_reads} does not know "
                f"{path} as it is. Restore the log from a backup, or accept the tables as they are with --reopen "
                "REASON, which the report will show.",
                reopenable=True,
            )
            return
        if event["sha256"] != facts.get("sha256") or event.get("facts") not in (None, holdings.facts_digest(facts)):
            yield Break(
                link="predictions",
                path=path,
                message=f"A prediction table never changes, but {path} is not the one that was scored. Delete it and "
                f"its .json, and run `study evaluate {directory.root}`.",
            )
