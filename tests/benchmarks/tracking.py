"""What tracking costs the driver a report, against Ray's own MLflow callback, and what a tracked study costs in all."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from study.store.trial import EpochRecord, TrialRecord
from study.tracking import Tracker, open_tracker, read_backlog
from tests.study.tracking.servers import MlflowServer
from tests.study.tracking.studies import start

EPOCHS, TURNS, TRIALS_A_TURN = 10, 5, 1
OURS, PEER = "this project's tracker", "Ray's MLflowLoggerCallback"


def run(short: bool) -> dict:
    """Both ways, to a SQLite file and to a server; then a whole study through ours."""
    rows = [row for kind in ("SQLite", "server") for row in _rows(kind, 20 if short else 1000)]
    return {
        "title": f"Tracking: driver time a report, and whole studies of {EPOCHS} epochs a trial",
        "rows": rows,
        "note": "A report is one epoch's seven metrics of one trial; times a report are medians over all reports of "
        f"{TURNS} turns, in which both ways write {TRIALS_A_TURN * EPOCHS} reports each, one way after the other, on "
        "the same server or file system; the ratio is the median of the turns' ratios. Seconds run from the first "
        "report until the server has acknowledged all of them; MB is the database of runs.",
    }


def _rows(kind: str, trials: int) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if kind == "SQLite":
            os.environ.pop("MLFLOW_TRACKING_URI", None)
            return _measure(kind, root, f"sqlite:///{root / 'peer.db'}", root / "ours" / "mlflow.db", trials)
        with MlflowServer(root / "server", login=False) as server:
            os.environ["MLFLOW_TRACKING_URI"] = server.uri
            return _measure(kind, root, server.uri, root / "server" / "server.db", trials)


def _measure(kind: str, root: Path, peer_uri: str, database: Path, trials: int) -> list[dict]:
    plan, directory = start(root / "ours", trials=trials + TURNS * TRIALS_A_TURN, max_epochs=EPOCHS, methods=["a:ft"])
    tracker, peer = open_tracker(plan, directory), Peer(peer_uri)
    _wait_for_the_writer(directory)
    ours, theirs, ratios = [], [], []
    for turn in range(TURNS):
        mine = [t for n in range(TRIALS_A_TURN) for t in _ours(tracker, turn * TRIALS_A_TURN + n)]
        other = [t for n in range(TRIALS_A_TURN) for t in peer.trial(turn * TRIALS_A_TURN + n)]
        ratios.append(statistics.median(other) / statistics.median(mine))
        ours, theirs = ours + mine, theirs + other
    began, size = time.monotonic(), database.stat().st_size
    ours += [t for number in range(trials) for t in _ours(tracker, TURNS * TRIALS_A_TURN + number)]
    tracker.close(timeout=1200.0)
    spent = time.monotonic() - began
    assert read_backlog(directory).waiting == 0, read_backlog(directory)
    whole = {
        "a study of": f"{trials} trials",
        "seconds": spent,
        "MB": (database.stat().st_size - size) / 1e6,
    }
    blank = {"a study of": "", "seconds": "", "MB": ""}
    return [
        {"to": kind, "way": OURS, "ms/report": 1e3 * statistics.median(ours), "worst ms": 1e3 * max(ours), "×": 1.0}
        | whole,
        {
            "to": kind,
            "way": PEER,
            "ms/report": 1e3 * statistics.median(theirs),
            "worst ms": 1e3 * max(theirs),
            "×": statistics.median(ratios),
        }
        | blank,
    ]


def _wait_for_the_writer(directory, limit: float = 180.0) -> None:
    deadline = time.monotonic() + limit
    while not read_backlog(directory).target or read_backlog(directory).waiting:
        assert time.monotonic() < deadline, "the writer does not start"
        time.sleep(0.1)


def _metrics(epoch: int) -> dict[str, float]:
    losses = {"train_loss": 1.0 / epoch, "val_loss": 1.1 / epoch, "val_auc": 1 - 0.5 / epoch, "lr": 0.01}
    return losses | {"images": 1e4 * epoch, "images_per_second": 500.0 + epoch, "seconds": 1.0}


def _records(number: int) -> Iterator[TrialRecord]:
    """A trial as the engine tells of it: created, after every epoch, ended."""
    known = {"cell": "a-ft-1", "number": number, "params": {"lr": 0.01, "weight_decay": 1e-4, "batch_size": 32}}
    known |= {"value": 0.9, "started": 1e9 + 100 * number, "host": "here", "device": "cpu"}
    epochs: tuple[EpochRecord, ...] = ()
    yield TrialRecord(**known, state="RUNNING")
    for epoch in range(1, EPOCHS + 1):
        epochs = (*epochs, EpochRecord(epoch=epoch, metrics=_metrics(epoch)))
        yield TrialRecord(**known, state="RUNNING", epochs=epochs)
    yield TrialRecord(**known, state="COMPLETE", epochs=epochs, ended=1e9 + 100 * number + EPOCHS)


def _ours(tracker: Tracker, number: int) -> list[float]:
    """Seconds of each report of one trial."""
    spent = []
    for record in _records(number):
        began = time.perf_counter()
        tracker.on_trial(record)
        if record.epochs and not record.finished:
            spent.append(time.perf_counter() - began)
    return spent


class Peer:
    """Ray's callback, called as Tune's loop calls it."""

    def __init__(self, uri: str):
        from ray.air.integrations.mlflow import MLflowLoggerCallback

        self._callback = MLflowLoggerCallback(tracking_uri=uri, experiment_name="peer")
        self._callback.setup()

    def trial(self, number: int) -> list[float]:
        trial = _Trial(number)
        self._callback.log_trial_start(trial)
        spent = []
        for epoch in range(1, EPOCHS + 1):
            result = {"training_iteration": epoch, **_metrics(epoch)}
            began = time.perf_counter()
            self._callback.log_trial_result(epoch, trial, result)
            spent.append(time.perf_counter() - began)
        self._callback.log_trial_end(trial)
        return spent


class _Trial:
    """What the callback reads of a Tune trial."""

    def __init__(self, number: int):
        self.number = number
        self.config = {"lr": 0.01, "weight_decay": 1e-4, "batch_size": 32}

    def __str__(self) -> str:
        return f"trial_{self.number}"
