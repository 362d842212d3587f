"""What happens to an encoder: one function per pipeline, named here."""

from __future__ import annotations

from collections.abc import Callable

from trainables.job import Job, Report
from trainables.models.classifier import Classifier, classifier
from trainables.pipelines.contrastive_stage import contrast_then_fine_tune
from trainables.pipelines.fine_tuning import FineTuning
from trainables.pipelines.probes import logistic, neighbours, probe
from trainables.training.task_data import TaskData

Pipeline = Callable[[Job, TaskData, Report, str | None], None]


def fine_tune(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`ft`: fine-tune all weights."""

    def make(initial: bool) -> Classifier:
        return classifier(job.encoder, job.backbone, job.image_size, len(data.classes), initial)

    FineTuning(job, data, make, device).run(report)


PIPELINES: dict[str, Pipeline] = {
    "ft": fine_tune,
    "ucl-ft": contrast_then_fine_tune("simclr"),
    "scl-ft": contrast_then_fine_tune("supcon"),
    "linear": probe(logistic),
    "knn": probe(neighbours),
}
