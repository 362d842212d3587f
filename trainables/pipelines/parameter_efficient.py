"""Fine-tuning of few weights: `lora` trains low-rank adapters, `bitfit` the biases, both with the head."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trainables.job import Job, ParamValue, Report, TrainingError
from trainables.models.adapters import add_lora, train_biases_alone
from trainables.models.classifier import Classifier
from trainables.pipelines.fine_tuning import FineTuning, initial_classifier
from trainables.pipelines.pipeline import Pipeline
from trainables.training.hyperparameters import Settings
from trainables.training.task_data import TaskData

Params = Mapping[str, ParamValue]


def lora(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`lora`: parameters `lora_rank`, `lora_alpha` and `lora_dropout` beside those of fine-tuning."""
    _fine_tune_part(with_adapters, job, data, report, device)


def bitfit(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`bitfit`: the encoder's biases and the head."""
    _fine_tune_part(with_biases, job, data, report, device)


def with_adapters(model: Classifier, params: Params) -> Classifier:
    """The model with adapters as its parameters say; they and the head are trained."""
    rank, alpha, dropout = _adapter(params)
    add_lora(model, rank=rank, alpha=alpha, dropout=dropout)
    return model


def with_biases(model: Classifier, params: Params) -> Classifier:
    """The model of which the encoder's biases and the head are trained."""
    train_biases_alone(model)
    return model


def _fine_tune_part(
    part: Callable[[Classifier, Params], Classifier], job: Job, data: TaskData, report: Report, device: str | None
) -> None:
    def make(initial: bool) -> Classifier:
        return part(initial_classifier(job, data, initial), job.params)

    FineTuning(job, data, make, device).run(report)


def _adapter(params: Params) -> tuple[int, float, float]:
    """Rank, alpha and dropout of the adapters. Raises `TrainingError` for what they cannot be."""
    rank, alpha, dropout = (_given(params, f"lora_{name}") for name in ("rank", "alpha", "dropout"))
    if not (isinstance(rank, int) and rank >= 1 and alpha > 0 and 0 <= dropout < 1):
        raise TrainingError(
            f"LoRA needs lora_rank >= 1, lora_alpha > 0 and lora_dropout in [0, 1), got {rank!r}, {alpha!r} and "
            f"{dropout!r}. Correct the search space."
        )
    return rank, alpha, dropout


def _check(params: Params) -> None:
    Settings.of(params)
    _adapter(params)


def _given(params: Params, name: str) -> float:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TrainingError(f"The pipeline lora needs the number {name}, got {value!r}. Add it to the search space.")
    return value


LORA = Pipeline(run=lora, space="lora", trained=with_adapters, check=_check)
BITFIT = Pipeline(run=bitfit, space="bitfit", trained=with_biases, check=Settings.of)
