"""Fine-tuning of few weights: `lora` trains low-rank adapters, `bitfit` the biases, both with the head."""

from __future__ import annotations

from trainables.job import Job, ParamValue, Report, TrainingError
from trainables.models.adapters import add_lora, train_biases_alone
from trainables.models.classifier import Classifier
from trainables.pipelines.fine_tuning import FineTuning, initial_classifier
from trainables.pipelines.pipeline import Pipeline
from trainables.training.task_data import TaskData


def lora(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`lora`: parameters `lora_rank`, `lora_alpha` and `lora_dropout` beside those of fine-tuning."""
    rank, alpha, dropout = (_given(job, f"lora_{name}") for name in ("rank", "alpha", "dropout"))
    if not (isinstance(rank, int) and rank >= 1 and alpha > 0 and 0 <= dropout < 1):
        raise TrainingError(
            f"LoRA needs lora_rank >= 1, lora_alpha > 0 and lora_dropout in [0, 1), got {rank!r}, {alpha!r} and "
            f"{dropout!r}. Correct the search space."
        )

    def make(initial: bool) -> Classifier:
        model = initial_classifier(job, data, initial)
        add_lora(model, rank=rank, alpha=alpha, dropout=dropout)
        return model

    FineTuning(job, data, make, device).run(report)


def bitfit(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`bitfit`: the encoder's biases and the head."""

    def make(initial: bool) -> Classifier:
        model = initial_classifier(job, data, initial)
        train_biases_alone(model)
        return model

    FineTuning(job, data, make, device).run(report)


def _given(job: Job, name: str) -> float:
    value: ParamValue | None = job.params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TrainingError(f"The pipeline lora needs the number {name}, got {value!r}. Add it to the search space.")
    return value


LORA = Pipeline(run=lora, space="lora")
BITFIT = Pipeline(run=bitfit, space="bitfit")
