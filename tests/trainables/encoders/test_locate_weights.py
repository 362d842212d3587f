"""Weights by path, URI, timm name and hub name: fetched once, verified, and never half there."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import huggingface_hub
import pytest
import timm
import torch
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

from trainables.encoders import EncoderError, build
from trainables.encoders.loading import locate_weights
from trainables.job import EncoderRef

BACKBONE = "test_resnet"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(timm.create_model(BACKBONE, num_classes=0).state_dict(), tmp_path / "w.pth")
    return tmp_path / "w.pth"


class Quiet(http.server.BaseHTTPRequestHandler):
    """Serves one file and counts how often."""

    content: bytes = b""
    served: int = 0

    def do_GET(self) -> None:
        Quiet.served += 1
        self.send_response(200 if "w.pth" in self.path else 404)
        self.send_header("Content-Length", str(len(self.content) if "w.pth" in self.path else 0))
        self.end_headers()
        if "w.pth" in self.path:
            self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(weights: Path) -> Iterator[str]:
    handler = type("Handler", (Quiet,), {"content": weights.read_bytes()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def own(weights: object, sha256: str | None = None) -> torch.Tensor:
    built = build(EncoderRef(name="own", weights=str(weights), sha256=sha256), BACKBONE, image_size=32)
    return built.backbone.state_dict()["layer1.0.conv1.weight"]


def test_a_uri_is_fetched_once_and_is_the_file(server: str, weights: Path, cache: Path) -> None:
    first = own(f"{server}/some/w.pth?download=1")
    (kept,) = cache.rglob("*.pth")
    assert (kept.name, kept.read_bytes()) == ("w.pth", weights.read_bytes())
    served = Quiet.served
    assert served > 0
    assert torch.equal(own(f"{server}/some/w.pth?download=1"), first)
    assert Quiet.served == served
    assert torch.equal(first, own(weights))


def test_any_file_system_of_fsspec_serves(weights: Path) -> None:
    with fsspec.open("memory://bucket/w.pth", "wb") as file:
        file.write(weights.read_bytes())
    assert torch.equal(own("memory://bucket/w.pth"), own(weights))
    assert torch.equal(own(f"file://{weights}"), own(weights))


def test_a_fetched_file_is_verified(server: str, weights: Path) -> None:
    right = locate_weights.digest(weights)
    own(f"{server}/w.pth", right)
    with pytest.raises(EncoderError, match=f"have sha256 {'0' * 64}, but .*w.pth has {right}"):
        own(f"{server}/w.pth", "0" * 64)


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("SERVER/none.bin", "could not be fetched: FileNotFoundError"),
        ("http://127.0.0.1:9/w.pth", "could not be fetched"),
        ("nowhere://x/w.pth", "Protocol not known: nowhere"),
    ],
)
def test_what_cannot_be_fetched_says_so_and_leaves_nothing(uri: str, text: str, server: str, cache: Path) -> None:
    with pytest.raises(EncoderError, match=text) as error:
        own(uri.replace("SERVER", server))
    assert "download the file elsewhere and give its path" in str(error.value)
    assert not [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_broken_download_leaves_no_file_behind(
    server: str, weights: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(source: Any, target: Any) -> None:
        target.write(source.read(1000))
        raise OSError("connection reset")

    with monkeypatch.context() as patch:
        patch.setattr(locate_weights, "_pump", breaks)
        with pytest.raises(EncoderError, match="connection reset"):
            own(f"{server}/w.pth")
    assert not list(cache.rglob("*.pth"))
    assert not list(cache.rglob("*.half"))
    assert torch.equal(own(f"{server}/w.pth"), own(weights))


def test_a_timm_name_is_fetched_from_the_hub_with_its_own_normalisation(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def download(repository: str, file: str, revision: str | None = None) -> str:
        asked.append((repository, file))
        return str(weights)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    encoder = build(EncoderRef(name="supervised", weights="timm:test_resnet.r160_in1k"), BACKBONE, image_size=32)
    config = timm.get_pretrained_cfg("test_resnet.r160_in1k")
    assert asked == [("timm/test_resnet.r160_in1k", "model.safetensors")]
    assert (encoder.mean, encoder.std) == (config.mean, config.std)


def test_a_hub_repository_may_hold_the_older_file(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(repository: str, file: str, revision: str | None = None) -> str:
        if file == "model.safetensors":
            raise RemoteEntryNotFoundError.__new__(RemoteEntryNotFoundError)  # its constructor wants a response
        assert (repository, file, revision) == ("lab/encoder", "pytorch_model.bin", "v2")
        return str(weights)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert torch.equal(own("hub:lab/encoder@v2"), own(weights))


def test_without_a_network_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(repository: str, file: str, revision: str | None = None) -> str:
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(
        EncoderError, match=r"hub:timm/test_resnet\.r160_in1k could not be fetched: .*no network.*its path"
    ):
        build(EncoderRef(name="supervised", weights="timm:test_resnet.r160_in1k"), BACKBONE, image_size=32)


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ("timm:resnet50.tv_in1k", "belong to the study's backbone test_resnet, got timm:resnet50.tv_in1k"),
        ("timm:test_resnet", r"with their tag, got 'test_resnet'. For this backbone: test_resnet.r160_in1k"),
        ("resnet50", "For timm's weights of that name write timm:resnet50"),
        ("no/such/file.pth", "which does not exist. Check the path"),
    ],
)
def test_a_wrong_name_is_corrected(weights: str, text: str) -> None:
    with pytest.raises(EncoderError, match=text):
        own(weights)
