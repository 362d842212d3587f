"""Training on Ray: the one file of this room that knows Ray. A Tune trial trains through Ray Train's `TorchTrainer`.

One worker: Ray Train's in-process local mode inside the re-used Tune actor. The training is named by its import path,
so that Ray carries names and plain data, never code.
"""

from __future__ import annotations

import importlib
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from trainables.job import Job, Metrics, Report, TrainingError

Train = Callable[[Job, Report], None]
TRAIN = "trainables.run:train"


def trial(config: Mapping[str, Any]) -> None:
    """A Tune function trainable. `config`: `job` (JSON), `train` (module:function), `workers`.

    Every epoch is reported to Tune as `epoch, metrics, host, device`; a `TrainingError` as `failed`, because it is a
    result of the configuration and no fault of the process, which goes on to the next trial.
    """
    import ray.tune
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    clock = _Clock()

    def report(epoch: int, metrics: Metrics, checkpoint: str | None) -> None:
        ray.tune.report(
            {
                "epoch": epoch,
                "metrics": {**metrics, "device_seconds": clock.lap()},
                "checkpoint": checkpoint or "",
                "host": socket.gethostname(),
                "device": device_name(),
            }
        )

    def loop() -> None:
        resolve(config["train"])(Job.from_json(config["job"]), report)

    try:
        TorchTrainer(loop, scaling_config=ScalingConfig(num_workers=0), run_config=RunConfig(name="trial")).fit()
    except TrainingError as error:
        ray.tune.report({"failed": str(error)})


def resolve(name: str) -> Train:
    """The training function that `module:function` names."""
    module, _, function = name.partition(":")
    found: Train = getattr(importlib.import_module(module), function)
    return found


def device_name() -> str:
    """The device that this process trains on, in words."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


class _Clock:
    """Wall time on the device, epoch by epoch: an epoch's evaluation and checkpoint are part of it."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        return seconds
