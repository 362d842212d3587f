"""The record of trials: an Optuna storage, one Optuna study a cell, written by one driver and read by anyone.

Whatever the engine decides is a function of this record; nothing else about a search is kept anywhere. Every write is
one transaction, and writing again what is already there changes nothing, so a kill between any two writes is safe.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from datasets.base.atomic_files import text_digest
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.trial import EpochRecord, Origin, State, TrialRecord
from study.store.trial_table import Direction, TrialTable, best

EPOCH = "epoch:"  # user attribute `epoch:<n>`: order and metrics of one epoch
LOCK_WAIT = 60.0  # seconds that a write waits for a reader of the SQLite file
_STATES: dict[State, TrialState] = {
    "WAITING": TrialState.WAITING,
    "RUNNING": TrialState.RUNNING,
    "COMPLETE": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
    "FAIL": TrialState.FAIL,
}
_NAMES: dict[TrialState, State] = {state: name for name, state in _STATES.items()}


class Record(TrialTable):
    """The trials in memory and in the storage alike: the storage first. One writer at a time (see `lock`)."""

    def __init__(self, storage: BaseStorage, study: str, cells: Iterable[str], *, objective: str, direction: Direction):
        super().__init__(cells, objective=objective, direction=direction)
        self._storage = storage
        self._studies = {cell: _study_id(storage, f"{study}/{cell}", direction) for cell in self.cells}
        self._ids: dict[tuple[str, int], int] = {}
        for cell, study_id in self._studies.items():
            found = storage.get_all_trials(study_id, deepcopy=False)
            self.cells[cell] = [_trial(cell, trial, direction) for trial in found]
            self._ids.update({(cell, trial.number): trial._trial_id for trial in found})

    def create(
        self,
        cell: str,
        params: Mapping[str, Value],
        distributions: Mapping[str, BaseDistribution],
        *,
        origin: Origin,
        seed: int,
    ) -> TrialRecord:
        """A new RUNNING trial with all its parameters, in one transaction; its number is the next one of the cell."""
        template = create_trial(
            state=TrialState.RUNNING,
            params={name: value for name, value in params.items() if name in distributions},
            distributions=dict(distributions),
            user_attrs={
                "origin": origin,
                "seed": seed,
                "fixed": {name: value for name, value in params.items() if name not in distributions},
            },
        )
        template.datetime_start = datetime.now()
        trial_id = self._storage.create_new_trial(self._studies[cell], template)
        trial = super().create(cell, params, distributions, origin=origin, seed=seed)
        self._ids[cell, trial.number] = trial_id
        return trial

    def epoch(self, cell: str, number: int, epoch: int, metrics: Mapping[str, float]) -> TrialRecord:
        """Append one epoch. The attribute is written last and is what counts: without it the epoch did not happen."""
        trial_id = self._ids[cell, number]
        self._storage.set_trial_intermediate_value(trial_id, epoch, metrics[self.objective])
        self._storage.set_trial_user_attr(trial_id, f"{EPOCH}{epoch}", {"order": self.order(cell), **metrics})
        return super().epoch(cell, number, epoch, metrics)

    def finish(self, cell: str, number: int, state: State, reason: str = "") -> TrialRecord:
        """End a trial; its value is the best of its epochs. A finished trial stays as it is.

        Its digest is of what the storage gives back, so that whoever reads it later can compare.
        """
        trial = self.get(cell, number)
        if not trial.finished:
            if reason:
                self._storage.set_trial_user_attr(self._ids[cell, number], "reason", reason)
            stored = _trial(cell, self._storage.get_trial(self._ids[cell, number]), self.direction)
            digest = text_digest(replace(stored, state=state).content)
            self._storage.set_trial_user_attr(self._ids[cell, number], "digest", digest)
            values = None if trial.value is None or state == "FAIL" else [trial.value]
            self._storage.set_trial_state_values(self._ids[cell, number], _STATES[state], values)
        return super().finish(cell, number, state, reason)

    def attempt(self, cell: str, number: int, reason: str) -> TrialRecord:
        """Count one more attempt of a trial that lost its process or its node, and say why."""
        trial = super().attempt(cell, number, reason)
        self._storage.set_trial_user_attr(self._ids[cell, number], "attempts", trial.attempts)
        self._storage.set_trial_user_attr(self._ids[cell, number], "lost", trial.extra["lost"])
        return trial

    def note(self, cell: str, number: int, **facts: str) -> TrialRecord:
        """Keep facts about a trial; those that the record has already are not written again."""
        trial = self.get(cell, number)
        known = {"host": trial.host, "device": trial.device, **trial.extra}
        for name, fact in facts.items():
            if known.get(name) != fact:
                self._storage.set_trial_user_attr(self._ids[cell, number], name, fact)
        return super().note(cell, number, **facts)


def open_storage(url: str) -> BaseStorage:
    """The storage behind a URL. SQLite keeps its default journal: unlike WAL it also works on a shared file system."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        if not path.exists():
            _make_tables(path)
        return RDBStorage(url, engine_kwargs={"connect_args": {"timeout": LOCK_WAIT}})
    return RDBStorage(url)


