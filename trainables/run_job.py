"""Train one job: the function that schedulers, tests and notebooks call."""

from __future__ import annotations

from trainables.job import Job, Report, StopTraining, TrainingError


def train(job: Job, report: Report, *, device: str | None = None) -> None:
    """Train a job to its end, from its last checkpoint when there is one; `report` hears every epoch once.

    A resumed training first reports the epochs that its checkpoint holds. Returns when the budget is used up, training
    stopped itself early, or the listener raised `StopTraining`. Raises `TrainingError` when the configuration fails.
    """
    from trainables.pipelines.registry import PIPELINES
    from trainables.training.task_data import load_task

    if job.pipeline not in PIPELINES:
        raise TrainingError(f"A pipeline is one of {sorted(PIPELINES)}, got {job.pipeline!r}.")
    try:
        PIPELINES.get(job.pipeline).run(job, load_task(job.data), report, device)
    except StopTraining:
        return
