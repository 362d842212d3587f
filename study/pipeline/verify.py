"""`study verify`: the whole chain of a study looked at, file by file; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datasets.base.atomic_files import file_digest
from study.base.errors import StudyError
from study.evaluation import prediction_tables
from study.plan.cells import Plan
from study.protocol import chain, holdings, protocol
from study.store import operating_points_record, read_log
from study.store.directory import StudyDirectory

Answer = Literal["holds", "broken", "not checkable"]
LINKS = ("spec", "splits", "trials", "selection", "operating points", "protocol", "data", "log", "predictions")


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the chain: whether it holds, and why not."""

    name: str
    answer: Answer
    detail: str = ""


def verify(plan: Plan, directory: StudyDirectory) -> list[Link]:
    """Every link from the spec to the report, checkpoints and prediction tables by their bytes."""
    broken: dict[str, list[str]] = {}
    for found in chain.breaks(plan, directory):
        broken.setdefault(found.link, []).append(found.message)
    looks = (("checkpoints", _checkpoints), ("operating points", _validation), ("predictions", _tables))
    for name, look in looks:
        broken.setdefault(name, []).extend(look(directory))
    sealed = protocol.load(directory) if not broken.get("protocol") else None
    links = [_link(name, broken.get(name, [])) for name in (*LINKS, "checkpoints")]
    if sealed is None and not broken.get("protocol"):
        reason = "not sealed yet: no test label was read"
        if directory.test_reads.exists():
            reason = "not sealed: test labels were read by an older version; the next run seals what is there"
        links = [Link(name=k.name, answer="not checkable", detail=reason) if k.name == "protocol" else k for k in links]
    return links + ([] if broken.get("log") else [_output(directory, kind) for kind in holdings.OUTPUTS])


def _link(name: str, messages: list[str]) -> Link:
    return Link(name=name, answer="broken" if messages else "holds", detail="\n".join(messages))


def _checkpoints(directory: StudyDirectory) -> Iterator[str]:
    for result in sorted((directory.root / "replicates").rglob("result.json")):
        checkpoint = result.with_name("best.pt")
        again = "Run `study replicate` on the study again."
        try:
            recorded = holdings.read_json(result, again).get("checkpoint")
        except StudyError as error:
            yield str(error)
            continue
        if not checkpoint.is_file() or file_digest(checkpoint) != recorded:
            yield f"A checkpoint never changes, but {checkpoint} is not what was recorded. Delete its folder. {again}"


def _validation(directory: StudyDirectory) -> Iterator[str]:
    try:
        points = operating_points_record.load(directory)
    except StudyError:  # the chain says so
        return
    for one in () if points is None else points.replicates:
        path = directory.validation_table(one.cell, one.rank, one.pair)
        if holdings.optional_digest(path) not in (None, one.validation):
            yield (
                f"Operating points rest on validation scores, but {path} is not what {directory.operating_points.name} "
                f"recorded. Delete it and its .json, and run `study calibrate {directory.root}`."
            )


def _tables(directory: StudyDirectory) -> Iterator[str]:
    try:
        prediction_tables.verify(directory)
    except StudyError as error:
        yield str(error)


def _output(directory: StudyDirectory, kind: str) -> Link:
    name = {"compared": "comparison", "reported": "report"}[kind]
    found = read_log.events(directory, kind)  # type: ignore[arg-type]
    now = holdings.output_digest(directory, kind)
    if not found or now is None:
        return Link(name=name, answer="not checkable", detail="not made yet" if now is None else "not logged")
    if found[-1]["outputs"] == now:
        return Link(name=name, answer="holds")
    places = ", ".join(str(Path(directory.root) / place) for place in holdings.OUTPUTS[kind])
    stage = {"compared": "compare", "reported": "report"}[kind]
    return Link(
        name=name,
        answer="broken",
        detail=f"Files were altered since they were written in {places}. Run `study {stage} {directory.root}`.",
    )
