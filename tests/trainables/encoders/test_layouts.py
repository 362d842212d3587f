"""Every public layout loads to the features of its source."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from torchvision.models import mobilenet_v2

from tests.trainables.encoders import layouts
from trainables.encoders import build
from trainables.encoders.build import load
from trainables.job import EncoderRef

cuda = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))


@pytest.mark.parametrize("device", ["cpu", cuda])
@pytest.mark.parametrize("form", layouts.FORMS)
def test_a_public_layout_gives_the_features_of_its_source(form: str, device: str, tmp_path: Path) -> None:
    name, write = layouts.FORMS[form]
    model = layouts.source()
    torch.save(write(model.state_dict()), tmp_path / "weights.pth.tar")
    encoder = build(EncoderRef(name=name, weights=str(tmp_path / "weights.pth.tar")), "resnet50", image_size=64)
    encoder, reference = encoder.eval().to(device), layouts.as_trained(model, name).to(device)
    with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
        for side in (64, 75):
            images = torch.randn(2, 3, side, side, device=device)
            expected = reference(images)
            assert float(expected.std()) > 0.01
            assert float((encoder(images) - expected).abs().max()) < 1e-5
    assert encoder.features == 2048
    assert (encoder.mean, encoder.std) == layouts.NORMALISATION[name]


@pytest.mark.parametrize("name", ["simclr", "byol"])
def test_the_padding_of_the_original_is_no_detail(name: str) -> None:
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        plain = layouts.as_trained(layouts.source(), "supervised")(images)
        padded = layouts.as_trained(layouts.source(), name)(images)
    assert float((plain - padded).abs().max()) > 1e-2


def test_torchvisions_mobilenet_loads_into_timms(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = mobilenet_v2(weights=None)
    source(torch.randn(8, 3, 64, 64))  # moves the batch statistics
    torch.save(source.eval().state_dict(), tmp_path / "mobilenet.pth")
    encoder = build(
        EncoderRef(name="supervised", weights=str(tmp_path / "mobilenet.pth")), "mobilenetv2_100", image_size=64
    ).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected = source.features(images).mean(dim=(2, 3))
        assert float((encoder(images) - expected).abs().max()) < 1e-5
    assert encoder.features == expected.shape[1] == 1280


def test_what_was_used_and_what_was_left_is_told(tmp_path: Path) -> None:
    torch.save(layouts.moco_v2(layouts.source().state_dict()), tmp_path / "moco.pth.tar")
    found = load(EncoderRef(name="moco_v2", weights=str(tmp_path / "moco.pth.tar")), "resnet50", 64)
    assert found.place == "state_dict.module.encoder_q.*"
    assert (len(found.fitted.state), found.fitted.missing) == (318, ())
    assert "module.encoder_q.fc.0.weight" in found.fitted.ignored
    assert sum(key.startswith("module.encoder_k.") for key in found.fitted.ignored) == 322


TRANSFORMERS = {
    "dino": ("test_vit", dict),
    "mae": ("test_vit", layouts.mae),
    "moco_v3": ("test_vit", layouts.moco_v3),
    "clip": ("test_vit", lambda state: {**state, "head.weight": torch.zeros(4, 64)}),
    "siglip2": ("test_vit", dict),
    "monet": ("vit_xsmall_patch16_clip_224", layouts.transformers_clip),
    "dermlip": ("vit_xsmall_patch16_clip_224", layouts.open_clip),
    "panderm large": ("tiny_panderm", layouts.panderm_large),
    "panderm base": ("tiny_panderm", dict),
    "clip by OpenAI": ("vit_xsmall_patch16_clip_224", layouts.open_clip),
    "dinov2": ("vit_small_patch14_reg4_dinov2", layouts.dinov2),
    "dinov2 without registers": ("vit_small_patch14_dinov2", layouts.dinov2),
}


@pytest.mark.parametrize("form", TRANSFORMERS)
def test_transformers_in_their_official_layouts_give_the_features_of_their_source(form: str, tmp_path: Path) -> None:
    backbone, write = TRANSFORMERS[form]
    size = 56 if "dinov2" in form else 160
    torch.manual_seed(0)
    source = timm.create_model(backbone, num_classes=0, img_size=size).eval()
    torch.save(write(source.state_dict()), tmp_path / "weights.pth")
    ref = EncoderRef(name=form.partition(" ")[0], weights=str(tmp_path / "weights.pth"))
    encoder = build(ref, backbone, image_size=size).eval()
    images = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        expected = source(images)
        assert float(expected.std()) > 1e-3
        assert float((encoder(images) - expected).abs().max()) < 1e-5


def test_position_embeddings_of_another_input_size_are_resampled(tmp_path: Path) -> None:
    source = timm.create_model("test_vit", num_classes=0, img_size=160)
    torch.save(source.state_dict(), tmp_path / "weights.pth")
    encoder = build(EncoderRef(name="dino", weights=str(tmp_path / "weights.pth")), "test_vit", image_size=64)
    assert encoder.backbone.pos_embed.shape[1] == 4 * 4 + encoder.backbone.num_prefix_tokens
    assert torch.equal(encoder.backbone.cls_token, source.cls_token)
