"""Training on Ray: the one file of this room that knows Ray. A Tune trial trains through Ray Train's `TorchTrainer`.

One worker: Ray Train's in-process local mode inside the re-used Tune actor. Several: a worker group (DDP) beside it.
The training is named by its import path, so that Ray carries names and plain data, never code.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from trainables.job import Job, Metrics, Report, StopTraining, TrainingError

Train = Callable[[Job, Report], None]
TRAIN = "trainables.run_job:train"
POLL = 1.0  # seconds between looks at whether a worker group still lives
GROUP_END = 120.0  # seconds that a stopped worker group gets to end its epoch and shut down
LIMITS = {
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "180",  # that a stopped training gets to leave, for its actor to be used again
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "300",
    "RAY_TRAIN_COLLECTIVE_TIMEOUT_S": "600",
}


def trial(config: Mapping[str, Any]) -> None:
    """A Tune function trainable. `config`: `job` (JSON), `train` (module:function), `workers`, `worker` (resources).

    Every epoch is reported to Tune as `epoch, metrics, host, device`; a `TrainingError` as `failed`, because it is a
    result of the configuration and no fault of the process, which goes on to the next trial.
    """
    import ray.tune

    os.environ.update(LIMITS)  # here, because only this process reads them
    try:
        (_in_process if config["workers"] == 1 else _in_group)(config)
    except TrainingError as error:
        ray.tune.report({"failed": str(error)})


def group(function: str, text: str, *, workers: int, worker: Mapping[str, float]) -> None:
    """Call `module:function(text)` in every process of a worker group, outside of Tune, and wait for its end.

    `worker`: resources of one. Raises the `TrainingError` that a worker raised, `OSError` where the group cannot run.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    os.environ.update(LIMITS)
    outcome: list[BaseException] = []
    with _scratch() as storage:
        trainer = TorchTrainer(
            _call,
            train_loop_config={"function": function, "text": text},
            scaling_config=ScalingConfig(
                num_workers=workers, use_gpu=worker.get("GPU", 0) > 0, resources_per_worker=dict(worker)
            ),
            run_config=RunConfig(name="group", storage_path=storage, failure_config=FailureConfig(max_failures=0)),
        )
        _fitting(trainer, outcome).join()
    for error in outcome:
        raise error


def _call(config: Mapping[str, Any]) -> None:
    module, _, function = config["function"].partition(":")
    getattr(importlib.import_module(module), function)(config["text"])


def resolve(name: str) -> Train:
    """The training function that `module:function` names."""
    module, _, function = name.partition(":")
    found: Train = getattr(importlib.import_module(module), function)
    return found


def _in_process(config: Mapping[str, Any]) -> None:
    import ray.tune
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    lap = _clock()

    def report(epoch: int, metrics: Metrics, checkpoint: str | None) -> None:
        ray.tune.report(_result(epoch, {**metrics, "device_seconds": lap()}))

    def loop() -> None:
        resolve(config["train"])(Job.from_json(config["job"]), report)

    TorchTrainer(loop, scaling_config=ScalingConfig(num_workers=0), run_config=RunConfig(name="trial")).fit()


def _in_group(config: Mapping[str, Any]) -> None:
    """Train on a worker group and stand between it and Tune.

    Ray's own way ends a stopped trial by killing this actor, and leaks the group's controller and placement group
    where no dashboard runs. Here the search answers the group's reports in `mailbox`: one that is to stop ends like any
    other training, and the trial, for Tune, with it.
    """
    import ray
    import ray.tune
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    name = f"mailbox-{uuid.uuid4().hex}"
    mailbox: Any = ray.remote(num_cpus=0)(_Mailbox).options(name=name).remote()
    workers, storage = int(config["workers"]), _scratch()
    trainer = TorchTrainer(
        _worker,
        train_loop_config={"job": config["job"], "train": config["train"], "mailbox": mailbox},
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu=config["worker"].get("GPU", 0) > 0,
            resources_per_worker=dict(config["worker"]),
        ),
        run_config=RunConfig(name="trial", storage_path=storage.name, failure_config=FailureConfig(max_failures=0)),
    )
    outcome: list[BaseException] = []
    lap, group = _clock(), _fitting(trainer, outcome)
    try:
        while group.is_alive():
            message: dict[str, Any] | None = ray.get(mailbox.take.remote(POLL))
            if message is None:
                continue
            if "epoch" in message:
                message["metrics"]["device_seconds"] = lap() * workers
            else:
                message["mailbox"] = name
            ray.tune.report(message)  # leaves by SystemExit when the whole run is interrupted
    except SystemExit:
        mailbox.answer.remote(False)
        raise
    finally:
        group.join(GROUP_END)
        ray.kill(mailbox)
        storage.cleanup()
    for error in outcome:
        raise error


