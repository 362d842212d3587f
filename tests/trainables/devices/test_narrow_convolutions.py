import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from trainables.devices import narrow_convolutions

CASES = [
    # kernel, stride, padding, images
    ((3, 3), (1, 1), (1, 1), (2, 3, 5, 4)),
    ((3, 3), (2, 2), (1, 1), (2, 3, 6, 5)),
    ((1, 1), (1, 1), (0, 0), (2, 3, 4, 4)),
    ((1, 1), (2, 2), (0, 0), (3, 2, 5, 4)),
    ((2, 4), (3, 1), (1, 2), (1, 2, 7, 3)),
    ((7, 7), (2, 2), (3, 3), (1, 3, 9, 8)),
]
LAYOUTS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize(("case", "layout"), itertools.product(CASES, LAYOUTS))
def test_it_is_torchs_convolution_and_so_are_its_gradients(case, layout):
    kernel, stride, padding, shape = case
    torch.manual_seed(0)
    images = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    weight = torch.randn(5, shape[1], *kernel, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    expected = F.conv2d(images, weight, None, stride, padding)
    found = narrow_convolutions.conv2d(images, weight, stride, padding)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(expected)
    theirs = torch.autograd.grad((expected * weights).sum(), (images, weight))
    torch.testing.assert_close(torch.autograd.grad((found * weights).sum(), (images, weight)), theirs)


def test_part_of_a_larger_tensor_is_read_where_it_lies():
    whole = torch.randn(4, 6, 6, 3, dtype=torch.float64)
    part = whole[1:3, 1:5, 2:6].permute(0, 3, 1, 2)
    weight = torch.randn(2, 3, 1, 1, dtype=torch.float64)
    torch.testing.assert_close(
        narrow_convolutions.conv2d(part, weight, (2, 2), (0, 0)), F.conv2d(part, weight, stride=2)
    )


@pytest.fixture
def calls(monkeypatch):
    """The shapes of the images whose convolutions were computed here."""
    seen, real = [], narrow_convolutions.conv2d

    def noted(images: torch.Tensor, *rest) -> torch.Tensor:
        seen.append(tuple(images.shape))
        return real(images, *rest)

    monkeypatch.setattr(narrow_convolutions, "conv2d", noted)
    return seen


def _autocast(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16), narrow_convolutions.NarrowConvolutions():
        return model(images)


def test_autocast_takes_it_for_large_weights_on_narrow_images_in_training(calls):
    model = nn.Conv2d(512, 512, 1, bias=True)
    large, few = torch.randn(2, 512, 15, 15), torch.randn(2, 512, 4, 4)
    found = _autocast(model, few)
    assert calls == [(2, 512, 4, 4)]
    assert found.dtype is torch.bfloat16
    torch.testing.assert_close(found.float(), model(few), atol=0.05, rtol=0.02)
    found.float().sum().backward()
    assert model.bias.grad.shape == (512,)
    calls.clear()
    _autocast(model, large)
    _autocast(nn.Conv2d(512, 64, 1), few)
    _autocast(nn.Conv2d(512, 512, 1, groups=1, dilation=2), few)
    _autocast(nn.Conv2d(512, 512, 3, groups=2), few)
    _autocast(nn.Conv2d(512, 512, 3, padding="same"), few)
    with torch.no_grad():
        _autocast(model, few)
    with narrow_convolutions.NarrowConvolutions():
        model(few)
    assert calls == []


@pytest.mark.parametrize(("height", "width", "stride"), [(1, 1, 2), (3, 1, 2), (3, 2, 3), (4, 3, 4)])
@pytest.mark.parametrize("groups", [1, 16])
def test_strides_that_leave_a_width_of_one_are_computed_in_float32(calls, height, width, stride, groups):
    """On a CPU with AMX, bfloat16 gives these gradients whatever was in memory."""
    torch.manual_seed(0)
    model = nn.Conv2d(16, 48, 3, stride=stride, padding=1, groups=groups)
    images = torch.randn(18, 16, height, width, requires_grad=True)
    expected = torch.autograd.grad(model(images).square().sum(), (images, *model.parameters()))
    for size in range(8, 22):
        torch.full((2**size,), torch.nan)  # what may lie in memory
    found = torch.autograd.grad(_autocast(model, images).square().sum(), (images, *model.parameters()))
    torch.testing.assert_close(found, expected)
    assert calls == []


def test_functions_are_told_apart_by_what_they_say_not_how(calls):
    """Numbers for pairs, arguments by name or left out."""
    images, weight = torch.randn(2, 512, 4, 4), torch.randn(512, 512, 1, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16), narrow_convolutions.NarrowConvolutions():
        found = [
            F.conv2d(images, weight),
            F.conv2d(images, weight=weight, stride=1),
            F.conv2d(images, weight, None, 1, 0, 1, 1),
            F.conv2d(images, weight, stride=(1, 1), padding=[0, 0]),
        ]
        assert len(calls) == len(found)
        assert F.conv2d(images, weight, padding="valid").dtype is torch.bfloat16
        assert F.conv2d(images[..., :1], weight, stride=2, groups=1).dtype is torch.bfloat16
    assert all(torch.equal(one, found[0]) for one in found)
    assert len(calls) == len(found) + 1
