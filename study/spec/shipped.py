"""The specs that ship with the code, by name: `study run demo` needs no clone and no file."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

from study.base.errors import StudyError


def names() -> list[str]:
    """Names of all shipped specs, sorted."""
    return sorted(file.name.removesuffix(".yaml") for file in _folder().iterdir() if file.name.endswith(".yaml"))


def text(name: str) -> str:
    """The YAML of a shipped spec. Raises `StudyError` for an unknown name."""
    if name not in names():
        raise StudyError(f"A shipped spec is one of {', '.join(names())}, got {name!r}. Choose one.")
    return _folder().joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("study") / "specs"
