"""What `study doctor` asks a node: plain data in, plain data out. Imports nothing heavy before it is asked to."""

from __future__ import annotations

import hashlib
import os
import socket
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from study.base.versions import WORKERS, versions

ROOMS = ("datasets", "search_spaces", "trainables", "study")
HTTP_WAIT = 5.0  # seconds


def probe(data: Sequence[str], storage: str | None, token: str, mlflow: str | None) -> dict[str, Any]:
    """Look around on the node that this runs on.

    `data`: directories or fsspec URIs that must be readable. `storage`: the study directory; `token` names the file
    that the driver left there. Each answer is a value, or a mapping `{"error": why}`.
    """
    return {
        "host": socket.gethostname(),
        "time": time.time(),
        "code": code_digest(),
        "versions": versions(WORKERS),
        "datasets": datasets_package(),
        "data": {root: _tried(_readable, root) for root in data},
        "storage": None if storage is None else _tried(_shared, storage, token),
        "mlflow": None if mlflow is None else _tried(_healthy, mlflow),
        "gpus": _tried(_gpus),
    }


def code_digest() -> str:
    """Hex sha256 (16 digits) of this project's code and search spaces, as this process would import them."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".yaml") and path.is_file():
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def datasets_package() -> str:
    """Whose `datasets` this process imported (another than ours is an `ImportError`), and what else has its name."""
    import datasets
    from trainables.datasets_package import rival

    place = str(Path(str(datasets.__file__)).parent)
    return f"ours, in {place}" if rival() is None else f"ours, in {place}; not Hugging Face's {rival()}"


def _tried(function: Any, *arguments: Any) -> Any:
    """The answer, or why there is none: a node's trouble is a finding of the doctor's, not the end of it."""
    try:
        return function(*arguments)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _readable(root: str) -> bool:
    if "://" not in root:
        if os.path.isdir(root):
            next(os.scandir(root), None)
        else:
            with open(root, "rb") as file:
                file.read(1)
        return True
    import fsspec

    system, path = fsspec.core.url_to_fs(root)
    if not system.exists(path):
        raise FileNotFoundError(root)
    return True


def _shared(storage: str, token: str) -> bool:
    """Read what the driver wrote there, and write beside it."""
    where = Path(storage)
    if not (where / token).is_file():
        raise FileNotFoundError(f"{where} is not the directory that the driver sees: it is not shared")
    mine = where / f"{token}-{uuid.uuid4().hex}"
    mine.write_text(socket.gethostname())
    mine.unlink()
    return True


def _healthy(uri: str) -> bool:
    request = urllib.request.Request(f"{uri.rstrip('/')}/health", headers={"User-Agent": "study-doctor"})
    with urllib.request.urlopen(request, timeout=HTTP_WAIT) as answer:
        if answer.status != 200:
            raise ValueError(f"{uri}/health answered {answer.status}")
    return True


def _gpus() -> Mapping[str, Any]:
    import torch

    count = torch.cuda.device_count()
    return {"count": count, "names": [torch.cuda.get_device_name(index) for index in range(count)]}
