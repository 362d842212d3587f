"""Features and Grad-CAM of a small classifier whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from torch import nn

from study.evaluation.qualitative.grad_cam import Eye, last_convolution


class Bright(nn.Module):
    """Its positive logit is the brightness of the image, through one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        nn.init.constant_(self.encoder[0].weight, 1 / 3)
        nn.init.zeros_(self.encoder[0].bias)

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        return self.encoder(images.permute(0, 3, 1, 2).float())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.encode(images)
        return torch.stack([-features.sum(1), features.sum(1)], dim=1)


@pytest.fixture
def eye() -> Eye:
    return Eye(Bright().eval(), 32)


def corner() -> np.ndarray:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:16, :16] = 255
    return image


def test_features_of_images_of_any_size(eye: Eye) -> None:
    images = [np.full((40, 70, 3), level, np.uint8) for level in (0, 120)]
    assert np.allclose(eye.features(images), [[0, 0], [120, 120]], atol=1)


def test_grad_cam_is_hot_where_the_answer_comes_from(eye: Eye) -> None:
    shown = eye.looked(corner()).astype(int)
    assert shown.shape == (32, 32, 3)
    red_minus_blue = shown[..., 0] - shown[..., 2]
    assert red_minus_blue[:6, :6].mean() > 50
    assert red_minus_blue[16:, 16:].mean() < 0


def test_an_encoder_without_convolution_has_no_grad_cam() -> None:
    with pytest.raises(ValueError, match="Linear has none"):
        last_convolution(nn.Linear(2, 2))
