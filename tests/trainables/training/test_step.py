import numpy as np
import pytest
import torch
from torch import nn

from trainables.devices import precision
from trainables.job import TrainingError
from trainables.training import step
from trainables.training.step import Stepper, mean_loss, probabilities, wrap

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("float32")


class Net(nn.Module):
    """A network without batch norm that runs out of memory above `fits` images."""

    def __init__(self, fits=1000):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)
        )
        self.fits, self.sizes = fits, []

    def forward(self, images):
        self.sizes.append(len(images))
        if len(images) > self.fits:
            raise torch.OutOfMemoryError("too large")
        return self.layers(images.permute(0, 3, 1, 2).float() / 255)


def batch(count=12, seed=0):
    """Images whose label is their brightness."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(0, 2, count)
    dark = draws.integers(0, 156, (count, 10, 10, 3), dtype=np.uint8)
    return dark + 99 * labels[:, None, None, None].astype(np.uint8), labels


def made(net, lr=0.1):
    return Stepper(net, torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9), CPU)


def test_a_step_is_plain_sgd_on_the_mean_loss():
    net, plain = Net(), Net()
    images, labels = batch()
    loss = made(net).step(images, labels)
    expected = nn.functional.cross_entropy(plain(torch.from_numpy(images)), torch.from_numpy(labels))
    expected.backward()
    assert float(loss) == pytest.approx(expected.item(), abs=1e-6)
    for ours, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(ours, theirs - 0.1 * theirs.grad, atol=1e-6)


@pytest.mark.parametrize("fits", [2, 3, 5])
def test_a_batch_that_does_not_fit_means_the_same(fits):
    small, large = Net(fits), Net()
    ours, theirs = made(small), made(large)
    for seed in range(3):
        images, labels = batch(seed=seed)
        assert float(ours.step(images, labels)) == pytest.approx(float(theirs.step(images, labels)), abs=1e-6)
    for a, b in zip(small.parameters(), large.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    assert max(small.sizes[-4:]) <= fits  # later batches start from the size that fits


def test_not_even_two_images():
    with pytest.raises(TrainingError, match="Not even 2 images fit on cpu: use smaller ones or a smaller network"):
        made(Net(fits=0)).step(*batch())


def test_a_diverged_configuration_fails_at_once_on_the_cpu():
    stepper = made(Net(), lr=1e30)
    stepper.step(*batch())
    with pytest.raises(TrainingError, match=r"The training loss became (nan|inf): this configuration diverged"):
        stepper.step(*batch())


def test_a_gpu_is_asked_now_and_then():
    stepper = made(Net(), lr=1e30)
    stepper._look_every = 5
    losses = [stepper.step(*batch(seed=seed)) for seed in range(4)]
    with pytest.raises(TrainingError, match="diverged"):
        stepper.step(*batch())
    with pytest.raises(TrainingError, match="diverged"):
        mean_loss(losses)


def test_a_share_of_a_larger_batch_weighs_less_in_loss_and_gradient():
    whole, half = Net(), Net()
    images, labels = batch()
    assert float(made(half).step(images, labels, whole=2 * len(images))) == pytest.approx(
        float(made(whole).step(images, labels)) / 2
    )
    for a, b, start in zip(whole.parameters(), half.parameters(), Net().parameters(), strict=True):
        assert torch.allclose((a - start) / 2, b - start, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_follows_the_same_losses(monkeypatch, dtype):
    """float16 with its loss scaling; the same 50 losses within 2 %."""
    expected, plain = [], made(Net())
    for seed in range(50):
        expected.append(float(plain.step(*batch(seed=seed % 5))))
    monkeypatch.setattr(step, "autocast_dtype", lambda device: dtype)
    monkeypatch.setattr(precision, "autocast_dtype", lambda device: dtype)
    half = made(Net())
    found = [float(half.step(*batch(seed=seed % 5))) for seed in range(50)]
    assert half._scaler.is_enabled() == (dtype is torch.float16)
    assert np.allclose(found, expected, rtol=0.02)
    assert found[-1] < 0.8 * found[0]


def test_probabilities_are_those_of_softmax():
    net = Net().eval()
    images, _ = batch()
    expected = net(torch.from_numpy(images)).softmax(dim=1).detach().numpy()
    for given in (images, torch.from_numpy(images)):
        found = probabilities(net, given, CPU)
        assert found.dtype == np.float64
        assert np.allclose(found, expected, atol=1e-6)


def test_without_a_worker_group_the_model_stays_as_it_is():
    net = Net()
    assert wrap(net, CPU) is net


def test_label_smoothing_and_mixup_are_those_of_timm():
    from timm.data.mixup import mixup_target

    net, plain = Net(), Net()
    images, labels = batch(6)
    stepper = Stepper(net, torch.optim.SGD(net.parameters(), lr=0.1), CPU, label_smoothing=0.2, mixup=0.4)
    torch.manual_seed(5)
    loss = stepper.step(images, labels)
    torch.manual_seed(5)
    share = np.random.default_rng(step._drawn()).beta(0.4, 0.4)
    x, y = torch.from_numpy(images).float(), torch.from_numpy(labels)
    target = mixup_target(y, 2, lam=share, smoothing=0.2)
    logits = plain(share * x + (1 - share) * x.flip(0))
    assert float(loss) == pytest.approx(float(nn.functional.cross_entropy(logits, target)), abs=1e-5)
