"""Reading weight files: safetensors, or PyTorch files of plain tensors. Nothing in them is ever executed."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from trainables.encoders.errors import EncoderError
from trainables.encoders.loading.encoder_file import Facts, facts
from trainables.encoders.loading.plain_types import plain_types
from trainables.encoders.loading.weight_files import shards

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_NEEDS_MORE = re.compile(r"(unsupported (global|operand|class)|trying to (load|instantiate|call)|blocked)[^\n]*", re.I)
CONVERT = (
    'python -c "import sys, torch; from safetensors.torch import save_file; '
    "c = torch.load(sys.argv[1], map_location='cpu', weights_only=False); c = c.get('state_dict', c.get('model', c)); "
    'save_file({k: v.contiguous() for k, v in c.items() if torch.is_tensor(v)}, sys.argv[2])"'
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds: nested dictionaries of tensors, and `facts` where the file is one of ours."""

    values: Mapping[str, Any]
    facts: Facts | None


def read(path: Path) -> Content:
    """The content of a weight file, or of all shards of an index, on the CPU. Raises `EncoderError`, a different one
    for each way to be unsound."""
    files = shards(path)
    if files == (path,):
        return _one(path)
    values: dict[str, Any] = {}
    for file in files:
        part = _one(file).values
        twice = sorted(set(values) & set(part))
        if twice:
            raise EncoderError(
                f"Shards hold a tensor once, but those of {path} hold {twice[0]!r} twice. Get them anew."
            )
        values |= part
    return Content(values=values, facts=None)


def _one(path: Path) -> Content:
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise EncoderError(f"A weight file holds weights, but {path} is empty. Download it again.")
    if head[8:9] == b"{":
        return _safetensors(path)
    if head.startswith((_ZIP, _PICKLE)):
        return Content(values=_torch(path), facts=None)
    raise EncoderError(
        f"A weight file is a safetensors or a PyTorch file, but {path} begins with {head!r}: a web page, a pointer or "
        "another format. Download the file itself."
    )


def _safetensors(path: Path) -> Content:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no mapping, has no __iter__)
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise _damaged(path, error) from error
    return Content(values=tensors, facts=facts(metadata, str(path)))


def _torch(path: Path) -> Mapping[str, Any]:
    try:
        with torch.serialization.safe_globals(plain_types()):
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if object_ := _NEEDS_MORE.search(str(error)):
            raise EncoderError(
                f"A PyTorch file holds plain tensors, but {path} also holds objects that run code when they are read "
                f"({object_[0].strip().rstrip('.')}). Where you trust its source, convert it once, with\n  {CONVERT} "
                f"{path} {path.with_suffix('.safetensors').name}\nand give the safetensors file."
            ) from error
        raise _damaged(path, ValueError("its pickle breaks off")) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise _damaged(path, error) from error
    if not isinstance(found, Mapping):
        raise EncoderError(f"A weight file holds tensors by name, but {path} holds a {type(found).__name__}.")
    return found


def _damaged(path: Path, error: Exception) -> EncoderError:
    return EncoderError(
        f"A weight file is whole, but {path} ({path.stat().st_size} bytes) is truncated or damaged: "
        f"{_first_line(error)} Download it again, and give its sha256."
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [repr(error)])[0].rstrip(".") + "."
