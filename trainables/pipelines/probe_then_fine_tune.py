"""`lp-ft`: a linear probe, whose head fine-tuning starts from (Kumar et al., ICLR 2022).

A head of zeros sends gradients into the encoder that distort its features before the head fits them; that costs most
out of distribution.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trainables.devices.precision import pick_device
from trainables.job import Job, ParamValue, Report
from trainables.models.classifier import Classifier
from trainables.pipelines.fine_tuning import FineTuning, initial_classifier
from trainables.pipelines.frozen import frozen_features
from trainables.pipelines.pipeline import Pipeline, all_weights
from trainables.pipelines.probes import check_linear, logistic
from trainables.training.hyperparameters import Settings
from trainables.training.task_data import TaskData


def probe_then_fine_tune(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`lp-ft`: the parameter `c` of the linear probe beside those of fine-tuning; both weigh classes by `balanced`."""

    def make(initial: bool) -> Classifier:
        model = initial_classifier(job, data, initial)
        if initial:
            on = pick_device(device)
            features = frozen_features(job, data, model.to(on).eval(), on, "pooled")
            training = features.take(np.arange(len(data.training.rows)))
            model.head = logistic(job, training, data.training.labels, len(data.classes))
        return model

    FineTuning(job, data, make, device).run(report)


def _check(params: Mapping[str, ParamValue]) -> None:
    Settings.of(params)
    check_linear(params)


LP_FT = Pipeline(run=probe_then_fine_tune, space="lp-ft", trained=all_weights, check=_check)