def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Where Ray Train keeps notes of its own on a worker group, which nobody reads: the study directory has them."""
    return tempfile.TemporaryDirectory(prefix="worker-group-", ignore_cleanup_errors=True)


def _fitting(trainer: Any, outcome: list[BaseException]) -> threading.Thread:
    """A thread in which the trainer's group runs; `outcome` gets the error that it ended with.

    Never the main one: there Ray Train installs a SIGINT handler that holds the group's controller as long as this
    process lives, and a controller that ends together with its cluster can be left behind.
    """
    thread = threading.Thread(target=_fit, args=(trainer, outcome), daemon=True)
    thread.start()
    return thread


def _fit(trainer: Any, outcome: list[BaseException]) -> None:
    from ray.train import ControllerError, WorkerGroupError

    try:
        trainer.fit()
    except WorkerGroupError as error:
        causes = [_cause(failure) for failure in error.worker_failures.values()] or [_cause(error)]
        # One worker's end makes the others' collectives fail: the configuration's own fault first, then the machine's.
        causes.sort(key=lambda cause: (not isinstance(cause, TrainingError), not isinstance(cause, OSError)))
        outcome.append(causes[0])
    except ControllerError as error:
        outcome.append(OSError(f"the worker group could not be run: {error}"))
    except Exception as error:  # noqa: BLE001 - handed on, not handled
        outcome.append(error)  # whoever waits for this thread raises it


def _cause(error: BaseException) -> BaseException:
    """What a worker's failure comes from: what its training raised, or `OSError` where Ray lost the worker."""
    from ray.train.v2._internal.exceptions import RayTrainError  # base of what `ray.train` exports; ray 2.60

    cause = getattr(error, "cause", None) or getattr(error, "_base_exc", None)
    found = cause if isinstance(cause, BaseException) else error
    return OSError(f"the worker group lost a worker: {found}") if isinstance(found, RayTrainError) else found


def _worker(config: Mapping[str, Any]) -> None:
    """One worker of a group. Rank 0 reports and hears whether training goes on; all ranks learn it from rank 0."""
    import ray
    import torch.distributed as dist

    mailbox, rank = config["mailbox"], dist.get_rank()
    if rank == 0:
        group = ray.util.get_current_placement_group()
        ray.get(mailbox.exchange.remote({"group": group.id.hex() if group else ""}))

    def report(epoch: int, metrics: Metrics, checkpoint: str | None) -> None:
        goes_on = [True]
        if rank == 0:
            goes_on = [ray.get(mailbox.exchange.remote(_result(epoch, dict(metrics))))]
        dist.broadcast_object_list(goes_on, src=0)
        if not goes_on[0]:
            raise StopTraining

    try:
        resolve(config["train"])(Job.from_json(config["job"]), report)
    except StopTraining:
        return


class _Mailbox:
    """Between rank 0 and the Tune actor: one message at a time, each answered before the next."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[bool] = asyncio.Queue()

    async def exchange(self, message: dict[str, Any]) -> bool:
        """Leave a message and wait for its answer."""
        await self._messages.put(message)
        return await self._answers.get()

    async def take(self, timeout: float) -> dict[str, Any] | None:
        """The next message; None when there is none for `timeout` seconds."""
        try:
            return await asyncio.wait_for(self._messages.get(), timeout)
        except TimeoutError:
            return None

    async def answer(self, goes_on: bool) -> None:
        """Answer the message taken last."""
        await self._answers.put(goes_on)


def _result(epoch: int, metrics: dict[str, float]) -> dict[str, Any]:
    from trainables.devices.precision import describe, pick_device

    return {"epoch": epoch, "metrics": metrics, "host": socket.gethostname(), "device": describe(pick_device())}


def _clock() -> Callable[[], float]:
    """A function that gives the wall seconds since its last call: an epoch's evaluation and checkpoint count too."""
    last = time.monotonic()

    def lap() -> float:
        nonlocal last
        now = time.monotonic()
        seconds, last = now - last, now
        return seconds

    return lap
