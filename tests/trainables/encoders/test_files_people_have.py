"""Checkpoints as people have them: whatever holds the backbone unambiguously is read, and where a choice is open, it is
named."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path, PurePosixPath

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from study.base.errors import StudyError
from study.plan.cells import plan
from study.protocol.opening import start_study
from study.store.selection_record import Winner
from study.training import encoder_checks
from study.training.jobs import job_digest, replicate_job
from tests.study.example_study import spec
from trainables.encoders import EncoderError
from trainables.encoders.build import load
from trainables.job import EncoderRef

BACKBONE = "resnet18"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    model = timm.create_model(BACKBONE)
    return {key: value for key, value in model.state_dict().items() if not key.startswith("fc")}


def read(path: Path, key: str | None = None):
    return load(EncoderRef(name="own", weights=str(path), key=key), BACKBONE, 32)


def same(loaded, state: dict[str, torch.Tensor]) -> bool:
    found = loaded.encoder.backbone.state_dict()
    return all(torch.equal(found[key], value) for key, value in state.items())


def prefixed(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}{key}": value for key, value in state.items()}


@pytest.mark.parametrize(
    "beside",
    [
        Namespace(lr=0.1, root=PurePosixPath("/data")),
        OrderedDict(lr=0.1),
        {"when": __import__("datetime").datetime(2024, 1, 1), "seen": __import__("numpy").float64(3.0)},
    ],
    ids=["namespace", "ordered", "numpy and dates"],
)
def test_plain_data_beside_the_weights_is_harmless(tmp_path, state, beside):
    path = tmp_path / "lightning.ckpt"
    torch.save({"state_dict": prefixed("model.", state), "hyper_parameters": beside}, path)
    assert same(read(path), state)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("should-not-be-there",)


def test_code_beside_the_weights_is_still_refused(tmp_path, state):
    path = tmp_path / "evil.ckpt"
    torch.save({"state_dict": state, "hyper_parameters": Namespace(hook=Evil())}, path)
    with pytest.raises(EncoderError, match="objects that run code"):
        read(path)
    assert not Path("should-not-be-there").exists()


@pytest.mark.parametrize("prefix", ["", "backbone.", "module.encoder."])
def test_positions_instead_of_names_are_mapped_by_order_and_shape(tmp_path, prefix):
    torch.manual_seed(4)
    model = torchvision.models.resnet18()
    layers = torch.nn.Sequential(*list(model.children())[:-1])
    path = tmp_path / "sequential.ckpt"
    torch.save({"state_dict": prefixed(prefix, layers.state_dict())}, path)
    loaded = read(path)
    expected = {key: value for key, value in model.state_dict().items() if not key.startswith("fc")}
    assert same(loaded, expected)
    assert loaded.place == f"state_dict.{prefix}*, by order and shape"
    model.eval()
    loaded.encoder.eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.allclose(loaded.encoder.backbone(images), layers.eval()(images).flatten(1), atol=1e-5)


def test_positions_of_another_architecture_are_not_mapped(tmp_path):
    layers = torch.nn.Sequential(*list(torchvision.models.resnet34().children())[:-1])
    torch.save(layers.state_dict(), tmp_path / "w.pth")
    with pytest.raises(EncoderError, match=r"none of the encoder's keys|another architecture|more than once"):
        read(tmp_path / "w.pth")


def test_a_folder_of_hugging_face_is_read(tmp_path, state):
    whole = timm.create_model(BACKBONE).state_dict() | state
    save_file({key: value.contiguous() for key, value in whole.items()}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"architecture": BACKBONE}))
    assert same(read(tmp_path), state)


def shard(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    folder.mkdir(exist_ok=True)
    names = sorted(state)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, keys in parts.items():
        save_file({key: state[key].contiguous() for key in keys}, folder / file)
    weight_map = {key: file for file, keys in parts.items() for key in keys}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


def test_shards_are_read_together_and_verified_together(tmp_path, state):
    folder = shard(tmp_path / "model", state)
    loaded = read(folder)
    assert same(loaded, state)
    before = encoder_checks_digest(loaded.path)
    changed = dict(state)
    changed["conv1.weight"] = state["conv1.weight"] + 1
    shard(folder, changed)
    assert encoder_checks_digest(loaded.path) != before
    assert same(read(folder), changed)


def encoder_checks_digest(path: Path) -> str:
    from trainables.encoders.loading.locate_weights import digest

    return digest(path)


def test_a_shard_that_is_missing_or_elsewhere_is_named(tmp_path, state):
    folder = shard(tmp_path / "model", state)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"no model-00002-of-00002.safetensors"):
        read(folder)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"conv1.weight": "../secret.safetensors"}}))
    with pytest.raises(EncoderError, match="Shards lie beside their index"):
        read(folder)


def test_a_folder_without_weights_is_not_a_file_that_does_not_exist(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match=r"A folder of weights holds model.safetensors.*it holds config.json"):
        read(tmp_path)


@pytest.fixture
def averaged(tmp_path, state) -> Path:
    path = tmp_path / "with_ema.pth.tar"
    other = {key: value + 1 if value.is_floating_point() else value for key, value in state.items()}
    torch.save({"state_dict": state, "state_dict_ema": other, "epoch": 3}, path)
    return path


def test_raw_and_averaged_weights_are_a_choice_that_the_spec_makes(averaged, state):
    with pytest.raises(EncoderError, match=r"under 'state_dict', 'state_dict_ema'.*`key: state_dict`"):
        read(averaged)
    assert same(read(averaged, "state_dict"), state)
    chosen = read(averaged, "state_dict_ema")
    assert not same(chosen, state)
    assert chosen.place == "state_dict_ema.*"
    with pytest.raises(EncoderError, match=r"got 'ema', but .* has it in state_dict, state_dict_ema"):
        read(averaged, "ema")


def test_the_choice_is_in_the_spec_in_the_job_and_in_what_the_check_shows(averaged, tmp_path):
    def study(key: str | None, name: str):
        method = {"encoder": "own", "weights": str(averaged), "label": "mine", **({"key": key} if key else {})}
        return start_study(spec(methods=[method], backbone=BACKBONE), tmp_path / name)

    digests = set()
    winner = Winner(cell="mine-1", rank=0, trial=0, value=0.8, params={"lr": 0.1})
    for key, name in ((None, "open"), ("state_dict", "raw"), ("state_dict_ema", "averaged")):
        planned, directory = study(key, name)
        digests.add((planned.spec.digest, job_digest(replicate_job(planned, directory, winner, 1))))
    assert len({one for one, _ in digests}) == len({two for _, two in digests}) == 3
    (found,) = encoder_checks.check(planned)
    assert found.facts["matched"].endswith("from state_dict_ema.*")
    with pytest.raises(StudyError, match="more than once"):
        list(encoder_checks.check(plan(study(None, "again")[0].spec)))
