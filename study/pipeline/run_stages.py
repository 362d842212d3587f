"""The whole line: every stage in order, what is done already skipped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.analysis import budget_ledger
from study.cluster import connection
from study.console.progress import Progress, duration
from study.pipeline import status
from study.plan.cells import Plan
from study.preparation import manifests as data
from study.preparation import prepare
from study.search import read_trials, run_search
from study.selection import rules
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.lock import only_driver
from study.store.opening import open_study
from study.store.trial import TrialRecord
from study.tracking import open_tracker
from study.training.method_checks import check_methods

if TYPE_CHECKING:
    from datasets.base.manifest import Manifest
    from study.tracking import Tracker


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run over a study directory, and who hears of it."""

    plan: Plan
    directory: StudyDirectory
    progress: Progress
    tracker: Tracker
    address: str | None = None
    manifests: dict[str, Manifest] = field(default_factory=dict)  # of all data sets, when they were looked at already
    reopen: str | None = None  # why a selection may change although test labels were read

    def prepare(self) -> None:
        """Decode the images, write splits, audit for leaks."""
        manifests = self.manifests or prepare.load_manifests(self.plan)
        prepare.prepare(self.plan, self.directory, manifests, self.progress.say)

    def search(self) -> None:
        """Tune every cell to its budget."""
        from study.training.jobs import trial_job

        plan, directory = self.plan, self.directory
        known = read_trials(directory.storage_url, plan.spec.study) if (directory.root / "trials.db").exists() else []
        self.progress.search(known)

        def heard(trial: TrialRecord) -> None:
            self.progress.on_trial(trial)
            self.tracker.on_trial(trial)

        run_search(
            plan,
            directory,
            lambda cell, number, params: trial_job(plan, directory, cell, number, params),
            address=self.address,
            on_event=heard,
        )
        self.progress.search_done()

    def select(self) -> None:
        """Freeze the winners of every cell, by validation results alone."""
        spec = self.plan.spec
        trials = read_trials(self.directory.storage_url, spec.study)
        found = rules.winners(self.plan, trials, data.validation_size(spec, self.directory))
        frozen = selection_record.freeze(
            self.directory, selection_record.propose(spec.digest, spec.select.rule, found), reopen=self.reopen
        )
        for edge in budget_ledger.edges(self.plan, found).to_dict("records"):
            self.progress.say(
                f"warning: the winner of {edge['cell']} has {edge['parameter']} = {edge['value']:g} on the "
                f"{edge['edge']} edge of the search space: the best may lie outside"
            )
        self.progress.say(f"selection {frozen.digest}: {len(frozen.winners)} winners by rule {frozen.rule!r}")

    def replicate(self) -> None:
        """Train the winners anew on fresh (split, seed) pairs."""
        from study.training.replicates import replicate

        connection.connect(self.address)
        with self.progress.stage("replicate") as count:
            replicate(self.plan, self.directory, count)

    def evaluate(self) -> None:
        """Score every replicate on every test set, then look at what the winners look at."""
        from study.evaluation.evaluate import evaluate
        from study.evaluation.qualitative import write_panels

        connection.connect(self.address)
        with self.progress.stage("evaluate") as count:
            evaluate(self.plan, self.directory, count)
        write_panels(self.directory, self.plan)

    def compare(self) -> None:
        """Statistics over the prediction tables."""
        from study.analysis import compare_stage

        compare_stage.compare(self.plan, self.directory)
        status.remember(self.directory, "compare", made_from=compare_stage.fingerprint(self.plan, self.directory))

    def report(self) -> None:
        """One HTML page and its tables."""
        from study.analysis import compare_stage
        from study.report import write_report

        where = self.directory
        write_report(where.comparison, where.report, where.tables, where.figures)
        status.remember(self.directory, "report", made_from=compare_stage.fingerprint(self.plan, self.directory))


STAGES: dict[str, Callable[[Line], None]] = {
    "prepare": Line.prepare,
    "search": Line.search,
    "select": Line.select,
    "replicate": Line.replicate,
    "evaluate": Line.evaluate,
    "compare": Line.compare,
    "report": Line.report,
}


def run_line(plan: Plan, directory: StudyDirectory, *, address: str | None = None, reopen: str | None = None) -> None:
    """Walk the whole line; stages whose results are there are skipped. Stopped at any point, run it again."""
    missing = [name for name, count in status.counts(plan, directory).items() if not count.complete]
    with Progress(plan) as progress:
        if not missing:
            progress.say(f"nothing to do: {directory.root} is complete")
            return
        order = list(STAGES)
        stages = order[order.index(missing[0]) :]
        if "evaluate" in stages and "prepare" not in stages:
            stages.insert(0, "prepare")  # what trains or scores needs the data as they were, decoded on this machine
        manifests = check_inputs(plan, address) if "prepare" in stages else {}
        with _line(plan, directory, progress, address=address, reopen=reopen, manifests=manifests) as line:
            for name in stages:
                run_stage(line, name)


def check_inputs(plan: Plan, address: str | None) -> dict[str, Manifest]:
    """The manifests of all data sets, once everything that can be wrong was looked at: nothing has started before.

    Raises `StudyError` for bad input, a cluster that cannot be reached, and a trial that never fits onto it.
    """
    from study.cluster.capacity import Room

    manifests = prepare.load_manifests(plan)
    with ThreadPoolExecutor(1) as beside:  # to import torch takes about as long as to start a cluster
        methods = beside.submit(check_methods, plan)
        connection.connect(address)
        methods.result()
    Room(plan)
    return manifests


def run_alone(root: Path, name: str, *, address: str | None = None, reopen: str | None = None) -> None:
    """One stage of the study in `root`, whatever has been done before."""
    plan, directory = open_study(root)
    with Progress(plan) as progress, _line(plan, directory, progress, address=address, reopen=reopen) as line:
        run_stage(line, name)


@contextmanager
def _line(plan: Plan, directory: StudyDirectory, progress: Progress, **options: Any) -> Iterator[Line]:
    with only_driver(directory.root, "run"):
        tracker = open_tracker(plan, directory)
        try:
            yield Line(plan=plan, directory=directory, progress=progress, tracker=tracker, **options)
        finally:
            tracker.close()


def run_stage(line: Line, name: str) -> None:
    """One stage, timed, told to the tracker when it ends."""
    line.progress.say(f"stage {name}")
    started = time.monotonic()
    STAGES[name](line)
    spent = time.monotonic() - started
    if name not in ("compare", "report"):  # their own times would change what they are made from
        status.remember(line.directory, name, seconds=spent)
    line.tracker.stage(name)
    line.progress.say(f"stage {name} done after {duration(spent)}")
