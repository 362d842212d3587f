"""Views against torchvision v2's functions with the same parameters. Levels are of 256."""

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from trainables.augmentation.cpu_views import four, render
from trainables.augmentation.parameters import View, draw, uniforms
from trainables.augmentation.policies import policy

SIZE = 96


def picture(height=140, width=180, seed=0):
    """A smooth picture with the colours and the detail of a resized photograph."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4) * 400 + (170, 120, 110)
    return np.clip(smooth + noise * 2, 0, 255).astype(np.uint8)


def reference(image, view, size=SIZE, turn=InterpolationMode.BILINEAR):
    """The view as the published pipeline makes it from torchvision's parts: crop, resize, flip, rotate, jitter."""
    x = torch.from_numpy(image).permute(2, 0, 1)
    x = F.resized_crop(x, view.top, view.left, view.height, view.width, [size, size], antialias=False)
    x = F.horizontal_flip(x) if view.horizontal else x
    x = F.vertical_flip(x) if view.vertical else x
    x = F.rotate(x, view.angle, turn) if view.angle else x
    x = F.adjust_brightness(x, view.brightness)
    x = F.adjust_contrast(x, view.contrast)
    x = F.adjust_saturation(x, view.saturation)
    x = F.adjust_hue(x, view.hue)
    x = F.rgb_to_grayscale(x, 3) if view.grey else x
    if view.blur:
        sigma = view.blur * size / 224
        x = F.gaussian_blur(x, [2 * round(3 * sigma) + 1] * 2, [sigma] * 2)
    return x.permute(1, 2, 0).numpy()


def difference(image, view):
    return np.abs(render(image, view, SIZE).astype(int) - reference(image, view).astype(int))


WHOLE = {"left": 0, "top": 0, "width": 180, "height": 140}
PART = {"left": 31, "top": 17, "width": 120, "height": 101}


@pytest.mark.parametrize("crop", [WHOLE, PART, {"left": 40, "top": 20, "width": 50, "height": 60}])
@pytest.mark.parametrize("horizontal", [False, True])
@pytest.mark.parametrize("vertical", [False, True])
def test_crop_resize_and_flips_within_two_levels(crop, horizontal, vertical):
    view = View(**crop, horizontal=horizontal, vertical=vertical)
    assert difference(picture(), view).max() <= 2


@pytest.mark.parametrize("angle", [-45.0, -20.0, 3.0, 30.0, 45.0])
@pytest.mark.parametrize("horizontal", [False, True])
def test_rotation_within_two_levels_on_average_and_eight_almost_everywhere(angle, horizontal):
    """One interpolation here, two there: theirs is smoother, and blends a line at the edge of the black corners."""
    view = View(**PART, horizontal=horizontal, angle=angle)
    found = difference(picture(), view)
    assert found.mean() <= 1.5
    assert np.quantile(found, 0.97) <= 8


@pytest.mark.parametrize("angle", [-45.0, -20.0, 3.0, 30.0])
def test_corners_are_black_where_torchvisions_are(angle):
    """Even where the image goes on beyond the crop; but for a line of pixels along the edge."""
    bright = np.full((140, 180, 3), 200, dtype=np.uint8)
    view = View(**PART, angle=angle)
    ours, theirs = render(bright, view, SIZE) > 100, reference(bright, view, turn=InterpolationMode.NEAREST) > 100
    edge = cv2.dilate(theirs.astype(np.uint8), np.ones((3, 3))) != cv2.erode(theirs.astype(np.uint8), np.ones((3, 3)))
    assert (ours == theirs)[~edge].all()
    assert (ours != theirs).mean() < 0.01
    assert 0.01 < 1 - theirs.mean() < 0.25
    assert not ours[0, 0].any()


@pytest.mark.parametrize("hue", [-0.2, -0.07, 0.004, 0.1, 0.2])
def test_hue_is_that_of_hsv_within_a_level_on_average(hue):
    """Eight at most, in the purest colours: hue has 256 steps here, as in Pillow's jitter."""
    found = difference(picture(), View(**PART, hue=hue))
    assert found.mean() <= 1
    assert found.max() <= 8


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
@pytest.mark.parametrize("factor", [0.4, 0.9, 1.3, 1.8])
def test_jitter_within_three_levels(name, factor):
    assert difference(picture(), View(**PART, **{name: factor})).max() <= 3


def test_grey_and_blur_within_two_levels():
    assert difference(picture(), View(**PART, grey=True)).max() <= 2
    assert difference(picture(), View(**PART, blur=1.7)).max() <= 2


@pytest.mark.parametrize("name", ["published", "contrastive"])
def test_whole_policies_agree_on_average(name):
    image, count = picture(), 24
    views = draw(policy(name), uniforms(count, "views"), np.full(count, 140), np.full(count, 180))
    found = [difference(image, views[index]).mean() for index in range(count)]
    assert max(found) <= 4
    assert np.mean(found) <= 2


def test_a_view_of_four_channels_written_in_place_is_the_same():
    image, view = picture(), View(**PART, angle=20.0, hue=0.1)
    batch = np.zeros((2, SIZE, SIZE, 3), dtype=np.uint8)
    render(four(image), view, SIZE, batch[1])
    assert (batch[1] == render(image, view, SIZE)).all()
    assert not batch[0].any()


def test_a_read_only_image_is_left_as_it_is():
    image = picture()
    before, image.flags.writeable = image.copy(), False
    render(image, View(**PART, angle=10.0, hue=0.1, brightness=1.2, blur=1.0), SIZE)
    assert (image == before).all()
