"""What every pre-training method does, whichever it is: a new one inherits these tests by being registered."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from tests.tools.drawn_objects import CLASSES, objects
from trainables.encoders import build
from trainables.encoders.loading import encoder_file
from trainables.job import EncoderRef, TrainingError
from trainables.ssl import train
from trainables.ssl.image_pool import Pool, pairs
from trainables.ssl.method import small_crops
from trainables.ssl.methods import SSL_METHODS
from trainables.ssl.pretrain import fresh
from trainables.ssl.recipes import Recipe, recipe
from trainables.ssl.train import PreTraining

SIZE = 32
POOL = objects(36, SIZE + 4)
KNOWS_NOTHING = {"rotation": math.log(4), "supervised": math.log(len(CLASSES))}


def chosen(method: str, **changes: object) -> Recipe:
    return recipe(method, **{"epochs": 3, "batch_size": 18, "lr": 3e-3, "queue": 64, "prototypes": 8, **changes})


def training(method: str, partial: Path | None = None, pool: Pool = POOL, **changes: object) -> PreTraining:
    torch.manual_seed(1)
    backbone = "test_vit" if method == "mae" else "test_resnet"
    return PreTraining(fresh(backbone, SIZE), pool, chosen(method, **changes), image_size=SIZE, partial=partial)


def weights(found: PreTraining) -> dict[str, torch.Tensor]:
    return found._method.encoder.backbone.state_dict()


@pytest.mark.parametrize("method", SSL_METHODS)
def test_goes_on_after_a_stop_as_if_there_had_been_none(method, tmp_path, monkeypatch) -> None:
    """Weights, momentum copies, queues, prototypes and the optimiser: the same bits."""
    whole = training(method)
    whole.run()
    partial = tmp_path / "partial.pt"
    stopped = training(method, partial)
    epoch = PreTraining._epoch

    def stop(self: PreTraining, number: int) -> dict[str, float]:
        if number == 3:
            raise KeyboardInterrupt
        return epoch(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(PreTraining, "_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            stopped.run()
    resumed = training(method, partial)
    assert len(resumed.history) == 2
    resumed.run()
    assert [found["loss"] for found in resumed.history] == [found["loss"] for found in whole.history]
    for name, value in weights(whole).items():
        assert torch.equal(weights(resumed)[name], value), name


@pytest.mark.parametrize("method", SSL_METHODS)
def test_changes_every_weight_of_the_encoder(method) -> None:
    found = training(method)
    before = {name: value.clone() for name, value in found._method.encoder.named_parameters()}
    found.run()
    still = [name for name, value in found._method.encoder.named_parameters() if torch.equal(value, before[name])]
    assert still == []


def test_swavs_codes_see_the_queue_once_it_is_full(monkeypatch) -> None:
    """36 embeddings of each view an epoch: newest first, and none of the zeros that an empty queue has."""
    found = training("swav", queue=60)
    method, seen = found._method, []
    plain = method._swapped.forward

    def spy(large, small, queue=None):
        seen.append(None if queue is None else [len(scores) for scores in queue])
        return plain(large, small, queue)

    monkeypatch.setattr(method._swapped, "forward", spy)
    found.run()
    assert seen == [None] * 4 + [[60, 60]] * 2  # two batches of 18 an epoch: 72 after two epochs
    newest = method.bank[:, :18].clone()
    assert torch.allclose(newest.norm(dim=2), torch.ones(2, 18), atol=1e-5)
    method._remember(torch.zeros(2, 18, 128))
    assert torch.equal(method.bank[:, 18:36], newest)


def remembering(process: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=process, world_size=2)
    try:
        method = training("swav", queue=7)._method
        method.epoch = method.recipe.epochs
        both = torch.arange(2 * 4 * 128, dtype=torch.float32).reshape(2, 4, 128)
        for turn in (1, 10):
            method._remember(turn * both[:, process::2])
        scores = method._queued()
        torch.save({"bank": method.bank, "scores": scores}, f"{folder}/{process}.pt")
    finally:
        dist.destroy_process_group()


def test_swavs_queue_holds_every_ranks_embeddings_and_each_scores_its_share(tmp_path) -> None:
    mp.spawn(remembering, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{process}.pt", weights_only=True) for process in range(2))
    assert torch.equal(first["bank"], second["bank"])
    both = torch.arange(2 * 4 * 128, dtype=torch.float32).reshape(2, 4, 128)
    order = [0, 2, 1, 3]  # rank 0's, then rank 1's
    assert torch.equal(first["bank"], torch.cat([10 * both[:, order], both[:, order[:2]]], dim=1))
    whole = training("swav", queue=6)._method
    whole.epoch = whole.recipe.epochs
    whole.bank.copy_(first["bank"])
    for crop in range(2):  # scores of up to 4,000 cancel to a few: products of other shapes round at 1e-3
        expected = whole._queued()[crop]
        assert torch.allclose(first["scores"][crop], expected[0::2], atol=5e-3)
        assert torch.allclose(second["scores"][crop], expected[1::2], atol=5e-3)


def test_swav_does_without_a_queue() -> None:
    found = training("swav", queue=0)
    found.run()
    assert found._method.bank.numel() == 0


@pytest.mark.parametrize("method", sorted(set(SSL_METHODS) - {"colourisation"}))
def test_trains_a_vision_transformer_as_well(method) -> None:
    torch.manual_seed(1)
    found = PreTraining(fresh("test_vit", SIZE), POOL, chosen(method, epochs=1), image_size=SIZE)
    assert math.isfinite(found.run()[0]["loss"])


@pytest.mark.parametrize(("backbone", "side"), [("vit_tiny_patch16_224", 1.0), ("test_vit", 0.5), ("test_resnet", 0.5)])
def test_small_crops_are_as_large_as_the_others_for_encoders_of_one_size(backbone, side) -> None:
    assert [crop.side for crop in small_crops(fresh(backbone, SIZE), 3)] == [side] * 3


def test_mae_refuses_a_network_without_patches() -> None:
    with pytest.raises(TrainingError, match=r"mae masks patches of a vision transformer, but .* a ResNet\. Choose a"):
        PreTraining(fresh("test_resnet", SIZE), POOL, chosen("mae"), image_size=SIZE)


def test_mae_predicts_only_what_it_did_not_see(monkeypatch) -> None:
    """The masked pixels decide the target and nothing else: other values there leave the predictions as they are."""
    method = training("mae")._method.eval()
    images = torch.randn(3, 3, SIZE, SIZE)
    keep, masked = method._draw(3, images.device)
    assert sorted({*keep[0].tolist(), *masked[0].tolist()}) == list(range(method._prefix + method._patches))
    assert masked.shape[1] == 3 * method._patches // 4
    monkeypatch.setattr(method, "_draw", lambda count, device: (keep, masked))
    predicted = []
    monkeypatch.setattr(torch.nn.functional, "mse_loss", lambda p, target: predicted.append((p, target)))
    other = images.clone()
    side = SIZE // method._patch
    for image, places in enumerate(masked - method._prefix):
        for place in places.tolist():
            rows, columns = (slice(i * method._patch, (i + 1) * method._patch) for i in divmod(place, side))
            other[image, :, rows, columns] = torch.randn(3, method._patch, method._patch)
    for given in (images, other):
        method.loss([given], torch.zeros(3))
    assert torch.equal(predicted[0][0], predicted[1][0])
    assert not torch.equal(predicted[0][1], predicted[1][1])


@pytest.mark.parametrize("method", ["dino", "swav"])
def test_the_last_layer_stays_as_it_is_in_the_first_epoch(method) -> None:
    found = training(method, epochs=2, weight_decay=0.0, local_crops=0)
    layer = found._method.head.last_layer.weight_v if method == "dino" else found._method.prototypes.weight
    before = layer.detach().clone()
    found._epoch(1)
    torch.testing.assert_close(layer.detach(), before, atol=1e-6, rtol=0)
    found._epoch(2)
    assert float((layer.detach() - before).abs().max()) > 1e-5


def test_swavs_scores_are_cosines() -> None:
    found = training("swav")
    found.run()
    embedded = torch.nn.functional.normalize(torch.randn(50, 128), dim=1)
    prototypes = torch.nn.functional.normalize(found._method.prototypes.weight, dim=1)
    torch.testing.assert_close(found._method._scores(embedded), embedded @ prototypes.T, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("method", SSL_METHODS)
def test_learns(method) -> None:
    """The loss ends well below where it began (for moco and infomin: once the queue holds keys of real images).

    InfoMin's published views leave too little of an object of 32 pixels to be learned within a minute.
    """
    milder = {"augmentation": "lesion_infomin"} if method == "infomin" else {}
    history = training(method, pool=objects(180, SIZE + 4), epochs=20, batch_size=36, **milder).run()
    start = max(found["loss"] for found in history[:4])
    assert history[-1]["loss"] < 0.9 * start
    if method in KNOWS_NOTHING:
        assert history[-1]["loss"] < KNOWS_NOTHING[method]


@pytest.mark.parametrize("half", [True, False])
def test_the_registry_loads_the_file(tmp_path, half) -> None:
    encoder = fresh("test_resnet", SIZE).eval()
    path = tmp_path / "byol.safetensors"
    encoder_file.save(path, encoder, name="byol", backbone="test_resnet", provenance={"by": "a test"}, half=half)
    loaded = build(EncoderRef(name="byol", weights=str(path)), "test_resnet", image_size=SIZE).eval()
    images = torch.randn(4, 3, SIZE, SIZE)
    with torch.inference_mode():
        difference = float((loaded(images) - encoder(images)).abs().max() / encoder(images).abs().max())
    assert difference < (2e-3 if half else 1e-6)
    assert (loaded.mean, loaded.std, loaded.padding) == (encoder.mean, encoder.std, "torch")


def test_another_recipe_does_not_go_on_from_it(tmp_path) -> None:
    partial = tmp_path / "partial.pt"
    training("simclr", partial, epochs=1).run()
    with pytest.raises(TrainingError, match=r"goes on with what it began with.*Delete the file or write elsewhere"):
        training("simclr", partial, epochs=2)


def test_refusals_say_what_to_do() -> None:
    unlabelled = dataclasses.replace(POOL, classes=())
    with pytest.raises(TrainingError, match=r"'supervised' reads labels .* got 0 classes. Pre-train on labelled"):
        training("supervised", pool=unlabelled)
    with pytest.raises(TrainingError, match=r"A pre-training method is one of \['barlow_twins', .* got 'moco'"):
        training("moco")
    with pytest.raises(TrainingError, match=r"cannot use temperature = 0\. Correct the recipe"):
        recipe("simclr", temperature=0)
    with pytest.raises(TrainingError, match="needs two positive pairs a worker in a batch, got 1 pairs on 1 workers"):
        training("simclr", pool=objects(1, SIZE))


def test_a_loss_that_is_not_finite_ends_the_training(monkeypatch) -> None:
    found = training("simclr")
    loss = type(found._method).loss
    monkeypatch.setattr(type(found._method), "loss", lambda *arguments: loss(*arguments) * float("nan"))
    with pytest.raises(TrainingError, match="The pre-training loss became nan: this configuration diverged"):
        found.run()


def test_rate_warms_up_and_falls_to_zero() -> None:
    shares = [train._share(done) for done in np.linspace(0.001, 1, 500)]
    assert max(shares) == pytest.approx(1, abs=1e-3)
    assert np.argmax(shares) == pytest.approx(0.1 * 500, abs=2)
    assert shares[-1] == pytest.approx(0, abs=1e-9)


def lesions() -> Pool:
    names = ("a", "a", "a", "b", "b", "c", "", "")
    return dataclasses.replace(
        POOL, rows=np.arange(8), labels=np.array([0, 0, 0, 1, 1, 0, 0, 1]), lesions=names
    )  # fmt: skip


def test_pairs_of_views_are_each_image_once() -> None:
    first, second = pairs(lesions(), positives="views", balanced=False, seed=0, epoch=1)
    assert sorted(first) == list(range(8))
    assert np.array_equal(first, second)


def pair_of(first: np.ndarray, second: np.ndarray) -> Callable[[str], list[tuple[int, int]]]:
    names = lesions().lesions
    return lambda lesion: [(i, j) for i, j in zip(first, second, strict=True) if names[i] == lesion]


def test_pairs_of_lesions_are_two_images_of_each() -> None:
    for epoch in range(20):
        first, second = pairs(lesions(), positives="lesion", balanced=False, seed=0, epoch=epoch)
        of = pair_of(first, second)
        assert len(first) == 5  # a, b, c, and the two images whose lesion nobody knows
        ((i, j),) = of("a")
        assert i != j
        assert lesions().lesions[j] == "a"
        assert set(of("b")[0]) == {3, 4}
        assert of("c") == [(5, 5)]
        assert sorted(of("")) == [(6, 6), (7, 7)]


def test_balanced_pairs_draw_the_classes_equally_often() -> None:
    pool = dataclasses.replace(POOL, rows=np.arange(36), labels=(np.arange(36) < 4).astype(np.int64))
    drawn = np.concatenate(
        [pairs(pool, positives="views", balanced=True, seed=0, epoch=epoch)[0] for epoch in range(60)]
    )
    assert pool.labels[drawn].mean() == pytest.approx(0.5, abs=0.05)
