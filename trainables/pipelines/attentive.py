"""`attentive`: attention over the patches of a frozen encoder, trained by steps on patches that were computed once.

A linear probe understates encoders that were trained to fill in masked patches (MAE, I-JEPA): what they know is spread
over the patches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from datasets.base.seeds import seed
from trainables.augmentation.parameters import Floats
from trainables.augmentation.policies import Policy
from trainables.devices.precision import pick_device
from trainables.encoders.encoder import Encoder
from trainables.job import Job, ParamValue, Report, TrainingError
from trainables.models.classifier import Classifier, classifier
from trainables.models.heads import AttentivePool
from trainables.pipelines.feature_store import StoredFeatures
from trainables.pipelines.fine_tuning import FineTuning
from trainables.pipelines.frozen import frozen_features
from trainables.pipelines.pipeline import Pipeline
from trainables.training.hyperparameters import Settings
from trainables.training.loader import Batch, Rows
from trainables.training.task_data import TaskData


class HeadAlone(Classifier):
    """Features of patches [n, patches, d] -> logits: a classifier without its encoder, in its checkpoints too."""

    def __init__(self, encoder: Encoder, queries: int, classes: int) -> None:
        nothing = Encoder(nn.Identity(), features=1, mean=encoder.mean, std=encoder.std, padding="torch")
        super().__init__(nothing, classes)
        self.head = AttentivePool(encoder.token_features, queries, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of patches."""
        logits: torch.Tensor = self.head(images)
        return logits


class Patches:
    """The patches of a job's images as `FineTuning` reads them: by row, without augmentation."""

    def __init__(self, features: StoredFeatures, rows: NDArray[np.int64]) -> None:
        self._features = features
        self._place = {int(row): place for place, row in enumerate(rows)}

    def batch(self, rows: Rows, policy: Policy | None, u: Floats | None) -> NDArray[Any]:
        """float16 [n, patches, d]."""
        return self._features.take(np.array([self._place[int(row)] for row in rows], dtype=np.int64))

    def batches(
        self, groups: Sequence[Rows], policy: Policy | None, u: Sequence[Floats] | None
    ) -> Iterator[tuple[Rows, Batch]]:
        """The groups of rows, in order."""
        for rows in groups:
            yield rows, self.batch(rows, policy, None)

    def close(self) -> None:
        """Nothing is open."""


def attentive(job: Job, data: TaskData, report: Report, device: str | None) -> None:
    """`attentive`: parameter `queries` beside those of fine-tuning; views are not augmented."""
    queries = _queries(job.params)
    torch.manual_seed(seed(job.seed, "initial"))
    whole = classifier(job.encoder, job.backbone, job.image_size, len(data.classes))
    on = pick_device(device)
    features = frozen_features(job, data, whole.to(on).eval(), on, "tokens")
    whole = whole.cpu()

    def make(_initial: bool) -> Classifier:
        return HeadAlone(whole.encoder, queries, len(data.classes))

    def with_encoder(trained: Classifier) -> Classifier:
        whole.head = trained.head
        return whole

    def counted(epoch: int, metrics: Any, checkpoint: str | None) -> None:
        report(epoch, {**metrics, "features_computed": float(features.computed)}, checkpoint)

    rows = np.concatenate([data.training.rows, data.validation.rows])
    FineTuning(job, data, make, device, inputs=Patches(features, rows), whole=with_encoder).run(counted)


def _queries(params: Mapping[str, ParamValue]) -> int:
    queries = params.get("queries")
    if isinstance(queries, bool) or not isinstance(queries, int) or queries < 1:
        raise TrainingError(f"The pipeline attentive needs queries >= 1, got {queries!r}. Correct the search space.")
    return queries


def _pool(model: Classifier, params: Mapping[str, ParamValue]) -> nn.Module:
    classes: int = model.head.out_features  # type: ignore[assignment]
    return AttentivePool(model.encoder.token_features, _queries(params), classes)


def _check(params: Mapping[str, ParamValue]) -> None:
    Settings.of(params)
    _queries(params)


ATTENTIVE = Pipeline(run=attentive, space="attentive", trained=_pool, check=_check, augments=False)
