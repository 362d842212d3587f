"""What every registered encoder inherits: add a module and its line, and these tests hold it."""

from __future__ import annotations

import copy
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import timm
import torch

from trainables.encoders import Encoder, EncoderError, build, names, registry
from trainables.encoders.loading import encoder_file
from trainables.encoders.recipe import Recipe
from trainables.encoders.registry import recipe
from trainables.job import EncoderRef
from trainables.models.classifier import classifier, state
from trainables.shipped_encoders import shipped

BACKBONE = "test_resnet"
TRAINED = [name for name in names() if registry.recipe(name).trained]


@cache
def bare_state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return timm.create_model(BACKBONE, num_classes=0).state_dict()


def as_public(recipe: Recipe, form: str) -> dict[str, object]:
    """A file laid out as the recipe says, with something under each pattern that it ignores."""
    prefix = "any.prefix." if recipe.prefix is None else recipe.prefix
    keep = [key for key in bare_state() if recipe.counters or not key.endswith("num_batches_tracked")]
    content: dict[str, object] = {f"{prefix}{key}": bare_state()[key] for key in keep}
    content |= {pattern.replace("*", "weight"): torch.zeros(3) for pattern in recipe.ignored}
    return {recipe.containers[0]: content, "epoch": 7} if form == "nested" else content


@pytest.mark.parametrize("name", names())
def test_its_file_says_what_a_user_needs_to_know(name: str) -> None:
    recipe = registry.recipe(name)
    assert recipe.name == name
    assert recipe.paper
    assert recipe.obtain
    assert import_module(f"trainables.encoders.recipes.{name}").__doc__


@pytest.mark.parametrize("name", TRAINED)
def test_without_weights_it_says_where_they_come_from_and_never_trains_random_ones(name: str) -> None:
    with pytest.raises(EncoderError, match="none are given") as error:
        build(EncoderRef(name=name), "resnet18", image_size=32)
    assert registry.recipe(name).obtain in str(error.value)
    assert "Random weights never stand in" in str(error.value)


@pytest.mark.parametrize("form", ["bare", "nested"])
@pytest.mark.parametrize("name", TRAINED)
def test_its_public_layout_loads_whole(name: str, form: str, tmp_path: Path) -> None:
    recipe = registry.recipe(name)
    if form == "nested" and not recipe.containers:
        pytest.skip("this encoder's files are never nested")
    torch.save(as_public(recipe, form), tmp_path / "w.pth")
    encoder = build(EncoderRef(name=name, weights=str(tmp_path / "w.pth")), BACKBONE, image_size=32)
    assert all(torch.equal(encoder.backbone.state_dict()[key], value) for key, value in bare_state().items())
    assert encoder.padding == recipe.padding
    assert encoder.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, encoder.features)


@pytest.mark.parametrize("lost", ["layer4.0.conv1.weight", "bn1.running_var"])
@pytest.mark.parametrize("name", TRAINED)
def test_one_lost_key_is_an_error(name: str, lost: str, tmp_path: Path) -> None:
    recipe = registry.recipe(name)
    content = {key: value for key, value in as_public(recipe, "bare").items() if not key.endswith(lost)}
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(EncoderError, match=f"lacks {lost}"):
        build(EncoderRef(name=name, weights=str(tmp_path / "w.pth")), BACKBONE, image_size=32)


