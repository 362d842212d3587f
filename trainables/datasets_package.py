"""`import datasets` means this project's package, also where Hugging Face's package of that name is installed.

An editable install comes after `sys.path`, so theirs would win. `study` and `trainables` call `claim` when they are
imported, and every process of a study imports one of them first: the driver, a Ray worker (it loads a task's function
before the task's arguments), the tracking process, and MLflow when it loads a model.
Libraries that look for Hugging Face's package in such a process find ours; nothing that this project uses needs theirs.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / "datasets" / "__init__.py"


def claim() -> None:
    """Let `import datasets` find this project's package, here and in the processes that inherit `sys.path`.

    Raises `ImportError` where another `datasets` was imported before, or was installed over ours.
    """
    if "datasets" not in sys.modules:
        spec = find_spec("datasets")
        if spec is None or not _is_ours(spec.origin):
            sys.path.insert(0, str(ROOT))
    import datasets

    if not _is_ours(datasets.__file__) or getattr(datasets, "PROJECT", None) != "skin-lesion-study":
        raise ImportError(
            f"This project needs its own package `datasets` from {OURS.parent}, but {datasets.__file__} was imported "
            "under that name (Hugging Face's package has it too). Import `study` or `trainables` before the other; if "
            "the other was installed over ours, run `pip uninstall datasets` and install this project again."
        )


def rival() -> str | None:
    """The version of Hugging Face's `datasets` that is installed beside this project, or None."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("datasets")
    except PackageNotFoundError:
        return None


def _is_ours(file: str | None) -> bool:
    return file is not None and Path(file).resolve() == OURS
