"""The book: everything that tracking knows of a study, read from its directory and kept up by events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from study.plan.cells import Plan
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.store.trial_storage import study_trials
from study.tracking.desired.artifacts import study_files
from study.tracking.desired.cell_runs import cell_run, study_run
from study.tracking.desired.dataset_inputs import Inputs
from study.tracking.desired.identity import Identity
from study.tracking.desired.replicate_runs import evaluation_run, replicate_run
from study.tracking.desired.runs import STUDY, Run, cell_key, evaluation_key, replicate_key, trial_key
from study.tracking.desired.trial_runs import trial_run
from study.tracking.sync.journal import Event


class Book:
    """Answers with the runs that MLflow should hold. `load` reads the directory, `apply` takes in an event."""

    def __init__(self, plan: Plan, directory: StudyDirectory, identity: Identity):
        self.plan, self.directory, self.identity = plan, directory, identity
        self.trials: dict[tuple[str, int], TrialRecord] = {}
        self.look()

    def load(self) -> None:
        """Take in what the directory holds: the trials of its storage, and the files of every stage."""
        for trial in study_trials(self.plan, self.directory):
            self._take(trial)
        self.look()

    def look(self) -> None:
        """Read the small files of the study anew."""
        self.inputs = Inputs(self.plan, self.directory)
        self.selected = selection_record.load(self.directory).winners if self.directory.selection.exists() else ()
        self._results = _results(self.directory)

    def apply(self, event: Event) -> list[str]:
        """Take in an event; returns the keys of the runs that it changes."""
        if event.trial is None:
            self.look()
            return [key for key in self.known() if not key.startswith("trial/")] + self._trials_selected()
        trial = self._take(event.trial, event.epochs)
        if len(trial.epochs) < event.epochs:
            self.load()  # an earlier event was lost; the storage has it
        keys = [trial_key(trial.cell, trial.number)]
        return [*keys, cell_key(trial.cell), STUDY] if trial.finished else keys

    def known(self) -> list[str]:
        """Keys of all runs that the study has so far, parents first."""
        rest = [replicate_key(cell, rank, pair) for cell, rank, pair in self._replicates()]
        scored = [
            evaluation_key(test.name, cell, rank, pair)
            for test in self.plan.spec.tests
            for cell, rank, pair in self._replicates()
        ]
        trials = [trial_key(cell, number) for cell, number in self.trials]
        return [STUDY, *(cell_key(cell.key) for cell in self.plan.cells), *trials, *rest, *scored]

    def run(self, key: str) -> Run | None:
        """The run under a key; None where the directory does not hold it yet."""
        kind, _, rest = key.partition("/")
        if kind == "trial":
            cell, _, number = rest.rpartition("/")
            return self._trial(self.trials[cell, int(number)])
        if kind == "cell":
            return self._cell(rest)
        if kind == STUDY:
            return self._study()
        where, _, dataset = rest.partition("/")[2].partition("/")
        rank, pair = (int(part) for part in where.split("-"))
        cell = rest.partition("/")[0]
        winner = next(found for found in self.selected if (found.cell, found.rank) == (cell, rank))
        if kind == "replicate":
            tags = self._tags(_written(self.directory.replicate(cell, rank, pair) / "result.json"), kind)
            return replicate_run(self.plan, self.directory, winner, pair, inputs=self.inputs, tags=tags)
        tags = self._tags(_written(self.directory.prediction(dataset, cell, rank, pair)), kind)
        test = next(found for found in self.plan.spec.tests if found.name == dataset)
        return evaluation_run(self.plan, self.directory, test, winner, pair, inputs=self.inputs, tags=tags)

    def _take(self, trial: TrialRecord, epochs: int | None = None) -> TrialRecord:
        """Take a trial in; what is known of it already is never taken back by an older event."""
        before = self.trials.get((trial.cell, trial.number))
        known = before.epochs if before else ()
        new = tuple(record for record in trial.epochs if record.epoch > len(known))
        if new and new[0].epoch != len(known) + 1:
            new = ()
        older = before is not None and (before.finished or (epochs is not None and epochs < len(known)))
        if before is not None and older and not trial.finished:
            return before
        taken = replace(trial, epochs=known + new)
        self.trials[trial.cell, trial.number] = taken
        return taken

    def _trial(self, trial: TrialRecord) -> Run:
        fraction = self.plan.cell(trial.cell).fraction
        rank = next((str(w.rank + 1) for w in self.selected if (w.cell, w.trial) == (trial.cell, trial.number)), "")
        tags = self._tags(trial.started, "trial") | {"split_digest": self.inputs.split_digest(0, fraction)}
        return trial_run(self.plan, trial, inputs=self.inputs.training(0, fraction), tags=tags, rank=rank)

    def _cell(self, key: str) -> Run:
        cell = self.plan.cell(key)
        winners = [winner for winner in self.selected if winner.cell == key]
        tags = self._tags(None, "cell") | {"winner": ", ".join(f"#{winner.trial:02d}" for winner in winners)}
        return cell_run(
            self.plan,
            cell,
            [trial for (name, _), trial in self.trials.items() if name == key],
            searched=bool(self.selected),
            began=self.identity.sessions[0].time,
            values=self._results.get((cell.method.name, cell.fraction), {}) | self._rank(key),
            tags=tags | {"split_digest": self.inputs.split_digest(0, cell.fraction)},
            inputs=self.inputs.training(0, cell.fraction),
        )

    def _study(self) -> Run:
        return study_run(
            self.plan,
            self.directory,
            list(self.trials.values()),
            began=self.identity.sessions[0].time,
            tags=self._tags(None, "study"),
            inputs=self.inputs.all(),
            files=study_files(self.directory),
        )

    def _rank(self, key: str) -> dict[str, float]:
        """Rank of a cell's first winner among the methods at its fraction, 1 the best, by validation results."""
        fraction = self.plan.cell(key).fraction
        sign = -1 if self.plan.spec.search.direction == "maximize" else 1
        first = {w.cell: sign * w.value for w in self.selected if w.rank == 0}
        if key not in first:
            return {}
        peers = [value for cell, value in first.items() if self.plan.cell(cell).fraction == fraction]
        return {"rank": 1.0 + sum(value < first[key] for value in peers)}

    def _tags(self, when: float | None, kind: str) -> dict[str, str]:
        session = self.identity.session(when)
        return {
            "kind": kind,
            "spec_digest": self.plan.spec.digest,
            "code_commit": session.commit,
            "versions": session.versions,
            "mlflow.user": session.user,
            "mlflow.source.name": f"study run {self.plan.spec.study}",
            "mlflow.source.type": "LOCAL",
            "mlflow.source.git.commit": session.commit,
        }

    def _replicates(self) -> Iterator[tuple[str, int, int]]:
        for pair in range(1, self.plan.spec.replicate.pairs + 1):
            for winner in self.selected:
                yield winner.cell, winner.rank, pair

    def _trials_selected(self) -> list[str]:
        return [trial_key(winner.cell, winner.trial) for winner in self.selected]


def _written(path: Path) -> float | None:
    return path.stat().st_mtime if path.exists() else None


def _results(directory: StudyDirectory) -> dict[tuple[str, float], dict[str, float]]:
    """Test results of each cell, as the comparison estimates them: `auroc_<test set>` with its interval's ends."""
    path = directory.comparison / "estimates.parquet"
    if not path.is_file():
        return {}
    import pandas as pd

    found: dict[tuple[str, float], dict[str, float]] = {}
    table = pd.read_parquet(path)
    for row in table[table["metric"] == "auroc"].to_dict("records"):
        values: dict[Any, Any] = {
            f"auroc_{row['dataset']}": row["estimate"],
            f"auroc_{row['dataset']}_low": row["low"],
            f"auroc_{row['dataset']}_high": row["high"],
        }
        known = found.setdefault((row["method"], row["fraction"]), {})
        known |= {name: float(value) for name, value in values.items() if value == value and value is not None}
    return found
