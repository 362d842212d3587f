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
from trainables.shipped_encoders import SHIPPED
from trainables.ssl.pretrain import fresh
from trainables.ssl.recipes import Recipe, recipe

SHIPS = {
    "test_resnet": ("supervised", "simclr", "swav", "byol", "moco_v2", "infomin"),
    "test_vit": ("supervised", "simclr", "mae"),
}
PLACES = [f"{backbone}/{name}" for backbone, shipped in SHIPS.items() for name in shipped]


def test_all_that_ship_have_a_recipe_and_a_name() -> None:
    assert list(tiny_encoders.RECIPES) == PLACES
    assert {place.split("/")[1] for place in PLACES} <= set(names())
    assert sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.*")) == sorted(
        f"{place}.safetensors" for place in PLACES
    )


@pytest.mark.parametrize("place", PLACES)
def test_the_file_is_the_recipes(place) -> None:
    path = SHIPPED / f"{place}.safetensors"
    facts = read_checkpoint.read(path).facts
    assert facts is not None
    assert f"{facts.backbone}/{facts.encoder}" == place
    assert Recipe(**facts.provenance["recipe"]) == tiny_encoders.RECIPES[place]
    assert facts.provenance["image_size"] == tiny_encoders.job(place).image_size
    assert facts.provenance["last_loss"] < facts.provenance["first_loss"]
    assert set(facts.provenance["versions"]) >= {"torch", "timm", "lightly"}
    assert path.stat().st_size < 1_000_000
    assert all(value.dtype is not torch.float32 for value in load_file(path).values())


@pytest.mark.parametrize("backbone", SHIPS)
def test_the_supervised_ones_have_seen_drawn_objects_and_no_skin(backbone) -> None:
    facts = read_checkpoint.read(SHIPPED / backbone / "supervised.safetensors").facts
    assert facts is not None
    assert (facts.provenance["source"], facts.provenance["images"]) == ("drawn_objects", tiny_encoders.OBJECTS)
    assert (
        facts.provenance["data_digest"] == f"drawn-objects-{VERSION}-{tiny_encoders.OBJECTS}-{tiny_encoders.SHORT_SIDE}"
    )


def test_the_others_have_seen_the_pool_without_labels() -> None:
    for place in (place for place in PLACES if not place.endswith("/supervised")):
        facts = read_checkpoint.read(SHIPPED / f"{place}.safetensors").facts
        assert facts is not None
        assert (facts.provenance["source"], facts.provenance["images"]) == ("synthetic_pool", 4000)
        assert tiny_encoders.RECIPES[place].balanced is False  # which alone reads labels in these methods


@pytest.mark.parametrize("place", PLACES)
def test_a_linear_probe_beats_random_weights_over_five_seeds(place) -> None:
    """On average over five splits and initialisations, and on four of them; `probe` prints the numbers."""
    pairs = gains(place, range(5))
    assert sum(trained - random for trained, random in pairs) > 0
    assert sum(trained > random for trained, random in pairs) >= 4


def test_the_command_writes_a_file_that_says_where_it_comes_from(tmp_path, monkeypatch, capsys) -> None:
    short = recipe("supervised", epochs=1, batch_size=18)
    monkeypatch.setattr(tiny_encoders, "RECIPES", {"test_vit/supervised": short})
    monkeypatch.setattr(tiny_encoders, "OBJECTS", 36)
    tiny_encoders.make("test_vit/supervised", tmp_path)
    facts = read_checkpoint.read(tmp_path / "test_vit/supervised.safetensors").facts
    assert facts is not None
    assert facts.provenance["recipe"] == dataclasses.asdict(short)
    assert facts.provenance["images"] == 36
    assert [path.name for path in tmp_path.rglob("*.*")] == ["supervised.safetensors"]
    assert capsys.readouterr().out.startswith("test_vit/supervised: loss ")


def test_float16_changes_features_by_less_than_a_thousandth(tmp_path) -> None:
    encoder = fresh("test_resnet", tiny_encoders.SIZE)
    encoder.train()
    with torch.no_grad():
        for _ in range(5):  # running statistics of real size
            encoder(torch.randn(8, 3, tiny_encoders.SIZE, tiny_encoders.SIZE) * 2 + 1)
    path = tmp_path / "e.safetensors"
    encoder_file.save(path, encoder, name="own", backbone="test_resnet", provenance={}, half=True)
    halved = fresh("test_resnet", tiny_encoders.SIZE)
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
