"""Features and Grad-CAM of a small classifier whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
import timm
import torch
from torch import nn

from study.evaluation.qualitative.grad_cam import Eye, patch_map, target


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
        target(nn.Linear(2, 2))


class Transformer(nn.Module):
    """A tiny vision transformer whose positive logit is the mean of its patch tokens."""

    def __init__(self, **changes: object) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder = timm.create_model(
            "vit_tiny_patch16_224",
            img_size=32,
            patch_size=8,
            embed_dim=24,
            depth=2,
            num_heads=2,
            num_classes=0,
            **changes,
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = self.encoder.forward_features(images.permute(0, 3, 1, 2).float() / 255)
        answer = tokens[:, self.encoder.num_prefix_tokens :].square().mean((1, 2))
        return torch.stack([-answer, answer], dim=1)


@pytest.mark.parametrize("changes", [{}, {"reg_tokens": 4}])
def test_grad_cam_of_a_transformer_looks_at_its_last_tokens_as_they_lie(changes: dict[str, object]) -> None:
    model = Transformer(**changes).eval()
    layer, as_map = target(model.encoder)
    assert layer is model.encoder.blocks[-1].norm1
    assert as_map is not None
    prefix = model.encoder.num_prefix_tokens
    tokens = torch.zeros(1, prefix + 16, 24)
    tokens[0, prefix + 6] = 1  # the patch in row 1, column 2 of 4 × 4
    assert patch_map(tokens, model.encoder)[0, 0].nonzero().tolist() == [[1, 2]]
    shown = Eye(model, 32).looked(corner()).astype(int)
    red_minus_blue = shown[..., 0] - shown[..., 2]
    assert red_minus_blue.max() - red_minus_blue.min() > 50  # a map, and not one colour
