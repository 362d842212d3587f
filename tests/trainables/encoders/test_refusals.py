"""Weights that must not train under a method's name, each with an error of its own."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from tests.trainables.encoders import layouts
from trainables.encoders import EncoderError, build
from trainables.encoders.registry import ENCODERS
from trainables.job import EncoderRef

State = dict[str, torch.Tensor]
BACKBONE = "test_resnet"


def state(backbone: str = BACKBONE) -> State:
    torch.manual_seed(0)
    return timm.create_model(backbone, num_classes=10).state_dict()


def refusal(path: Path, name: str = "supervised", backbone: str = BACKBONE, sha256: str | None = None) -> str:
    with pytest.raises(EncoderError) as error:
        build(EncoderRef(name=name, weights=str(path), sha256=sha256), backbone, image_size=32)
    return str(error.value)


def written(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist. Check the path." in refusal(tmp_path / "none.pth")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "w.pth").touch()
    assert "is empty. Download it again." in refusal(tmp_path / "w.pth")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_truncated_file(kind: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    if kind == "safetensors":
        save_file(state(), path)
    else:
        torch.save(state(), path, _use_new_zipfile_serialization=kind == "zip")
    os.truncate(path, int(path.stat().st_size * share))
    assert "is truncated or damaged" in refusal(path)


def test_a_flipped_bit_is_found_by_its_digest(tmp_path: Path) -> None:
    path = written(state(), tmp_path / "w.pth")
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    build(EncoderRef(name="supervised", weights=str(path), sha256=right), BACKBONE, image_size=32)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert f"have sha256 {right}, but {path} has" in refusal(path, sha256=right)


def test_a_public_file_under_its_own_name_is_verified_without_being_asked(tmp_path: Path) -> None:
    path = written(state(), tmp_path / "resnet50-0676ba61.pth")
    assert "have sha256 0676ba61, but" in refusal(path)


def test_a_web_page(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_text("<!DOCTYPE html><html>404</html>")
    assert "begins with b'<!DOCTYPE html>" in refusal(tmp_path / "w.pth")


class Payload:
    """What an attacker would pickle: a call."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, ("/tmp/encoders-executed-a-pickle",)


@pytest.mark.parametrize("kind", ["zip", "legacy", "plain"])
def test_a_pickle_that_needs_more_than_tensors_is_refused_with_the_conversion_and_not_run(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "w.pth"
    content = {"state_dict": state(), "args": Payload()}
    if kind == "plain":
        path.write_bytes(pickle.dumps({"args": Payload()}))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    text = refusal(path)
    assert "objects that run code when they are read" in text
    assert "python -c" in text
    assert "w.safetensors" in text
    assert not Path("/tmp/encoders-executed-a-pickle").exists()


def test_no_dictionary(tmp_path: Path) -> None:
    assert "holds tensors by name" in refusal(written([1, 2], tmp_path / "w.pth"))


@pytest.mark.parametrize(
    ("form", "given", "right"),
    [
        ("swav bare", "moco_v2", "swav"),
        ("moco_v2 nested", "infomin", "moco_v2"),
        ("infomin nested", "simclr", "infomin"),
        ("moco_v2 nested", "byol", "moco_v2"),
        ("swav nested", "supervised", "swav"),
    ],
)
def test_a_mislabelled_file_names_the_encoder_whose_layout_it_has(
    form: str, given: str, right: str, tmp_path: Path
) -> None:
    path = written(layouts.FORMS[form][1](state()), tmp_path / "w.pth")
    text = refusal(path, given)
    assert f"A file of {given} holds" in text
    assert f"Its layout is that of {right}" in text


def test_a_known_public_file_is_known_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(state(), tmp_path / "renamed.pth")
    known = {"resnet50-public.pth": hashlib.sha256(path.read_bytes()).hexdigest()[:8]}
    monkeypatch.setitem(ENCODERS._entries, "supervised", replace(ENCODERS.get("supervised"), digests=known))
    text = refusal(path, "simclr")
    assert "renamed.pth is resnet50-public.pth of supervised" in text
    build(EncoderRef(name="supervised", weights=str(path)), BACKBONE, image_size=32)


def test_a_supervised_file_is_no_byol(tmp_path: Path) -> None:
    text = refusal(written(state(), tmp_path / "w.pth"), "byol")
    assert "have no counters of batches" in text
    assert "under byol's name" in text


def test_another_architecture_lists_the_keys(tmp_path: Path) -> None:
    text = refusal(written(state("resnet18"), tmp_path / "w.pth"), "supervised", "resnet50")
    assert "are of another architecture" in text
    assert "layer1.0.conv1.weight (64, 64, 3, 3) instead of (64, 64, 1, 1)" in text
    assert "missing: layer1.0.conv3.weight" in text


def test_a_deeper_architecture_is_not_cut_to_fit(tmp_path: Path) -> None:
    found = state()
    found["layer4.1.conv1.weight"] = torch.zeros(1)
    text = refusal(written(found, tmp_path / "w.pth"))
    assert "has no layer4.1.conv1.weight of" in text
    assert "larger architecture" in text


def test_a_partial_file_lists_what_it_lacks(tmp_path: Path) -> None:
    found = {key: value for key, value in state().items() if not key.startswith("layer3.")}
    text = refusal(written(found, tmp_path / "w.pth"))
    assert "lacks layer3.0.conv1.weight" in text
    assert "The file is partial" in text


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none(bad: float, tmp_path: Path) -> None:
    found = state()
    found["layer2.0.conv1.weight"][0, 0, 0, 0] = bad
    assert "holds NaN or infinity in layer2.0.conv1.weight" in refusal(written(found, tmp_path / "w.pth"))


def test_quantised_weights(tmp_path: Path) -> None:
    found = {key: value.to(torch.int8) if value.ndim == 4 else value for key, value in state().items()}
    assert "holds ['torch.int8']: quantised?" in refusal(written(found, tmp_path / "w.pth"))


def test_two_copies_of_the_backbone_are_not_guessed_between(tmp_path: Path) -> None:
    found = {**layouts.prefixed("student.", state()), **layouts.prefixed("teacher.", state())}
    text = refusal(written({"model": found}, tmp_path / "w.pth"), "own")
    assert "more than once, under 'model.student', 'model.teacher'" in text


def test_heads_alone_are_no_encoder(tmp_path: Path) -> None:
    text = refusal(written({"state_dict": {"fc.weight": torch.zeros(2, 2)}}, tmp_path / "w.pth"), "own")
    assert "has none of the encoder's keys" in text


def test_half_precision_is_read(tmp_path: Path) -> None:
    path = written(
        {key: value.half() if value.is_floating_point() else value for key, value in state().items()},
        tmp_path / "w.pth",
    )
    encoder = build(EncoderRef(name="supervised", weights=str(path)), BACKBONE, image_size=32)
    assert {value.dtype for value in encoder.parameters()} == {torch.float32}


def test_the_conversion_in_the_error_works(tmp_path: Path) -> None:
    import shlex
    import subprocess
    import sys

    buffer = {"state_dict": state(), "args": io.BytesIO()}
    path = written(buffer, tmp_path / "w.pth")
    command = refusal(path).split("with\n")[1].split("\nand give")[0].strip()
    words = shlex.split(command)
    done = subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0
    encoder = build(EncoderRef(name="supervised", weights=str(tmp_path / "w.safetensors")), BACKBONE, image_size=32)
    assert torch.equal(encoder.backbone.state_dict()["bn1.weight"], state()["bn1.weight"])
