"""The size of a model: published figures, and what its pipeline's optimizer really holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search_spaces import load
from tests.trainables import small_jobs
from trainables.job import EncoderRef
from trainables.models.classifier import classifier
from trainables.pipelines import fine_tuning
from trainables.pipelines.model_size import model_size
from trainables.pipelines.registry import PIPELINES


@pytest.mark.parametrize(
    ("backbone", "pixels", "million", "giga"),
    [
        ("resnet50", 224, 23.51, 4.09),  # torchvision: 25.56 M and 4.09 GMACs with its classifier of 2.05 M
        ("vit_base_patch16_224", 224, 85.80, 17.56),  # torchvision: 86.57 M and 17.56 GMACs, its classifier .77 M
        ("convnext_tiny", 224, 27.82, 4.46),  # torchvision: 28.59 M and 4.46 GMACs, its classifier .77 M
    ],
)
def test_sizes_are_the_published_ones(backbone: str, pixels: int, million: float, giga: float) -> None:
    found = model_size(backbone, pixels, 2, "linear", {})
    assert found.parameters / 1e6 == pytest.approx(million, abs=0.011)
    assert found.macs / 1e9 == pytest.approx(giga, abs=0.011)


@pytest.mark.parametrize("backbone", ["test_vit", "test_resnet"])
@pytest.mark.parametrize("pipeline", ["ft", "lora", "bitfit", "attentive", "lp-ft"])
def test_what_is_trained_is_what_the_optimizer_holds(
    pipeline: str, backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = load(PIPELINES.get(pipeline).space)
    params = {**space.at([0.5] * space.dimensions), "batch_size": 12}
    held: list[int] = []
    make = fine_tuning.optimizer

    def counted(*arguments: Any) -> Any:
        made = make(*arguments)
        held.append(sum(p.numel() for group in made.param_groups for p in group["params"] if p.requires_grad))
        return made

    monkeypatch.setattr(fine_tuning, "optimizer", counted)
    job = small_jobs.job(
        tmp_path, pipeline=pipeline, epochs=1, encoder=EncoderRef(name="random"), backbone=backbone, params=params
    )
    PIPELINES.get(pipeline).run(job, small_jobs.task(), lambda *_: None, "cpu")
    assert model_size(backbone, job.image_size, 2, pipeline, params).trained == held[0]


def test_probes_train_a_head_at_most() -> None:
    features = classifier(EncoderRef(name="random"), "test_vit", 32, 3).encoder.features
    assert model_size("test_vit", 32, 3, "linear", {}).trained == 3 * (features + 1)
    assert model_size("test_vit", 32, 3, "knn", {}).trained == 0
