"""Studies for the tests of tracking: directories as a search leaves them, without Ray."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import yaml

from datasets.base.atomic_files import file_digest, write_json
from search_spaces.domains import Value
from study.plan.cells import Plan, plan
from study.search.engine import Engine
from study.spec.loading import parse_spec
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial_storage import Record, open_storage, read_trials


def start(root: Path, trials: int = 4, max_epochs: int = 4, methods=("supervised:ft", "simclr:ft"), **more):
    """A plan and its directory, with the spec written as `study run` writes it."""
    spec = parse_spec(
        {
            "study": "toy",
            "question": "Does the toy learn?",
            "methods": list(methods),
            "backbone": "test_resnet",
            "image_size": 32,
            "train": {"source": "synthetic", "fractions": [1.0]},
            "tests": ["synthetic_test", "synthetic_device"],
            "search": {
                "trials": trials,
                "max_epochs": max_epochs,
                "sampler": "random",
                "shared_design": 2,
                "scheduler": {"asha": {"eta": 2, "grace": 1}},
            },
            "replicate": {"pairs": 2},
            "evaluate": {"copies": 3},
        }
        | more
    )
    directory = StudyDirectory(Path(root).absolute())
    directory.root.mkdir(parents=True, exist_ok=True)
    directory.spec.write_text(yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False))
    return plan(spec), directory


def epoch_points(params: dict[str, Value], epoch: int, bonus: float = 0.0) -> dict[str, float]:
    best = 0.95 + bonus - 0.05 * abs(math.log10(float(params["lr"])) + 2)
    return {
        "val_auc": best - 0.3 * math.exp(-epoch / 3),
        "val_loss": 1.0 / epoch,
        "train_loss": 1.1 / epoch,
        "lr": float(params["lr"]),
        "images": 100.0 * epoch,
        "seconds": 0.25,
    }


def search(the_plan: Plan, directory: StudyDirectory, on_event=None, fails_above=math.inf, between=lambda: None):
    """The real engine over a real storage, one trial after the other, in this process."""
    search = the_plan.spec.search
    record = Record(
        open_storage(directory.storage_url),
        the_plan.spec.study,
        [cell.key for cell in the_plan.cells],
        objective=search.objective,
        direction=search.direction,
    )
    engine = Engine(the_plan, record, on_event)
    while (trial := engine.next()) is not None:
        bonus = 0.02 if trial.cell.startswith("simclr") else 0.0
        record.note(trial.cell, trial.number, host="here", device="cpu, float32")
        for epoch in range(len(trial.epochs) + 1, search.max_epochs + 1):
            between()
            if float(trial.params["weight_decay"]) > fails_above:
                engine.fail(trial.cell, trial.number, "the loss is not finite")
                break
            if not engine.report(trial.cell, trial.number, epoch, epoch_points(dict(trial.params), epoch, bonus)):
                break
        else:
            engine.end(trial.cell, trial.number)
    engine.close()


def finish(the_plan: Plan, directory: StudyDirectory, checkpoint=None) -> None:
    """What the later stages leave: manifests, selection, replicates, predictions, estimates, report."""
    spec = the_plan.spec
    trials = read_trials(directory.storage_url, spec.study)
    data = {"digest": "0123456789abcdef", "classes": ["benign", "melanoma"], "rows": 60, "by_label": {"0": 40, "1": 20}}
    splits = {directory.split(n, 1.0).name: f"{n:016d}" for n in range(spec.replicate.pairs + 1)}
    names = [spec.train.source, *(test.name for test in spec.tests)]
    write_json(directory.manifests, {"data": dict.fromkeys(names, data), "splits": splits})
    winners = {}
    for cell in the_plan.cells:
        own = [trial for trial in trials if trial.cell == cell.key and trial.value is not None]
        winners[cell.key] = [max(own, key=lambda trial: trial.value)]
    frozen = selection_record.propose(spec.digest, "best", winners)
    selection_record.freeze(directory, frozen)
    for winner in frozen.winners:
        for pair in range(1, spec.replicate.pairs + 1):
            _replicate(directory, winner, pair, checkpoint)
            for test in spec.tests:
                _predictions(directory, test.name, winner, pair)
    estimates(the_plan, directory, 0.8)
    directory.report.write_text("<html>the report</html>")


def estimates(the_plan: Plan, directory: StudyDirectory, value: float) -> None:
    rows = [
        {"method": cell.method.name, "fraction": cell.fraction, "dataset": test.name, "metric": "auroc"}
        | {"estimate": value, "low": value - 0.1, "high": None}
        for cell in the_plan.cells
        for test in the_plan.spec.tests
    ]
    directory.comparison.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_parquet(directory.comparison / "estimates.parquet")


def _replicate(directory, winner, pair, checkpoint) -> None:
    where = directory.replicate(winner.cell, winner.rank, pair)
    where.mkdir(parents=True)
    history = [{"epoch": n, "metrics": epoch_points(dict(winner.params), n)} for n in (1, 2, 3)]
    write_json(where / "history.json", history)
    digest = "none"
    if checkpoint is not None:
        (where / "best.pt").write_bytes(checkpoint)
        digest = file_digest(where / "best.pt")
    result = {"job": "x", "epochs": 3, "value": 0.8, "seconds": 3.0, "checkpoint": digest}
    write_json(where / "result.json", result)


def _predictions(directory, dataset, winner, pair) -> None:
    path = directory.prediction(dataset, winner.cell, winner.rank, pair)
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"label": [0, 0, 1, 1], "score": [0.1, 0.6, 0.4, 0.9]}).to_parquet(path, index=False)
    facts = {"selection": "s", "checkpoint": "c", "manifest": "fedcba9876543210", "copies": 3, "rows": 4}
    write_json(path.with_suffix(".json"), facts | {"sha256": file_digest(path)})
