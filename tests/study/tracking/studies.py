"""Studies for the tests of tracking: directories as a search leaves them, without Ray."""

from __future__ import annotations

import math
from pathlib import Path

import yaml

from search_spaces.domains import Value
from study.layout import StudyDirectory
from study.plan import Plan, plan
from study.search.engine import Engine
from study.search.record import Record, open_storage
from study.spec import parse_spec


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


def curve(params: dict[str, Value], epoch: int) -> dict[str, float]:
    best = 0.9 - 0.05 * abs(math.log10(float(params["lr"])) + 2)
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
        record.note(trial.cell, trial.number, host="here", device="cpu")
        for epoch in range(len(trial.epochs) + 1, search.max_epochs + 1):
            between()
            if float(trial.params["weight_decay"]) > fails_above:
                engine.fail(trial.cell, trial.number, "the loss is not finite")
                break
            if not engine.report(trial.cell, trial.number, epoch, curve(dict(trial.params), epoch)):
                break
        else:
            engine.end(trial.cell, trial.number)
    engine.close()
