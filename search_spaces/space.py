"""A search space: named domains, read from YAML, with the reason wherever it departs from the shared space."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from datasets.base.plain_yaml import read_yaml
from search_spaces.domains import Choice, Domain, Float, Int, Value

HERE = Path(__file__).parent


class SpaceError(ValueError):
    """A search space that breaks a rule. The message says the rule, the value received and the next action."""


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """The parameters of one pipeline: `domains` are searched, `fixed` are the same in every trial.

    `grid` says how many points each domain has in a full grid (default 3; a choice always gives all its values).
    """

    name: str
    domains: Mapping[str, Domain]
    fixed: Mapping[str, Value]
    reason: str | None = None
    grid: Mapping[str, int] | None = None

    @property
    def dimensions(self) -> int:
        """How many parameters are searched."""
        return len(self.domains)

    @property
    def digest(self) -> str:
        """Hex sha256 (16 digits) of what is searched and what is fixed: equal digests share one design."""
        content = {
            "domains": {name: [type(domain).__name__, asdict(domain)] for name, domain in self.domains.items()},
            "fixed": dict(self.fixed),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def at(self, point: Sequence[float]) -> dict[str, Value]:
        """The parameters at a point of the unit cube (one coordinate a domain, in the file's order)."""
        searched = {name: domain.at(unit) for (name, domain), unit in zip(self.domains.items(), point, strict=True)}
        return {**self.fixed, **searched}

    def grid_points(self) -> list[dict[str, Value]]:
        """Every point of the full grid, the first domain varying slowest."""
        sizes = self.grid or {}
        axes = [[(name, value) for value in domain.grid(sizes.get(name, 3))] for name, domain in self.domains.items()]
        return [{**self.fixed, **dict(point)} for point in itertools.product(*axes)]

    def contains(self, params: Mapping[str, Value]) -> bool:
        """Whether every searched parameter is present and lies in its domain."""
        return all(name in params and domain.contains(params[name]) for name, domain in self.domains.items())


def load(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> SearchSpace:
    """The space of a pipeline (`ft`, …: a file of this package) or of a YAML file of yours.

    `overrides` replaces single parameters: a scalar fixes one, a mapping searches it differently. Raises `SpaceError`
    for an unknown space, an unknown parameter or a malformed domain.
    """
    path = HERE / f"{name_or_path}.yaml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise SpaceError(
            f"A search space is one of {available()} or the path of a YAML file, got {name_or_path!r}. "
            "Correct the name or give a path that exists."
        )
    raw = _read(path)
    if set(raw) - {"parameters", "reason", "grid"} or not isinstance(raw.get("parameters"), dict):
        got = sorted(map(str, raw))
        raise SpaceError(f"{path.name}: a search space has `parameters` (and `reason`, `grid`), got {got}.")
    parameters = dict(raw["parameters"])
    for name, value in (overrides or {}).items():
        if name not in parameters:
            near = difflib.get_close_matches(name, parameters, n=1, cutoff=0.0)
            raise SpaceError(
                f"Search space {path.stem!r} has no parameter {name!r}; the nearest is {near[0]!r}. "
                f"Known: {', '.join(parameters)}."
            )
        parameters[name] = value
    domains: dict[str, Domain] = {}
    fixed: dict[str, Value] = {}
    for name, value in parameters.items():
        if not isinstance(name, str):
            raise SpaceError(f"{path.stem}: a parameter has a name, got {name!r}. Write it in quotes.")
        if isinstance(value, dict):
            domains[name] = _domain(path.stem, name, value)
        elif isinstance(value, bool | int | float | str):
            fixed[name] = value
        else:
            raise SpaceError(f"{path.stem}.{name}: a parameter is a value or a domain, got {value!r}.")
    return SearchSpace(
        name=path.stem, domains=domains, fixed=fixed, reason=raw.get("reason"), grid=_grid(path.stem, raw)
    )


def _read(path: Path) -> dict[Any, Any]:
    try:
        raw = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, OSError) as error:
        raise SpaceError(
            f"{path}: a search space is YAML, but it cannot be read: {str(error).rstrip('.')}. Correct the file."
        ) from error
    if not isinstance(raw, dict):
        raise SpaceError(f"{path}: a search space is a mapping with `parameters`, got {type(raw).__name__}.")
    return raw


def available() -> list[str]:
    """Names of the spaces that this package ships."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


def _grid(space: str, raw: Mapping[str, Any]) -> dict[str, int] | None:
    grid = raw.get("grid")
    if grid is None:
        return None
    if not isinstance(grid, dict) or not all(type(points) is int and points >= 1 for points in grid.values()):
        raise SpaceError(
            f"{space}: grid says how many points a parameter has, e.g. {{lr: 5}}, got {grid!r}. Correct it."
        )
    return grid


def _domain(space: str, name: str, raw: Mapping[str, Any]) -> Domain:
    forms = "{low, high, log?, int?} or {choice: [...]}"
    try:
        if set(raw) == {"choice"}:
            return Choice(values=_values(raw["choice"]))
        if {"low", "high"} <= set(raw) <= {"low", "high", "log", "int"}:
            log, whole = (_flag(key, raw.get(key, False)) for key in ("log", "int"))
            low, high = float(raw["low"]), float(raw["high"])
            if not (math.isfinite(low) and math.isfinite(high)):
                raise ValueError(f"a domain has finite ends, got {raw['low']!r} and {raw['high']!r}")
            if not whole:
                return Float(low=low, high=high, log=log)
            if low != int(low) or high != int(high):
                raise ValueError(f"a domain of whole numbers has such ends, got {raw['low']!r} and {raw['high']!r}")
            return Int(low=int(low), high=int(high), log=log)
    except (TypeError, ValueError) as error:
        raise SpaceError(f"{space}.{name}: {error}. Write it as {forms}.") from error
    raise SpaceError(f"{space}.{name}: a domain is {forms}, got {dict(raw)!r}.")


def _values(raw: object) -> tuple[Value, ...]:
    if not isinstance(raw, list) or not all(isinstance(value, bool | int | float | str) for value in raw):
        raise ValueError(f"a choice is a list of numbers, words, true and false, got {raw!r}")
    return tuple(raw)


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{key} is true or false, got {value!r}")
    return value
