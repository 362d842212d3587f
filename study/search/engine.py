"""The engine: what happens next in a study, as a function of its record. It knows neither Ray nor training.

Ray Tune's searcher and scheduler (`searcher`, `scheduler`) and the simulator (`simulate`) drive the same engine.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from datasets.base.seeds import seed
from study.plan.cells import Plan
from study.plan.repeats import search_of_trial
from study.search.allocation import furthest_behind
from study.search.budget import Budget
from study.search.samplers.designs import CellSampler
from study.search.samplers.optuna_study import distributions
from study.search.schedulers.asha import PROMOTED
from study.search.schedulers.scheduler import Decision, Scheduler
from study.spec.choices import SCHEDULERS
from study.store.searches import of_search, renumbered
from study.store.trial import State, TrialRecord
from study.store.trial_table import TrialTable

MAX_LOST = 5  # attempts in a row that may be lost without a new epoch before a trial counts as failed
MAX_ERRORS = 5  # trials in a row that may end in an error, with no epoch of any other between, before the search pauses
Listener = Callable[[TrialRecord], None]


class Engine:
    """Decides for all cells of a plan. Every answer is recorded before it is given."""

    def __init__(self, plan: Plan, record: TrialTable, on_event: Listener | None = None):
        search = plan.spec.search
        self.plan = plan
        self.record = record
        self._repeats = search.repeats
        self.sampler = CellSampler(
            name=search.sampler,
            shared_design=search.shared_design,
            study_seed=plan.spec.seed,
            direction=search.direction,
        )
        self.budgets = {
            cell.key: Budget(trials=cell.trials, epochs=search.epochs_per_cell, seconds=search.seconds_per_cell)
            for cell in plan.cells
        }
        self.schedulers = _schedulers(plan)
        self._tell = on_event or (lambda _: None)
        self._queue: deque[tuple[str, int]] = deque()
        self._live: dict[str, set[int]] = {cell.key: set() for cell in plan.cells}
        self._errors: dict[tuple[str, int], str] = {}  # trials that ended in an error since the last epoch of any
        self.paused: str | None = None  # why nothing more is started: a fault that every trial would meet
        self._reconcile()

    def _reconcile(self) -> None:
        """Take up what a killed driver left RUNNING: end what had been decided, queue the rest to go on."""
        running = [trial for trial in self.record.trials() if trial.state == "RUNNING"]
        for trial in sorted(running, key=lambda trial: trial.started or 0.0):
            if not (trial.epochs and self._leaves(trial.cell, trial.number, trial.epochs[-1].epoch)):
                self._queue.append((trial.cell, trial.number))

    def peek(self) -> str | None:
        """The cell of the trial that `next` would give; None when there is none to give now."""
        if self._waits_for_an_epoch:
            return None
        if self._queue:
            return self._queue[0][0]
        promoted = self._promoted()
        return promoted[0] if promoted else furthest_behind(self.budgets, self.record.cells)

    def next(self) -> TrialRecord | None:
        """The next trial to run: one that goes on, else a new one of the cell furthest behind; None: there is none."""
        if self._waits_for_an_epoch:
            return None
        promoted = None if self._queue else self._promoted()
        if self._queue or promoted:
            cell, number = promoted or self._queue.popleft()
            self._live[cell].add(number)
            trial = self.record.get(cell, number)
            return self.record.note(cell, number, **{PROMOTED: str(len(trial.epochs))}) if promoted else trial
        key = furthest_behind(self.budgets, self.record.cells)
        if key is None:
            return None
        space = self.plan.cell(key).space
        trials = self.record.cells[key]
        search = search_of_trial(len(trials), self._repeats)
        seen = of_search([self._as_seen(trial) for trial in trials], search, self._repeats)
        params, origin = self.sampler.next(key, space, seen, search)
        trial = self.record.create(
            key,
            params,
            distributions(space),
            origin=origin,
            seed=seed(self.plan.spec.seed, "train", len(trials)),
        )
        self._live[key].add(trial.number)
        self._tell(trial)
        return trial

    def close(self) -> None:
        """Nothing runs and nothing can start: what still waits for a promotion has been passed over for good."""
        self._settle_errors()
        for trial in self.record.trials():
            if trial.state == "RUNNING" and trial.number not in self._live[trial.cell]:
                self._finish(
                    trial.cell,
                    trial.number,
                    "PRUNED",
                    f"{self.schedulers[trial.cell].label} at epoch {len(trial.epochs)}",
                )

    def report(self, cell: str, number: int, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Record an epoch; whether the trial goes on. Epochs that the record has are ignored: a resumed training
        reports its history anew."""
        trial = self.record.get(cell, number)
        if trial.finished:
            return False
        if epoch <= len(trial.epochs):
            return True
        bad = [name for name, value in metrics.items() if not math.isfinite(value)]
        if bad or epoch != len(trial.epochs) + 1:
            why = f"{bad[0]} is not finite" if bad else f"epoch {epoch} reported after epoch {len(trial.epochs)}"
            self.fail(cell, number, f"epoch {epoch}: {why}")
            return False
        self._settle_errors()
        self._tell(self.record.epoch(cell, number, epoch, metrics))
        return not self._leaves(cell, number, epoch)

    def end(self, cell: str, number: int) -> None:
        """The training returned by itself: complete, if it ever reported."""
        if number not in self._live[cell]:
            return
        if not self.record.get(cell, number).epochs:
            self.fail(cell, number, "the training ended without reporting an epoch")
            return
        self._finish(cell, number, "COMPLETE")

    def fail(self, cell: str, number: int, reason: str) -> None:
        """The configuration itself failed: it has used up its share of the budget and is never retried."""
        self._finish(cell, number, "FAIL", reason)

    def error(self, cell: str, number: int, reason: str) -> None:
        """The code raised. That is the configuration's doing, and the trial fails, once another trial gets on; where
        `MAX_ERRORS` trials end so one after the other, and none that runs gets on either, it is the study's, and they
        stay in the budget."""
        if number not in self._live[cell]:
            return
        self._errors[cell, number] = reason
        self._leave(cell, number)

    def pause(self, reason: str) -> None:
        """Something is wrong that every trial would meet. What runs stays RUNNING in the record and goes on later."""
        self.paused = self.paused or reason

    @property
    def _waits_for_an_epoch(self) -> bool:
        """So many errors in a row that nothing more starts before a trial that runs has got on."""
        return len(self._errors) >= MAX_ERRORS

    def _leave(self, cell: str, number: int) -> None:
        """The trial's process is free. Where nothing runs that could still show that errors are single ones: pause."""
        self._live[cell].discard(number)
        if self._waits_for_an_epoch and not any(self._live.values()):
            last = list(self._errors.values())[-1]
            self.pause(f"{len(self._errors)} trials in a row ended in an error, the last with: {last}")

    def _settle_errors(self) -> None:
        for (cell, number), reason in self._errors.items():
            self._finish(cell, number, "FAIL", reason)
        self._errors.clear()

    def lost(self, cell: str, number: int, reason: str) -> None:
        """Process or node lost: the same trial goes on from its last checkpoint, before any new one starts.

        A trial that is lost `MAX_LOST` times in a row without a new epoch brings its hosts down itself, or meets what
        all others meet too: an error.
        """
        if number not in self._live[cell]:
            return
        trial = self.record.get(cell, number)
        here = f"epoch {len(trial.epochs)}:"
        before = sum(line.startswith(here) for line in trial.extra.get("lost", "").splitlines())
        if before + 1 >= MAX_LOST:
            self.error(cell, number, f"lost {MAX_LOST} times at {here} {reason}")
            return
        when = datetime.now(UTC).isoformat(timespec="seconds")
        self._tell(self.record.attempt(cell, number, f"{when} {reason}"))
        self._queue.append((cell, number))
        self._leave(cell, number)

    def _leaves(self, cell: str, number: int, epoch: int) -> bool:
        """Whether the trial leaves its slot after `epoch`: at its end, or by its scheduler, or by its cell's caps."""
        trials = self.record.cells[cell]
        cap = self.budgets[cell].capped(trials)
        if epoch >= self.plan.cell(cell).max_epochs:
            self._finish(cell, number, "COMPLETE")
        elif cap is not None:
            self._finish(cell, number, "PRUNED", cap)
        else:
            scheduler = self.schedulers.get(cell)
            own = of_search(trials, search_of_trial(number, self._repeats), self._repeats)
            decision = scheduler.decide(own, number // self._repeats, epoch) if scheduler else Decision.CONTINUE
            if scheduler and decision is Decision.STOP:
                self._finish(cell, number, "PRUNED", f"{scheduler.label} at epoch {epoch}")
            elif decision is Decision.PAUSE:
                self._leave(cell, number)
            return decision is not Decision.CONTINUE
        return True

    def _finish(self, cell: str, number: int, state: State, reason: str = "") -> None:
        self._tell(self.record.finish(cell, number, state, reason))
        self._leave(cell, number)

    def _promoted(self) -> tuple[str, int] | None:
        """The next trial to be promoted, if any, of the cell furthest behind."""
        found = {
            key: number
            for key, scheduler in self.schedulers.items()
            if self.budgets[key].capped(self.record.cells[key]) is None
            and (number := self._promoted_in(scheduler, self.record.cells[key])) is not None
        }
        key = min(found, key=lambda key: self.budgets[key].share(self.record.cells[key]), default=None)
        return None if key is None else (key, found[key])

    def _promoted_in(self, scheduler: Scheduler, trials: Sequence[TrialRecord]) -> int | None:
        """The next trial to be promoted of a cell; where several searches have one, of that with the fewest epochs."""
        found = {}
        for search in range(self._repeats):
            own = of_search(trials, search, self._repeats)
            number = scheduler.promote(own)
            if number is not None:
                found[number * self._repeats + search] = sum(len(trial.epochs) for trial in own)
        return min(found, key=lambda number: found[number], default=None)

    def _as_seen(self, trial: TrialRecord) -> TrialRecord:
        """A trial as the sampler sees it: one that waits at a rung has been passed over so far, one that ended in an
        error has most likely failed."""
        if (trial.cell, trial.number) in self._errors:
            return replace(trial, state="FAIL")
        scheduler = self.schedulers.get(trial.cell)
        waits = scheduler is not None and scheduler.waits(renumbered(trial, self._repeats))
        return replace(trial, state="PRUNED") if waits else trial


def _schedulers(plan: Plan) -> dict[str, Scheduler]:
    """One scheduler a cell: no method is stopped because another one learns faster. It holds no trials, so that the
    searches of a cell share it: each is asked about its own."""
    search = plan.spec.search
    if search.scheduler.name is None:
        return {}
    kind: type[Scheduler] = SCHEDULERS.get(search.scheduler.name)
    arguments = kind.Arguments.model_validate(search.scheduler.arguments)
    return {
        cell.key: kind(arguments, max_epochs=cell.max_epochs, objective=search.objective, direction=search.direction)
        for cell in plan.cells
    }