def _make_tables(path: Path) -> None:
    """A file is there with all its tables or not at all: Optuna makes them in several steps, and a reader that came
    in between would make them too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    storage = RDBStorage(f"sqlite:///{half}")
    storage.remove_session()
    storage.engine.dispose()
    os.replace(half, path)


def read_trials(storage_url: str, study: str) -> list[TrialRecord]:
    """Every trial that a storage knows of a study, in the order of its cells' names and the trials' numbers.

    Safe while a search runs. A storage that does not exist yet has no trials.
    """
    if storage_url.startswith("sqlite:///") and not Path(storage_url.removeprefix("sqlite:///")).is_file():
        return []
    with _readable(storage_url):
        return _read_trials(open_storage(storage_url), study)


@contextmanager
def _readable(storage_url: str) -> Iterator[None]:
    """Raise `StudyError` where the storage cannot be read."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise StudyError(
            f"The record of trials is whole, but {storage_url.removeprefix('sqlite:///')} cannot be read: {cause}. "
            "Restore it from a backup, or start the study in another directory."
        ) from error


def _read_trials(storage: BaseStorage, study: str) -> list[TrialRecord]:
    studies = {frozen.study_name: frozen for frozen in storage.get_all_studies()}
    return [
        _trial(name.removeprefix(f"{study}/"), trial, _direction(studies[name]))
        for name in sorted(name for name in studies if name.startswith(f"{study}/"))
        for trial in storage.get_all_trials(studies[name]._study_id, deepcopy=False)
    ]


def study_trials(plan: Plan, directory: StudyDirectory) -> list[TrialRecord]:
    """Every trial of a study that was started, as `read_trials`."""
    return read_trials(directory.storage_url, plan.spec.study)


def _study_id(storage: BaseStorage, name: str, direction: Direction) -> int:
    for found in storage.get_all_studies():
        if found.study_name == name:
            return found._study_id
    which = StudyDirection.MAXIMIZE if direction == "maximize" else StudyDirection.MINIMIZE
    return storage.create_new_study([which], name)


def _direction(frozen: FrozenStudy) -> Direction:
    return "maximize" if frozen.direction == StudyDirection.MAXIMIZE else "minimize"


def _trial(cell: str, frozen: FrozenTrial, direction: Direction) -> TrialRecord:
    attributes = dict(frozen.user_attrs)
    epochs = []
    for name in sorted((n for n in attributes if n.startswith(EPOCH)), key=lambda n: int(n.removeprefix(EPOCH))):
        metrics = dict(attributes.pop(name))
        order = int(metrics.pop("order"))
        epochs.append(EpochRecord(epoch=int(name.removeprefix(EPOCH)), metrics=metrics, order=order))
    known = {record.epoch for record in epochs}
    values = [value for epoch, value in frozen.intermediate_values.items() if epoch in known]
    return TrialRecord(
        cell=cell,
        number=frozen.number,
        state=_NAMES[frozen.state],
        params={**attributes.pop("fixed", {}), **frozen.params},
        value=best(values, direction) if values else None,
        epochs=tuple(epochs),
        origin=attributes.pop("origin", "sampler"),
        attempts=int(attributes.pop("attempts", 1)),
        seconds=sum(record.metrics.get("device_seconds", 0.0) for record in epochs),
        reason=attributes.pop("reason", ""),
        seed=int(attributes.pop("seed", 0)),
        started=frozen.datetime_start.timestamp() if frozen.datetime_start else None,
        ended=frozen.datetime_complete.timestamp() if frozen.datetime_complete else None,
        host=attributes.pop("host", ""),
        device=attributes.pop("device", ""),
        digest=attributes.pop("digest", ""),
        extra={name: str(value) for name, value in attributes.items()},
    )
