import numpy as np
import pytest
import torch

from trainables.augmentation.cpu_views import render
from trainables.augmentation.gpu_views import DeviceViews
from trainables.augmentation.parameters import draw, uniforms
from trainables.augmentation.policies import policy
from trainables.training.loader import Renderer

SIZE = 24


class Counted:
    """Images of several sizes that count how often each is read."""

    def __init__(self, count=20):
        draws = np.random.default_rng(0)
        self.images = [draws.integers(0, 255, (30 + i % 5, 40 - i % 3, 3), dtype=np.uint8) for i in range(count)]
        self.reads = np.zeros(count, dtype=int)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        self.reads[row] += 1
        return self.images[row]


@pytest.fixture(params=[1, 3])
def renderer(request):
    found = Renderer(Counted(), SIZE, request.param)
    yield found
    found.close()


def test_a_batch_is_its_views(renderer):
    rows, u = np.array([3, 17, 3, 0]), uniforms(4, "u")
    batch = renderer.batch(rows, policy("published"), u)
    for index, row in enumerate(rows):
        image = Counted().images[row]
        sizes = (np.array([image.shape[axis]]) for axis in (0, 1))
        view = draw(policy("published"), u[[index]], *sizes)[0]
        assert (batch[index] == render(image, view, SIZE)).all()


def test_batches_come_in_order_and_do_not_depend_on_their_size(renderer):
    rows, u = np.random.default_rng(1).permutation(20), uniforms(20, "u")
    whole = renderer.batch(rows, policy("published"), u)
    for size in (1, 7, 20):
        cuts = [slice(start, start + size) for start in range(0, 20, size)]
        made = list(renderer.batches([rows[cut] for cut in cuts], policy("published"), [u[cut] for cut in cuts]))
        assert (np.concatenate([group for group, _ in made]) == rows).all()
        assert (np.concatenate([batch for _, batch in made]) == whole).all()


def test_several_streams_of_one_renderer_run_side_by_side(renderer):
    rows = [np.arange(start, start + 5) for start in range(0, 20, 5)]
    streams = [renderer.batches(rows, policy("published"), [uniforms(5, s, i) for i in range(4)]) for s in range(3)]
    for number, parts in enumerate(zip(*streams, strict=True)):
        for stream, (group, batch) in enumerate(parts):
            assert (batch == renderer.batch(group, policy("published"), uniforms(5, stream, number))).all()


def test_copies_read_their_image_once(renderer):
    images = Counted()
    renderer._images = images
    renderer.batch(np.repeat(np.arange(20), 50), policy("published"), uniforms(1000, "u"))
    assert (images.reads == 1).all()


def test_without_a_policy_views_are_deterministic(renderer):
    rows = np.arange(20)
    once, again = renderer.batch(rows, None, None), renderer.batch(rows, None, None)
    assert (once == again).all()
    assert once.shape == (20, SIZE, SIZE, 3)


def test_a_fault_of_an_image_reaches_the_caller(renderer):
    with pytest.raises(IndexError):
        list(renderer.batches([np.array([0]), np.array([99])], policy("published"), [uniforms(1, "u")] * 2))


@pytest.mark.parametrize("copies", [1, 4])
def test_a_gpu_makes_the_same_batches(copies, monkeypatch):
    """The path that a GPU takes, run on the CPU."""
    monkeypatch.setattr(
        "trainables.training.loader.DeviceViews", lambda size, _: DeviceViews(size, torch.device("cpu"))
    )
    ours, theirs = Renderer(Counted(), SIZE, 1, torch.device("cuda")), Renderer(Counted(), SIZE, 1)
    groups = [np.repeat(np.arange(start, start + 10), copies) for start in (0, 10)]
    u = [uniforms(10 * copies, "u", index) for index in range(2)]
    for (_, tensor), (_, array) in zip(
        ours.batches(groups, policy("published"), u), theirs.batches(groups, policy("published"), u), strict=True
    ):
        assert isinstance(tensor, torch.Tensor)
        assert np.abs(tensor.numpy().astype(int) - array).mean() < 2
    assert (ours._images.reads == 1).all()
    ours.close()
