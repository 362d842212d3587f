"""Whose fault it is that a worker group has ended: the configuration's, the machine's or the code's."""

from __future__ import annotations

import pytest
from ray.exceptions import ActorDiedError
from ray.train import WorkerGroupError
from ray.train.v2._internal.exceptions import UserExceptionWithTraceback, WorkerHealthCheckFailedError

from trainables import ray_train
from trainables.job import TrainingError

LOST = WorkerHealthCheckFailedError("A worker health check failed.", failure=ActorDiedError())
CUT = RuntimeError("Connection closed by peer")  # what the others' collectives say then


@pytest.mark.parametrize(
    ("failures", "kind", "said"),
    [
        ({0: LOST, 1: CUT}, OSError, "the worker group lost a worker"),
        ({0: CUT, 1: LOST}, OSError, "the worker group lost a worker"),
        ({0: LOST, 1: TrainingError("it diverged")}, TrainingError, "it diverged"),
        ({0: UserExceptionWithTraceback(TrainingError("it diverged"), "…")}, TrainingError, "it diverged"),
        ({0: UserExceptionWithTraceback(KeyError("no such layer"), "…"), 1: CUT}, KeyError, "no such layer"),
        ({}, OSError, "the worker group lost a worker"),
    ],
)
def test_a_lost_worker_is_the_machine_s_and_costs_no_trial(failures, kind, said):
    class Trainer:
        def fit(self) -> None:
            raise WorkerGroupError("…", failures)

    outcome: list[BaseException] = []
    ray_train._fit(Trainer(), outcome)
    assert type(outcome[0]) is kind
    assert said in str(outcome[0])
