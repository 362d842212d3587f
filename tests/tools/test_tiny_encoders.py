"""The shipped encoders are what their recipes say, small, and better than no training."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.tools import tiny_encoders
from tests.tools.drawn_objects import CLASSES, HUES, VERSION, draw, objects
from tests.tools.probe_tiny_encoders import gains
from trainables.encoders import names
from trainables.encoders.loading import encoder_file, read_checkpoint
from trainables.encoders.loading.locate_weights import SHIPPED
from trainables.ssl.pretrain import fresh
from trainables.ssl.recipes import Recipe, recipe

SIX = ("supervised", "simclr", "swav", "byol", "moco_v2", "infomin")


def test_all_six_have_a_recipe_and_a_name() -> None:
    assert tuple(tiny_encoders.RECIPES) == SIX
    assert set(SIX) <= set(names())


@pytest.mark.parametrize("name", SIX)
def test_the_file_is_the_recipes(name) -> None:
    path = SHIPPED / f"{name}.safetensors"
    facts = read_checkpoint.read(path).facts
    assert facts is not None
    assert (facts.encoder, facts.backbone) == (name, tiny_encoders.BACKBONE)
    assert Recipe(**facts.provenance["recipe"]) == tiny_encoders.RECIPES[name]
    assert facts.provenance["image_size"] == tiny_encoders.job(name).image_size
    assert facts.provenance["last_loss"] < facts.provenance["first_loss"]
    assert set(facts.provenance["versions"]) >= {"torch", "timm", "lightly"}
    assert path.stat().st_size < 1_000_000
    assert all(value.dtype is not torch.float32 for value in load_file(path).values())


def test_the_supervised_one_has_seen_drawn_objects_and_no_skin() -> None:
    facts = read_checkpoint.read(SHIPPED / "supervised.safetensors").facts
    assert facts is not None
    assert (facts.provenance["source"], facts.provenance["images"]) == ("drawn_objects", tiny_encoders.OBJECTS)
    assert (
        facts.provenance["data_digest"] == f"drawn-objects-{VERSION}-{tiny_encoders.OBJECTS}-{tiny_encoders.SHORT_SIDE}"
    )


def test_the_others_have_seen_the_pool_without_labels() -> None:
    for name in set(SIX) - {"supervised"}:
        facts = read_checkpoint.read(SHIPPED / f"{name}.safetensors").facts
        assert facts is not None
        assert (facts.provenance["source"], facts.provenance["images"]) == ("synthetic_pool", 4000)
        assert tiny_encoders.RECIPES[name].balanced is False  # which alone reads labels in these methods


@pytest.mark.parametrize("name", SIX)
def test_a_linear_probe_beats_random_weights_over_five_seeds(name) -> None:
    """On average over five splits and initialisations, and on four of them; `probe` prints the numbers."""
    pairs = gains(name, range(5))
    assert sum(trained - random for trained, random in pairs) > 0
    assert sum(trained > random for trained, random in pairs) >= 4


def test_the_command_writes_a_file_that_says_where_it_comes_from(tmp_path, monkeypatch, capsys) -> None:
    short = recipe("supervised", epochs=1, batch_size=18)
    monkeypatch.setattr(tiny_encoders, "RECIPES", {"supervised": short})
    monkeypatch.setattr(tiny_encoders, "OBJECTS", 36)
    tiny_encoders.make("supervised", tmp_path)
    facts = read_checkpoint.read(tmp_path / "supervised.safetensors").facts
    assert facts is not None
    assert facts.provenance["recipe"] == dataclasses.asdict(short)
    assert facts.provenance["images"] == 36
    assert [path.name for path in tmp_path.iterdir()] == ["supervised.safetensors"]
    assert capsys.readouterr().out.startswith("supervised: loss ")


def test_float16_changes_features_by_less_than_a_thousandth(tmp_path) -> None:
    encoder = fresh(tiny_encoders.BACKBONE, tiny_encoders.SIZE)
    encoder.train()
    with torch.no_grad():
        for _ in range(5):  # running statistics of real size
            encoder(torch.randn(8, 3, tiny_encoders.SIZE, tiny_encoders.SIZE) * 2 + 1)
    path = tmp_path / "e.safetensors"
    encoder_file.save(path, encoder, name="own", backbone=tiny_encoders.BACKBONE, provenance={}, half=True)
    halved = fresh(tiny_encoders.BACKBONE, tiny_encoders.SIZE)
    halved.backbone.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    images = torch.randn(8, 3, tiny_encoders.SIZE, tiny_encoders.SIZE)
    with torch.inference_mode():
        exact, rounded = encoder.eval()(images), halved.eval()(images)
    assert float((exact - rounded).abs().max() / exact.abs().max()) < 1e-3


def test_objects_are_drawn_the_same_each_time_and_all_differ() -> None:
    assert (draw(5, 40) == draw(5, 40)).all()
    assert len({draw(index, 40).tobytes() for index in range(36)}) == 36


def test_objects_have_every_class_equally_often() -> None:
    assert len(set(CLASSES)) == len(CLASSES)
    labels = objects(2 * len(CLASSES), 24).labels
    assert (np.bincount(labels) == [2] * len(CLASSES)).all()


def test_an_object_has_the_hue_of_its_class() -> None:
    """In its middle, where the object is a plain disc, and whatever its ground is."""
    for index in range(len(CLASSES)):
        if CLASSES[index].endswith("plain disc"):
            hue = cv2.cvtColor(draw(index, 64)[28:36, 28:36], cv2.COLOR_RGB2HSV_FULL)[..., 0]
            assert HUES[int(np.median(hue)) * len(HUES) // 256] == CLASSES[index].split()[0]
