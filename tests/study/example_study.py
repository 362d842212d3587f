"""Small specs and trial records for the tests of the study room."""

from __future__ import annotations

from study.plan.cells import plan
from study.spec.loading import parse_spec
from study.store.trial import EpochRecord, TrialRecord

SPEC = {
    "study": "small",
    "methods": ["supervised:ft", "simclr:ft"],
    "backbone": "test_resnet",
    "image_size": 32,
    "train": {"source": "synthetic", "fractions": [1.0, 0.1], "subsamples": 2},
    "tests": ["synthetic_test", "synthetic_device"],
    "search": {"trials": 4, "max_epochs": 3, "shared_design": 2, "scheduler": {"asha": {"eta": 3, "grace": 1}}},
    "replicate": {"pairs": 2},
    "evaluate": {"copies": 2},
}


def raw(**changes):
    """The spec as read from YAML, with top-level keys replaced."""
    return {**SPEC, **changes}


def spec(**changes):
    return parse_spec(raw(**changes))


def planned(**changes):
    return plan(spec(**changes))


def trial(cell, number, values, *, state="COMPLETE", params=None, images=100.0, objective="val_auc"):
    """A finished trial with one value of the objective an epoch."""
    epochs = tuple(
        EpochRecord(epoch=epoch, metrics={objective: value, "images": images * epoch, "device_seconds": 1.0})
        for epoch, value in enumerate(values, 1)
    )
    best = (max if objective == "val_auc" else min)(values) if values else None
    return TrialRecord(
        cell=cell,
        number=number,
        state=state,
        params=params or {"lr": 0.01, "weight_decay": 1e-3, "batch_size": 32, "schedule": "cosine", "balanced": True},
        value=best,
        epochs=epochs,
        seconds=float(len(values)),
    )