@pytest.mark.parametrize("name", TRAINED)
def test_what_pre_training_writes_loads_with_its_own_normalisation(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    made = build(EncoderRef(name="random"), BACKBONE, image_size=32)
    made.mean, made.std = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    path = tmp_path / "w.safetensors"
    encoder_file.save(path, made, name=name, backbone=BACKBONE, provenance={"data": "none"}, half=False)
    found = build(EncoderRef(name=name, weights=str(path)), BACKBONE, image_size=32)
    assert (found.mean, found.std, found.padding) == (made.mean, made.std, "torch")
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(found.eval()(images), made.eval()(images))


@pytest.mark.parametrize("name", [name for name in TRAINED if name != "own"])
def test_weights_of_another_encoder_or_backbone_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    made = build(EncoderRef(name="random"), BACKBONE, image_size=32)
    encoder_file.save(path, made, name="another", backbone=BACKBONE, provenance={}, half=True)
    with pytest.raises(EncoderError, match="was pre-trained by another"):
        build(EncoderRef(name=name, weights=str(path)), BACKBONE, image_size=32)
    encoder_file.save(path, made, name=name, backbone="resnet18", provenance={}, half=True)
    with pytest.raises(EncoderError, match="holds those of resnet18"):
        build(EncoderRef(name=name, weights=str(path)), BACKBONE, image_size=32)


@pytest.mark.parametrize("name", [name for name in TRAINED if shipped(name, BACKBONE).is_file()])
def test_shipped_weights_load_and_are_their_own(name: str) -> None:
    encoder = build(EncoderRef(name=name), BACKBONE, image_size=64)
    assert encoder.features == 96
    torch.manual_seed(0)
    other = build(EncoderRef(name="random"), BACKBONE, image_size=64)
    images = torch.randn(2, 3, 64, 64)
    assert not torch.allclose(encoder.eval()(images), other.eval()(images), atol=1e-3)


@pytest.mark.parametrize("name", TRAINED)
def test_a_checkpoint_restores_it_after_its_weights_are_gone(name: str, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(as_public(registry.recipe(name), "bare"), path)
    ref = EncoderRef(name=name, weights=str(path))
    model = classifier(ref, BACKBONE, 32, 2)
    kept = copy.deepcopy(state(model))
    path.unlink()
    again = classifier(ref, BACKBONE, 32, 2, initial=False)
    again.load_state_dict(kept)
    images = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(again.eval().encode(images), model.eval().encode(images))
    assert (again.encoder.mean, again.encoder.padding) == (model.encoder.mean, model.encoder.padding)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(EncoderError, match=r"An encoder is one of supervised, simclr, .*got 'simlcr'"):
        build(EncoderRef(name="simlcr"), BACKBONE, image_size=32)


def test_an_unknown_backbone_names_its_neighbours() -> None:
    with pytest.raises(EncoderError, match=r"name of a timm model, got 'resnet5'; near it: .*resnet50"):
        build(EncoderRef(name="random"), "resnet5", image_size=32)


def test_random_weights_have_their_own_name_and_their_jobs_seed() -> None:
    def made(seed: int) -> Encoder:
        torch.manual_seed(seed)
        return build(EncoderRef(name="random"), BACKBONE, image_size=32)

    first, again, other = (made(seed).backbone.state_dict()["layer1.0.conv1.weight"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    with pytest.raises(EncoderError, match=r"has no weights, got 'x\.pth'"):
        build(EncoderRef(name="random", weights="x.pth"), BACKBONE, image_size=32)


def test_a_trial_cannot_change_the_next_ones_weights(tmp_path: Path) -> None:
    torch.save(bare_state(), tmp_path / "w.pth")
    ref = EncoderRef(name="own", weights=str(tmp_path / "w.pth"))
    torch.nn.init.zeros_(build(ref, BACKBONE, image_size=32).backbone.layer1[0].conv1.weight)
    assert float(build(ref, BACKBONE, image_size=32).backbone.layer1[0].conv1.weight.detach().abs().sum()) > 0


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    ref = EncoderRef(name="own", weights=str(path))
    torch.save(bare_state(), path)
    build(ref, BACKBONE, image_size=32)
    torch.save({key: value * 0 + 3 for key, value in bare_state().items()} | {"note": 1}, path)
    assert float(build(ref, BACKBONE, image_size=32).backbone.state_dict()["bn1.weight"][0]) == 3


@pytest.mark.parametrize(
    ("backbone", "size", "features"),
    [
        ("test_convnext", 48, 64),
        ("test_vit", 48, 64),
        ("test_efficientnet", 48, 256),
        ("mobilenetv3_small_050", 64, 1024),
    ],
)
def test_every_family_of_backbones_is_handled_alike(backbone: str, size: int, features: int, tmp_path: Path) -> None:
    torch.save(timm.create_model(backbone, num_classes=10).state_dict(), tmp_path / "w.pth")
    ref = EncoderRef(name="own", weights=str(tmp_path / "w.pth"))
    model = classifier(ref, backbone, size, 3)
    logits = model(torch.zeros(2, size, size, 3, dtype=torch.uint8))
    assert (logits.shape, model.encoder.features) == ((2, 3), features)


def test_position_embeddings_follow_the_image_size(tmp_path: Path) -> None:
    torch.save(timm.create_model("test_vit", num_classes=0).state_dict(), tmp_path / "w.pth")
    encoder = build(EncoderRef(name="own", weights=str(tmp_path / "w.pth")), "test_vit", image_size=64)
    assert encoder.backbone.pos_embed.shape[1] == 1 + (64 // 16) ** 2
    assert torch.isfinite(encoder(torch.randn(2, 3, 64, 64))).all()


def test_a_dino_style_teacher_is_found(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vit = timm.create_model("test_vit", num_classes=0).state_dict()
    teacher = {f"backbone.{key}": value for key, value in vit.items()} | {"head.mlp.0.weight": torch.zeros(2)}
    torch.save({"student": {"x": torch.zeros(1)}, "teacher": teacher}, tmp_path / "w.pth")
    encoder = build(EncoderRef(name="own", weights=str(tmp_path / "w.pth")), "test_vit", image_size=160)
    assert torch.equal(encoder.backbone.state_dict()["cls_token"], vit["cls_token"])


def test_a_new_encoder_is_one_registration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dino = Recipe(name="dino", paper="Caron 2021", obtain="a URL", containers=("student",), prefix="b.")
    monkeypatch.setattr(registry.ENCODERS, "_entries", {**registry.ENCODERS._entries, "dino": dino})
    torch.save({"student": {f"b.{key}": value for key, value in bare_state().items()}}, tmp_path / "w.pth")
    built = build(EncoderRef(name="dino", weights=str(tmp_path / "w.pth")), BACKBONE, image_size=32)
    assert torch.equal(built.backbone.state_dict()["bn1.weight"], bare_state()["bn1.weight"])
    assert "dino" in names()


TIMM = {
    "dino": "vit_small_patch16_224.dino",
    "dinov2": "vit_small_patch14_dinov2.lvd142m",
    "dinov3": "convnext_tiny.dinov3_lvd1689m",
    "mae": "vit_base_patch16_224.mae",
    "siglip2": "vit_base_patch16_siglip_224.v2_webli",
    "ijepa": "vit_huge_patch14_gap_224.in1k_ijepa",
}


@pytest.mark.parametrize("name", TIMM)
def test_licences_and_normalisation_are_those_that_timm_records(name: str) -> None:
    found, config = recipe(name), timm.get_pretrained_cfg(TIMM[name])
    assert found.licence.lower().replace(" ", "-") == config.license.lower()
    assert TIMM[name] in found.obtain
    assert found.mean in (None, tuple(config.mean))
    assert found.std in (None, tuple(config.std))


def test_every_encoder_says_its_licence_and_what_it_has_seen() -> None:
    unknown = [name for name in names() if "unknown" in (recipe(name).licence, recipe(name).pretrained_on)]
    assert unknown == ["infomin"]  # its project names no licence for the weights
    assert {name for name in names() if not recipe(name).is_open} >= {"swav", "moco_v2", "mae", "vicreg", "dinov3"}
    open_ones = ("supervised", "simclr", "byol", "dino", "dinov2", "clip", "own", "random")
    assert all(recipe(name).is_open for name in open_ones)
