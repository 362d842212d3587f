"""The runs that MLflow should hold: read from the study directory, and kept up to date by events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from study.plan.cells import Plan
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.store.trial_storage import study_trials
from study.tracking.desired.artifacts import study_files
from study.tracking.desired.cell_runs import cell_run, study_run
from study.tracking.desired.dataset_inputs import DatasetInputs
from study.tracking.desired.identity import Identity
from study.tracking.desired.replicate_runs import evaluation_run, replicate_run
from study.tracking.desired.runs import STUDY, Run, cell_key, evaluation_key, replicate_key, trial_key
from study.tracking.desired.trial_runs import trial_run
from study.tracking.sync.journal import Event
from study.training.replicates import pairs


class DesiredState:
    """The desired runs of a study. `load` reads the directory, `update` applies one event."""

    def __init__(self, plan: Plan, directory: StudyDirectory, identity: Identity):
        self.plan, self.directory, self.identity = plan, directory, identity
        self.trials: dict[tuple[str, int], TrialRecord] = {}
        self.refresh()

    def load(self) -> None:
        """Read the trials from their storage, and the files of every stage."""
        for trial in study_trials(self.plan, self.directory):
            self._merge(trial)
        self.refresh()

    def refresh(self) -> None:
        """Read the data sets, the selection and the results again."""
        self.inputs = DatasetInputs(self.plan, self.directory)
        self._selection = selection_record.load(self.directory) if self.directory.selection.exists() else None
        self.winners = () if self._selection is None else self._selection.winners
        self._results = _test_results(self.directory)

    def update(self, event: Event) -> list[str]:
        """Apply an event; returns the keys of the runs that it changes."""
        if event.trial is None:
            self.refresh()
            selected = [trial_key(winner.cell, winner.trial) for winner in self.winners]
            return [key for key in self.run_keys() if not key.startswith("trial/")] + selected
        trial = self._merge(event.trial, event.epochs)
        if len(trial.epochs) < event.epochs:
            self.load()  # an earlier event was lost; the storage has it
        keys = [trial_key(trial.cell, trial.number)]
        return [*keys, cell_key(trial.cell), STUDY] if trial.finished else keys

    def run_keys(self) -> list[str]:
        """Keys of all runs that the study has so far, parents first."""
        found = [] if self._selection is None else pairs(self.plan, self._selection)
        replicates = [(winner.cell, winner.rank, pair) for winner, pair in found]
        return [
            STUDY,
            *(cell_key(cell.key) for cell in self.plan.cells),
            *(trial_key(cell, number) for cell, number in self.trials),
            *(replicate_key(*replicate) for replicate in replicates),
            *(evaluation_key(test.name, *replicate) for test in self.plan.spec.tests for replicate in replicates),
        ]

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
        cell, _, replicate = rest.partition("/")
        numbers, _, dataset = replicate.partition("/")
        rank, pair = (int(number) for number in numbers.split("-"))
        assert self._selection is not None, "replicates are of a selection"
        of_pair = self._selection.of_pair(pair)
        winner = next(winner for winner in of_pair if (winner.cell, winner.rank) == (cell, rank))
        if kind == "replicate":
            tags = self._tags(_modified(self.directory.replicate(cell, rank, pair) / "result.json"), kind)
            return replicate_run(self.plan, self.directory, winner, pair, inputs=self.inputs, tags=tags)
        tags = self._tags(_modified(self.directory.prediction(dataset, cell, rank, pair)), kind)
        test = next(test for test in self.plan.spec.tests if test.name == dataset)
        return evaluation_run(self.plan, self.directory, test, winner, pair, inputs=self.inputs, tags=tags)

    def _merge(self, trial: TrialRecord, epochs: int | None = None) -> TrialRecord:
        """Add a trial's new epochs and its state; an event that is older than the stored trial changes nothing.

        `epochs`: how many epochs the trial had at the event. New epochs that leave a gap are dropped.
        """
        stored = self.trials.get((trial.cell, trial.number))
        earlier = stored.epochs if stored else ()
        new = tuple(record for record in trial.epochs if record.epoch > len(earlier))
        if new and new[0].epoch != len(earlier) + 1:
            new = ()
        outdated = stored is not None and (stored.finished or (epochs is not None and epochs < len(earlier)))
        if stored is not None and outdated and not trial.finished:
            return stored
        merged = replace(trial, epochs=earlier + new)
        self.trials[trial.cell, trial.number] = merged
        return merged

    def _trial(self, trial: TrialRecord) -> Run:
        fraction = self.plan.cell(trial.cell).fraction
        trial_id = (trial.cell, trial.number)
        rank = next((str(winner.rank + 1) for winner in self.winners if (winner.cell, winner.trial) == trial_id), "")
        tags = self._tags(trial.started, "trial") | {"split_digest": self.inputs.split_digest(0, fraction)}
        return trial_run(self.plan, trial, inputs=self.inputs.training(0, fraction), tags=tags, rank=rank)

    def _cell(self, key: str) -> Run:
        cell = self.plan.cell(key)
        winners = [winner for winner in self.winners if winner.cell == key]
        tags = self._tags(None, "cell") | {"winner": ", ".join(f"#{winner.trial:02d}" for winner in winners)}
        return cell_run(
            self.plan,
            cell,
            [trial for (name, _), trial in self.trials.items() if name == key],
            searched=bool(self.winners),
            began=self.identity.sessions[0].time,
            values=self._results.get((cell.method.name, cell.fraction), {}) | self._validation_rank(key),
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

    def _validation_rank(self, key: str) -> dict[str, float]:
        """Rank of a cell's first winner (of its searches' on average) among the methods at its fraction, 1 the best, by
        validation results."""
        fraction = self.plan.cell(key).fraction
        sign = -1 if self.plan.spec.search.direction == "maximize" else 1
        values: dict[str, list[float]] = {}
        for winner in self.winners:
            if winner.rank == 0:
                values.setdefault(winner.cell, []).append(sign * winner.value)
        first = {cell: fmean(found) for cell, found in values.items()}
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


def _modified(path: Path) -> float | None:
    """Unix time at which a file was last written; None where there is none."""
    return path.stat().st_mtime if path.exists() else None


def _test_results(directory: StudyDirectory) -> dict[tuple[str, float], dict[str, float]]:
    """Test results of each cell, as the comparison estimates them: `auroc_<test set>` with its interval's ends."""
    path = directory.comparison / "estimates.parquet"
    if not path.is_file():
        return {}
    import pandas as pd

    results: dict[tuple[str, float], dict[str, float]] = {}
    table = pd.read_parquet(path)
    for row in table[table["metric"] == "auroc"].to_dict("records"):
        values: dict[Any, Any] = {
            f"auroc_{row['dataset']}": row["estimate"],
            f"auroc_{row['dataset']}_low": row["low"],
            f"auroc_{row['dataset']}_high": row["high"],
        }
        metrics = results.setdefault((row["method"], row["fraction"]), {})
        metrics |= {name: float(value) for name, value in values.items() if value == value and value is not None}
    return results
