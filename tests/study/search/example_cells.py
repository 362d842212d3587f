"""Small plans and jobs for the engine's tests."""

from __future__ import annotations

from pathlib import Path

from datasets.base.manifest import DataRef
from study.plan.cells import plan
from study.spec.loading import parse_spec
from trainables.job import EncoderRef, Job, TrainingData


def small_plan(trials=6, max_epochs=9, methods=("supervised:ft", "simclr:ft"), resources=None, pairs=5, **search):
    search = {"shared_design": 4, "scheduler": {"asha": {"eta": 3, "grace": 1}}, **search}
    return plan(
        parse_spec(
            {
                "study": "toy",
                "methods": list(methods),
                "backbone": "test_resnet",
                "train": {"source": "synthetic"},
                "tests": ["synthetic_test"],
                "search": {"trials": trials, "max_epochs": max_epochs, **search},
                "replicate": {"pairs": pairs},
                "resources": resources or {},
            }
        )
    )


def job_maker(root: Path):
    def make(cell, number, params):
        return Job(
            encoder=EncoderRef(name=cell.method.encoder),
            pipeline=cell.method.pipeline,
            backbone="test_resnet",
            image_size=32,
            params=dict(params),
            data=TrainingData(ref=DataRef(source="synthetic"), split_file="", short_side=36),
            max_epochs=cell.max_epochs,
            objective="val_auc",
            seed=number,
            directory=str(root / "trials" / cell.key / str(number)),
            stages=str(root / "stages"),
        )

    return make
