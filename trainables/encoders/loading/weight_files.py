"""The files that weights are made of: one file, or a folder as Hugging Face lays it out, in one piece or in shards."""

from __future__ import annotations

import json
from pathlib import Path

from trainables.encoders.errors import EncoderError, listing

WHOLE = ("model.safetensors", "pytorch_model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin")
INDEX = ".index.json"
INDICES = ("model.safetensors" + INDEX, "pytorch_model.bin" + INDEX)


def in_folder(folder: Path) -> Path:
    """The weight file of a folder, or the index of its shards. Raises `EncoderError` where there is none."""
    for name in (*WHOLE, *INDICES):
        if (folder / name).is_file():
            return folder / name
    others = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    loose = [name for name in others if name.endswith((".safetensors", ".bin", ".pt", ".pth", ".ckpt"))]
    if len(loose) == 1:
        return folder / loose[0]
    held = f"it holds {listing(loose or others)}" if others else "it is empty"
    raise EncoderError(
        f"A folder of weights holds {WHOLE[0]}, {WHOLE[-1]} or the index of their shards, but of {folder} {held}. Give "
        "the path of the file itself."
    )


def shards(path: Path) -> tuple[Path, ...]:
    """The files that hold the tensors: those that an index names, in order, else the file itself.

    Raises `EncoderError` for an index that cannot be read, names files elsewhere, or files that are not there.
    """
    if not path.name.endswith(INDEX):
        return (path,)
    try:
        names = sorted(set(map(str, json.loads(path.read_text())["weight_map"].values())))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise EncoderError(
            f"An index of shards has a weight_map, but {path} cannot be read ({error!r}). Download it again."
        ) from error
    foreign = [name for name in names if Path(name).name != name]
    if foreign:
        raise EncoderError(f"Shards lie beside their index, but {path} names {foreign[0]!r}. Get the file anew.")
    found = tuple(path.with_name(name) for name in names)
    missing = [shard.name for shard in found if not shard.is_file()]
    if missing or not found:
        raise EncoderError(
            f"All shards of an index are there, but beside {path} is no {listing(missing)}. Download it."
        )
    return found
