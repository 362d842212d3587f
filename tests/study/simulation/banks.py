"""Small banks of curves for tests."""

from __future__ import annotations

import numpy as np

from datasets.base.seeds import rng
from study.plan.cells import plan as make_plan
from study.search.samplers.sampler import Request
from study.search.samplers.sobol import SAMPLER, trials_of
from study.simulation.curve_bank import write_bank
from study.spec.loading import parse_spec
from study.store.trial import EpochRecord, TrialRecord

EPOCHS = 9
NOISE = 0.004


def bank_plan(fractions=(1.0, 0.1)):
    return make_plan(
        parse_spec(
            {
                "study": "bank",
                "methods": ["supervised:ft", "simclr:ft", "supervised:linear"],
                "backbone": "test_resnet",
                "train": {"source": "synthetic", "fractions": list(fractions)},
                "tests": ["synthetic_test"],
                "search": {"trials": 4, "max_epochs": EPOCHS},
            }
        )
    )


def true_auc(params, epochs=EPOCHS):
    """Best at a learning rate near 0.02 and with the cosine schedule; a fixed curve for a probe."""
    if "lr" not in params:
        return np.array([0.7 + 0.02 * np.log10(params["c"] / 1e-5) / 6])
    distance = abs(np.log10(params["lr"] / 0.02)) / 3.5
    rate = 1 - np.exp(-np.arange(1, epochs + 1) / 3)
    return 0.6 + (0.25 - 0.15 * distance - 0.02 * (params["schedule"] == "plateau")) * rate


def bank_trials(plan, configurations=24, noise=NOISE):
    """Trials as `study curves` records them: Sobol points, a third twice; the largest learning rates diverge."""
    trials = []
    for cell in plan.cells:
        for number in range(trials_of(configurations)):
            request = Request(
                cell=cell.key, space=cell.space, trials=(), number=number, study_seed=0, direction="maximize"
            )
            params = SAMPLER.suggest(request)
            auc = true_auc(params) + rng(cell.key, number).normal(0.0, noise, len(true_auc(params)))
            fails = params.get("lr", 0.0) > 0.1
            kept = auc[:2] if fails else auc
            trials.append(
                TrialRecord(
                    cell=cell.key,
                    number=number,
                    state="FAIL" if fails else "COMPLETE",
                    reason="it diverged" if fails else "",
                    params=params,
                    value=float(kept.max()),
                    epochs=tuple(
                        EpochRecord(epoch=epoch, metrics={"val_auc": float(value), "seconds": 0.1})
                        for epoch, value in enumerate(kept, 1)
                    ),
                )
            )
    return trials


def small_bank(path, **options):
    plan = bank_plan()
    return write_bank(plan, bank_trials(plan, **options), path)
