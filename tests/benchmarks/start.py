"""How long one waits before anything happens: the command line, the imports of a worker, the start of a trial."""

from __future__ import annotations

import dataclasses
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.pairs import in_turns

ROOT = Path(__file__).parents[2]
WORKER = """
import trainables.training.task_data
from trainables.pipelines.registry import PIPELINES
PIPELINES.get("ft")
"""
COMMANDS = {
    "`study --help`": ["-m", "study", "--help"],
    "limit: an empty Python": ["-c", "pass"],
    "limit: importing Typer": ["-c", "import typer"],
    "a worker's imports (torch, timm, OpenCV, ours)": ["-c", WORKER],
    "limit: importing torch": ["-c", "import torch"],
}


def run(short: bool) -> dict:
    """Commands in fresh processes; a trial of a small study in a process that has trained one before."""
    spent = in_turns({name: _process(arguments) for name, arguments in COMMANDS.items()}, 3 if short else 15)
    rows = [{"what": name, "seconds": statistics.median(taken)} for name, taken in spent.items()]
    cold, warm = _trials(5 if short else 15)
    rows.append({"what": "a trial of a small study, all but its epoch: first in its process", "seconds": cold})
    rows.append({"what": "a trial of a small study, all but its epoch: in a warm process", "seconds": warm})
    return {
        "title": "Start-up",
        "rows": rows,
        "note": "A trial's start is the time of a whole one-epoch training less what the epoch itself reports: reading "
        "the split, opening the cache, building the encoder from its weights, validation views, and both checkpoints.",
    }


def _process(arguments: list[str]):
    def work() -> None:
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, timeout=120)

    return work


def _trials(count: int) -> tuple[float, float]:
    """Seconds of the first trial's start in this process, and the median of the later ones."""
    from study.plan.cells import plan
    from study.preparation.manifests import write_splits
    from study.preparation.prepare import load_manifests
    from study.spec.loading import load_spec
    from study.store.directory import StudyDirectory
    from study.training.jobs import trial_job
    from trainables.run_job import train

    planned = plan(load_spec(ROOT / "tests/benchmarks/plain_tune.yaml"))
    cell = next(cell for cell in planned.cells if cell.fraction < 1)
    params = {"lr": 0.01, "weight_decay": 1e-3, "momentum": 0.9, "batch_size": 32, "schedule": "cosine"}
    params |= {"balanced": False, "patience": 5, "freeze_bn": False}
    with tempfile.TemporaryDirectory() as name:
        directory = StudyDirectory(Path(name))
        write_splits(planned.spec, directory, load_manifests(planned)[planned.spec.train.source])
        starts = []
        for number in range(count + 1):
            job = dataclasses.replace(trial_job(planned, directory, cell, number, params), max_epochs=1)
            epochs: list[float] = []
            started = time.perf_counter()
            train(job, lambda epoch, metrics, checkpoint: epochs.append(metrics["seconds"]))  # noqa: B023
            starts.append(time.perf_counter() - started - sum(epochs))
    return starts[0], statistics.median(starts[1:])
