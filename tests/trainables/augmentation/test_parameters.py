import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from torch import manual_seed
from torchvision.transforms import v2
from torchvision.tv_tensors import Image

from trainables.augmentation.parameters import COLUMNS, View, draw, uniforms, whole
from trainables.augmentation.policies import AUGMENTATIONS, policy

VIEWS = 4000


def drawn(name, height, width, seed=0, count=VIEWS):
    return draw(policy(name), uniforms(count, seed), np.full(count, height), np.full(count, width))


@pytest.mark.parametrize(("height", "width"), [(450, 600), (256, 256), (1024, 768)])
@pytest.mark.parametrize("name", ["published", "contrastive"])
def test_crops_are_distributed_as_random_resized_crop(name, height, width):
    chosen, image = policy(name), Image(np.zeros((3, height, width), dtype=np.uint8))
    manual_seed(0)
    transform = v2.RandomResizedCrop(224, scale=chosen.scale, ratio=chosen.ratio)
    theirs = [transform.make_params([image]) for _ in range(VIEWS)]
    # torchvision gives up after ten attempts, this does not: leave its fallbacks out
    theirs = [p for p in theirs if not (p["height"] == height and p["width"] in (width, round(height * 4 / 3)))]
    ours = drawn(name, height, width)
    for field in ("left", "top", "width", "height"):
        distance = ks_2samp([p[field] for p in theirs], getattr(ours, field)).statistic
        assert distance < 0.05, field
    area = [p["width"] * p["height"] for p in theirs]
    assert ks_2samp(area, ours.width * ours.height).statistic < 0.05


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 700), width=st.integers(1, 700), seed=st.integers(0, 1000))
def test_every_crop_lies_in_its_image(name, height, width, seed):
    views = drawn(name, height, width, seed, count=20)
    assert (views.left >= 0).all()
    assert (views.top >= 0).all()
    assert (views.width >= 1).all()
    assert (views.height >= 1).all()
    assert (views.left + views.width <= width).all()
    assert (views.top + views.height <= height).all()


@pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
def test_colours_and_turns_keep_to_their_ranges(name):
    chosen, views = policy(name), drawn(name, 300, 400)
    assert np.abs(views.angle).max() <= chosen.rotation
    assert np.abs(views.hue).max() <= chosen.hue
    for field in ("brightness", "contrast", "saturation"):
        factors, spread = getattr(views, field), getattr(chosen, field)
        assert np.abs(factors - 1).max() <= spread
        assert np.std(factors) == pytest.approx(np.sqrt(chosen.jitter / 3) * spread, rel=0.05)
    assert views.grey.mean() == pytest.approx(chosen.grey, abs=0.03)
    assert (views.blur > 0).mean() == pytest.approx(chosen.blur, abs=0.03)
    assert views.horizontal.mean() == pytest.approx(0.5 * chosen.flip, abs=0.03)
    assert views.vertical.mean() == pytest.approx(0.5 * chosen.flip, abs=0.03)


def test_a_view_depends_on_its_row_alone():
    u = uniforms(8, "seed", "views", 3)
    heights, widths = np.full(8, 300), np.arange(300, 308)
    together = draw(policy("published"), u, heights, widths)
    for index in range(8):
        alone = draw(policy("published"), u[[index]], heights[[index]], widths[[index]])
        assert alone[0] == together[index]


def test_all_views_at_once_are_those_by_index():
    views = drawn("contrastive", 40, 50, count=20)
    assert views.each() == [views[index] for index in range(20)]
    assert {type(value) for value in vars(views.each()[0]).values()} == {int, bool, float}


def test_uniforms_depend_on_their_names():
    assert uniforms(3, 1, "copy", 2).shape == (3, COLUMNS)
    assert (uniforms(3, 1, "copy", 2) == uniforms(3, 1, "copy", 2)).all()
    assert (uniforms(3, 1, "copy", 2) != uniforms(3, 1, "copy", 3)).any()
    assert (uniforms(5, 1, "copy", 2)[:3] == uniforms(3, 1, "copy", 2)).all()


def test_the_policy_none_is_the_view_of_validation():
    for height, width in ((300, 400), (400, 300), (128, 128)):
        assert drawn("none", height, width, count=1)[0] == whole(height, width)
    assert whole(300, 400) == View(left=50, top=0, width=300, height=300)


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match=r"one of \['contrastive'.*got 'rand'\. Correct the name"):
        policy("rand")
