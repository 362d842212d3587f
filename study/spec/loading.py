"""Spec files: YAML in, a checked spec or one clear error out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from datasets.base.plain_yaml import read_yaml
from datasets.base.registry import nearest
from study.base.errors import StudyError
from study.spec import shipped
from study.spec.locations import holds_secret
from study.spec.model import StudySpec

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def load_spec(path: Path | str) -> StudySpec:
    """Read a spec: a file, or the name of a shipped one where no such file exists.

    `${NAME}` and `${NAME:-default}` in its values come from the environment.

    Raises `StudyError` for a missing file, YAML that does not parse, an unknown key (with the nearest known one), or
    a value that breaks a rule.
    """
    path = Path(path)
    is_shipped = not path.is_file() and str(path) in shipped.names()
    if not path.is_file() and not is_shipped:
        raise StudyError(
            f"A study spec is a YAML file, got {str(path)!r}, which does not exist. Check the path, or name a shipped "
            f"one: {', '.join(shipped.names())}."
        )
    try:
        raw = read_yaml(shipped.text(str(path)) if is_shipped else path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: a study spec is YAML, but it does not parse: {error}") from error
    except OSError as error:
        raise StudyError(f"{path}: a study spec is a file to read, but: {error.strerror}. Check its rights.") from error
    if not isinstance(raw, dict):
        raise StudyError(
            f"{path}: a study spec is a mapping with `study`, `methods`, `train`, …, got {type(raw)}. Write it, or "
            "restore the file."
        )
    return parse_spec(_substitute(raw, path), where=str(path))


def parse_spec(raw: Mapping[str, Any], where: str = "spec") -> StudySpec:
    """The spec in `raw`; `where` opens the message of the `StudyError` that a broken rule raises."""
    try:
        return StudySpec.model_validate(raw)
    except ValidationError as error:
        raise StudyError("\n".join(f"{where}: {_explain(item)}" for item in _causes(error)[:5])) from error


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """Without those that follow from another: a list whose only item is refused also counts as too short."""
    items = error.errors()
    deeper = [item["loc"] for item in items if item["type"] != "too_short"]
    return [
        item
        for item in items
        if item["type"] != "too_short" or not any(loc[: len(item["loc"])] == item["loc"] for loc in deeper)
    ]


def _explain(item: Mapping[str, Any]) -> str:
    place = [part for part in item["loc"] if not (isinstance(part, str) and part[:1].isupper())]
    where = ".".join(str(part) for part in place)
    if item["type"] == "extra_forbidden":
        known = _known_keys([part for part in place[:-1] if isinstance(part, str)])
        return f"unknown key {where!r}; {nearest(str(place[-1]), known)}. Correct or remove it."
    if item["type"] == "missing":
        return f"the key {where!r} is required and missing. Add it."
    received = f"{item['input']!r:.120}"
    if holds_secret(received):
        received = "one with a secret in it"
    return f"{where or 'the spec'}: {item['msg'].removeprefix('Value error, ')}, got {received}."


def _known_keys(place: list[str]) -> list[str]:
    model: type[BaseModel] = StudySpec
    for part in place:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        found = list(_models_in(annotation))
        if not found:
            break
        model = found[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]


def _substitute(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(inner, path) for key, inner in value.items()}
    if isinstance(value, list):
        return [_substitute(inner, path) for inner in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        found = os.environ.get(match[1], match[2])
        if found is None:
            raise StudyError(f"{path}: {match[0]} needs the environment variable {match[1]}, which is not set. Set it.")
        return found

    return _VARIABLE.sub(replace, value)
