"""Where weights are: a path, an fsspec URI, a timm name or a hub name; fetched once a node, and verified."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import fsspec
import timm
from filelock import FileLock, Timeout

from datasets.base.atomic_files import content_digest, file_digest, written_whole
from datasets.cache.store import default_root
from trainables.encoders import registry
from trainables.encoders.errors import EncoderError
from trainables.encoders.loading.weight_files import in_folder, shards
from trainables.encoders.recipe import Recipe
from trainables.shipped_encoders import shipped

LOCK_SECONDS = 1800.0  # how long to wait for another process's download
Stamp = tuple[tuple[int, int], ...]
HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def locate(recipe: Recipe, weights: str | None, sha256: str | None, backbone: str) -> Path:
    """The local, verified file of weights.

    `weights`: a path, a URI that fsspec knows (fetched into the cache directory and used from there while it lasts),
    `timm:NAME` or `hub:OWNER/NAME`; None: the file that ships with the code. Raises `EncoderError` for a missing file,
    a failed download or another digest than `sha256`.
    """
    path = _shipped(recipe, backbone) if weights is None else _given(weights, backbone)
    expected = sha256 or recipe.digests.get((weights or "").rpartition("/")[2])
    if expected:
        found = digest(path)
        if not found.startswith(expected):
            raise EncoderError(
                f"The weights of {recipe.name} have sha256 {expected}, but {path} has {found}: damaged, or another "
                "file. Download it again, or correct `sha256` if you meant this one."
            )
    _check_owner(path, recipe)
    return path


def _check_owner(path: Path, recipe: Recipe) -> None:
    """Flat files of two encoders can look alike: a known public file is known by its content, whatever its name."""
    for _, other in registry.ENCODERS.items():
        for name, known in other.digests.items():
            if recipe.name not in (other.name, "own") and digest(path).startswith(known):
                raise EncoderError(
                    f"Weights belong to the encoder that the spec names, {recipe.name}, but {path} is {name} of "
                    f"{other.name}. Correct the encoder or the file."
                )


def digest(path: Path) -> str:
    """Hex sha256 of a file; computed once a process while the file stays as it is."""
    return _digest(path, stamp(path))


def stamp(path: Path) -> Stamp:
    """What changes when a file does, or one of the shards of an index: time (ns) and size (bytes) of each."""
    facts = [found.stat() for found in (path, *shards(path))]
    return tuple((fact.st_mtime_ns, fact.st_size) for fact in facts)


@lru_cache(maxsize=64)
def _digest(path: Path, _stamp: Stamp) -> str:
    """Of a file its bytes'; of an index of shards, that over the names and digests of all of them."""
    files = shards(path)
    if files == (path,):
        return file_digest(path)
    return content_digest("".join(f"{file.name} {file_digest(file)}\n" for file in files))


def _shipped(recipe: Recipe, backbone: str) -> Path:
    path = shipped(recipe.name, backbone)
    if path.is_file():
        return path
    raise EncoderError(
        f"The encoder {recipe.name} on {backbone} trains from weights that you give, and none are given. Write "
        f"`{{encoder: {recipe.name}, weights: …}}` in the spec; its weights: {recipe.obtain}. "
        "Random weights never stand in for them."
    )


def _given(weights: str, backbone: str) -> Path:
    kind, _, name = weights.partition(":")
    if kind == "timm":
        return _timm(name, backbone)
    if kind == "hub":
        return _hub(name)
    if "://" in weights:
        return _fetched(weights)
    path = Path(weights).expanduser()
    if path.is_dir():
        return in_folder(path)
    if not path.is_file():
        hint = f" For timm's weights of that name write timm:{weights}." if timm.is_model(weights) else ""
        raise EncoderError(f"Weights are a file, got {weights!r}, which does not exist. Check the path.{hint}")
    return path


def _timm(name: str, backbone: str) -> Path:
    if not timm.is_model(name) or name not in timm.list_pretrained():
        raise EncoderError(
            f"timm:NAME names pretrained weights of timm with their tag, got {name!r}. "
            f"For this backbone: {', '.join(timm.list_pretrained(backbone.partition('.')[0] + '.*')) or 'none'}."
        )
    if name.partition(".")[0] != backbone.partition(".")[0]:
        raise EncoderError(
            f"Weights belong to the study's backbone {backbone}, got timm:{name}. Correct one of the two."
        )
    config = timm.get_pretrained_cfg(name)
    if config is not None and config.hf_hub_id:
        return _hub(config.hf_hub_id, (config.hf_hub_filename or HUB_FILES[0],))
    if config is None or not isinstance(config.url, str) or not config.url:
        raise EncoderError(f"timm knows no download for {name}. Give a path or a URI.")
    return _fetched(config.url)


def _hub(name: str, files: tuple[str, ...] = HUB_FILES) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    repository, _, revision = name.partition("@")
    for file in files:
        try:
            return Path(hf_hub_download(repository, file, revision=revision or None))
        except RemoteEntryNotFoundError:
            continue  # the next name that weights go by
        except (OSError, ValueError) as error:
            raise _unreachable(f"hub:{name}", error) from error
    raise EncoderError(f"A hub repository of weights holds {' or '.join(files)}, but hub:{name} has neither.")


def _fetched(uri: str) -> Path:
    place = Path(default_root()) / "weights" / hashlib.sha256(uri.encode()).hexdigest()[:16]
    path = place / uri.rstrip("/").rpartition("/")[2].partition("?")[0]
    if path.is_file():
        return path
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock", timeout=LOCK_SECONDS):
            if not path.is_file():
                _copy(uri, path)
    except Timeout as error:
        raise EncoderError(f"{place}.lock is held for over {LOCK_SECONDS / 60:g} minutes. Stop its holder.") from error
    except ImportError as error:
        raise EncoderError(f"{uri.partition(':')[0]} URIs need a package of fsspec's: {error}. Install it.") from error
    except (OSError, ValueError) as error:
        raise _unreachable(uri, error) from error
    return path


def _copy(uri: str, path: Path) -> None:
    with written_whole(path) as target, fsspec.open(uri, "rb") as source:
        _pump(source, target)


def _pump(source: Any, target: Any) -> None:
    while block := source.read(1 << 22):
        target.write(block)


def _unreachable(where: str, error: Exception) -> EncoderError:
    return EncoderError(
        f"Weights at {where} could not be fetched: {error!r:.300}. Where this machine has no network, download the "
        "file elsewhere and give its path."
    )
