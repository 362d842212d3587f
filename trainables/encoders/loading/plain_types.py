"""Types that trainers save beside weights and that hold plain data: reading them runs no code of the file's."""

from __future__ import annotations

import argparse
import collections
import datetime
import pathlib
import types
from functools import cache
from typing import Any

import numpy as np


class _Attributes(dict[str, Any]):
    """Stands for the dictionaries with attributes in which Lightning saves hyper-parameters."""


@cache
def plain_types() -> list[Any]:
    """For `torch.serialization.safe_globals`: types, or (type, full name in the file) where another one stands for it.

    Each only stores what it is given. Types whose making can do anything else (paths that open, partial functions,
    modules, enums of other packages) are not here.
    """
    attributes = [
        (_Attributes, f"{package}.AttributeDict")
        for package in (
            "pytorch_lightning.utilities.parsing",
            "lightning.pytorch.utilities.parsing",
            "lightning.fabric.utilities.data",
            "lightning_fabric.utilities.data",
        )
    ]
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    return [
        argparse.Namespace,
        types.SimpleNamespace,
        collections.defaultdict,
        collections.Counter,
        datetime.datetime,
        datetime.date,
        datetime.timedelta,
        pathlib.PurePosixPath,
        (pathlib.PurePosixPath, "pathlib.PosixPath"),
        (pathlib.PurePosixPath, "pathlib._local.PosixPath"),
        (pathlib.PureWindowsPath, "pathlib.WindowsPath"),
        np.dtype,
        *(type(np.dtype(kind)) for kind in ("float64", "float32", "int64", "int32", "bool")),
        scalar,
        (scalar, "numpy.core.multiarray.scalar"),
        *attributes,
    ]
