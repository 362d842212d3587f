"""Views made in batches on the device (here the CPU) against those that OpenCV makes from the same parameters."""

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F

from trainables.augmentation.cpu_views import render
from trainables.augmentation.gpu_colour import turn_hue
from trainables.augmentation.gpu_views import AT_ONCE, DeviceViews
from trainables.augmentation.parameters import View, Views, draw, uniforms
from trainables.augmentation.policies import policy

SIZE = 64
CPU = torch.device("cpu")


def picture(height, width, seed=0):
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4) * 400 + (170, 120, 110)
    return np.clip(smooth + noise * 2, 0, 255).astype(np.uint8)


def many(*views):
    return Views(**{name: np.array([getattr(view, name) for view in views]) for name in View.__dataclass_fields__})


def both(images, views, size=SIZE):
    copies = len(views) // len(images)
    ours = DeviceViews(size, CPU).batch(images, views)
    assert ours.dtype == torch.uint8
    theirs = np.stack([render(images[index // copies], views[index], size) for index in range(len(views))])
    return np.abs(ours.numpy().astype(int) - theirs.astype(int))


@pytest.mark.parametrize("angle", [0.0, 33.0])
def test_geometry_within_two_levels_black_corners_included(angle):
    """Also where images of several sizes share a batch and the crop touches what pads the smaller ones."""
    images = [picture(100, 130), picture(90, 80, 1), picture(70, 140, 2)]
    crops = [
        View(left=10, top=5, width=120, height=95, angle=angle),
        View(left=0, top=0, width=80, height=90, angle=-angle, horizontal=True),
        View(left=100, top=20, width=40, height=50, angle=angle, vertical=True),
    ]
    found = both(images, many(*crops))
    assert found.max() <= 2
    assert found.mean() <= 0.5


@pytest.mark.parametrize("name", ["published", "contrastive", "infomin", "multicrop", "none"])
@pytest.mark.parametrize("copies", [1, 5])
def test_policies_within_two_levels_on_average(name, copies):
    """Hue has 256 steps in OpenCV and is exact here: up to twelve levels in the purest colours."""
    images = [picture(100, 130), picture(90, 80, 1), picture(70, 140, 2), picture(60, 60, 3)]
    count = len(images) * copies
    heights, widths = np.repeat([image.shape[:2] for image in images], copies, axis=0).T
    found = both(images, draw(policy(name), uniforms(count, "device", name), heights, widths))
    assert found.mean() <= 1.5
    assert np.quantile(found, 0.99) <= 8


def test_hue_is_torchvisions():
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for turns in (-0.2, 0.01, 0.2, 0.5):
        ours = turn_hue(x * 255, torch.full((4, 1, 1, 1), turns)) / 255
        assert (ours - F.adjust_hue(x, turns)).abs().max() < 1e-4


def test_a_view_does_not_depend_on_its_batch():
    """Nor on the staging memory that earlier batches left behind."""
    images = [picture(90 + index % 7, 120 - index % 5, index) for index in range(12)]
    copies = AT_ONCE // 6  # more than one slice
    heights, widths = np.repeat([image.shape[:2] for image in images], copies, axis=0).T
    views = draw(policy("published"), uniforms(len(heights), "u"), heights, widths)
    maker = DeviceViews(32, CPU)
    together = maker.batch(images, views)
    for index in (0, 5, 11):
        rows = slice(index * copies, (index + 1) * copies)
        part = Views(**{name: getattr(views, name)[rows] for name in View.__dataclass_fields__})
        assert torch.equal(maker.batch([images[index]], part), together[rows])


def test_parameters_are_computed_outside_autocast():
    images, views = [picture(100, 130)], many(View(left=10, top=5, width=120, height=95, angle=20.0, hue=0.1))
    plain = DeviceViews(SIZE, CPU).batch(images, views)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(DeviceViews(SIZE, CPU).batch(images, views), plain)
