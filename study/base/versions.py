"""The packages whose versions a study records, and those that its logged models need."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

RECORDED = ("torch", "torchvision", "timm", "ray", "optuna", "mlflow", "scikit-learn", "pandas", "numpy")
"""Packages that decide results: in the report, in MLflow's tag `versions`, and compared between nodes."""
WORKERS = tuple(name for name in RECORDED if name != "mlflow")
"""Those that every node needs. The driver alone writes to MLflow."""
MODEL_REQUIREMENTS = (
    *("mlflow", "torch", "torchvision", "timm", "numpy", "pandas", "opencv-python-headless", "pillow", "simplejpeg"),
    *("imagehash", "pyarrow", "fsspec", "filelock", "pyyaml", "safetensors"),
)
"""What `trainables` and `datasets` import when a logged model scores images."""


def versions(packages: Iterable[str] = RECORDED) -> dict[str, str]:
    """Versions of Python and of these packages; `none` where one is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
