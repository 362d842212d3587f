"""The job: everything that a process needs to train one configuration, as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from datasets.base.manifest import DataRef

ParamValue = float | int | str | bool
Precision = Literal["float32", "bfloat16", "float16"]
"""Arithmetic of forward and backward passes (autocast); weights and losses stay in float32."""
Metrics = Mapping[str, float]

Report = Callable[[int, Metrics, str | None], None]
"""`report(epoch, metrics, checkpoint)`, called once after every epoch (1-based) with finite metrics and the path of
the last checkpoint. The listener may raise `StopTraining` to end the training cleanly."""


class StopTraining(Exception):
    """Raised by a listener: the training ends here, its checkpoints stay."""


class TrainingError(RuntimeError):
    """The configuration itself failed (a non-finite loss, an impossible batch): FAIL at once, never retried."""


@dataclass(frozen=True, kw_only=True)
class EncoderRef:
    """An encoder by name, and where its weights are (None: the encoder's own default for the backbone). `key` names the
    place of the backbone in a file that holds it more than once."""

    name: str
    weights: str | None = None
    sha256: str | None = None
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Which images train and which validate: a data set and a split file (columns `image_id, part`).

    `part` is `train`, `validation`, `test`, or empty for images that this split leaves out.
    """

    ref: DataRef
    split_file: str
    short_side: int
    cache_root: str | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """One configuration of one cell. `seed` decides everything random in it; `directory` receives `last.pt` and
    `best.pt`; `stages` is the content-addressed store of contrastive stages that all trials of a study share, and
    `stage_seed` tells the stages of a replicate from those of the search and of the other replicates. `precision` None
    leaves it to the device, as studies of older versions did."""

    encoder: EncoderRef
    pipeline: str
    backbone: str
    image_size: int
    params: Mapping[str, ParamValue]
    data: TrainingData
    max_epochs: int
    objective: str
    seed: int
    directory: str
    stages: str
    stage_seed: int = 0
    augmentation: str = "published"
    threads: int = 1
    precision: Precision | None = None

    def to_json(self) -> str:
        """One JSON object; `Job.from_json` reads it back."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Job:
        """The job that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        data = raw.pop("data")
        return Job(
            encoder=EncoderRef(**raw.pop("encoder")),
            data=TrainingData(ref=DataRef(**data.pop("ref")), **data),
            **raw,
        )
