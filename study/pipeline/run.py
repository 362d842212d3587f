"""Run a study: all its stages in order, or one of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from datasets.base.errors import DataError
from study.base.errors import StudyError
from study.evaluation import prediction_tables
from study.pipeline.stages import STAGES
from study.pipeline.status import stages_to_run
from study.plan.cells import Plan
from study.protocol import seal
from study.protocol.opening import open_study
from study.store.directory import StudyDirectory
from study.store.disk import require_space
from study.store.lock import only_driver
from study.store.stage import Observer, StageContext, record_seconds
from study.tracking import open_tracker

INTERRUPTED = 2.0  # seconds that the writer of an interrupted study gets to finish; the next run writes the rest


def run_study(
    plan: Plan,
    directory: StudyDirectory,
    *,
    observers: Sequence[Observer] = (),
    address: str | None = None,
    reopen: str | None = None,
) -> None:
    """Run every stage whose result is not there. Stopped at any point, run it again.

    Raises `StudyError` for bad input, a cluster that cannot be reached and a trial that never fits onto it, all before
    anything starts.
    """
    context = StageContext(plan=plan, directory=directory, observers=tuple(observers), address=address, reopen=reopen)
    stages = stages_to_run(plan, directory)
    if not stages:
        prediction_tables.verify(directory)  # what is said to be complete is there as it was written
        context.message(f"nothing to do: {directory.root} is complete")
        return
    for name in stages:
        STAGES[name].check(context)
    with _tracked(context) as tracked:
        for name in stages:
            _run(tracked, name)


def run_stage(
    root: Path,
    name: str,
    *,
    observers: Sequence[Observer] = (),
    address: str | None = None,
    reopen: str | None = None,
) -> None:
    """Run one stage of the study in `root`, whatever has been done before."""
    plan, directory = open_study(root, reopen=reopen)
    context = StageContext(plan=plan, directory=directory, observers=tuple(observers), address=address, reopen=reopen)
    with _tracked(context) as tracked:
        _run(tracked, name)


@contextmanager
def _tracked(context: StageContext) -> Iterator[StageContext]:
    """The context with tracking among its observers, while no other process runs this study."""
    with only_driver(context.directory.root, "run"):
        require_space(context.directory)
        seal.adopt(context.plan, context.directory)
        tracker = open_tracker(context.plan, context.directory)
        try:
            yield replace(context, observers=(*context.observers, tracker))
        except (KeyboardInterrupt, SystemExit):
            tracker.close(INTERRUPTED)
            raise
        except BaseException:
            tracker.close()
            raise
        tracker.close()


def _run(context: StageContext, name: str) -> None:
    for observer in context.observers:
        observer.on_stage_start(name)
    started = time.monotonic()
    try:
        STAGES[name].run(context)
    except DataError as error:
        raise StudyError(str(error)) from error
    seconds = time.monotonic() - started
    if STAGES[name].timed:
        record_seconds(context.directory, name, seconds)
    for observer in context.observers:
        observer.on_stage_end(name, seconds)
