"""From a file's keys to a backbone's: containers, prefixes, and what belongs to heads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor

from trainables.encoders import registry
from trainables.encoders.errors import EncoderError, listing
from trainables.encoders.loading.renames import as_timm
from trainables.encoders.recipe import Recipe

COUNTER = "num_batches_tracked"


@dataclass(frozen=True, kw_only=True)
class Found:
    """Tensors by the backbone's names, the file's keys left out on purpose, and where in the file they were."""

    tensors: Mapping[str, Tensor]
    ignored: tuple[str, ...]
    place: str


def find(values: Mapping[str, Any], recipe: Recipe, wanted: Collection[str], backbone: str, where: str) -> Found:
    """The encoder's tensors in a file's content; `wanted` are the backbone's own keys.

    Raises `EncoderError` when the file is not laid out as the recipe says, naming the encoder whose layout it has.
    """
    seen: list[str] = []
    for container, state in containers(values, recipe):
        prefix = _prefix(state, recipe, wanted, backbone, where)
        if prefix is not None:
            return _found(state, prefix, recipe, backbone, f"{container}{prefix}*" if container or prefix else "*")
        seen += [f"{container}{key}" for key in state]
    raise EncoderError(
        f"A file of {recipe.name} holds {_expected(recipe)}, but {where} has none of the encoder's keys; it has "
        f"{listing(sorted(seen) or sorted(map(str, values)))}. {_guess(values, recipe, wanted, backbone)}"
    )


def containers(values: Mapping[str, Any], recipe: Recipe) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """The file itself, then its nested dictionaries that the recipe knows: (`name.`, tensors)."""
    for name in ("", *recipe.containers):
        state = values if not name else values.get(name)
        if isinstance(state, Mapping):
            tensors = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
            if tensors:
                yield (f"{name}." if name else ""), tensors


def _prefix(
    state: Mapping[str, Tensor], recipe: Recipe, wanted: Collection[str], backbone: str, where: str
) -> str | None:
    """The prefix under which most of the backbone's keys are (how many is for `fit` to judge); None: not one is."""
    tried = _candidates(state, wanted, backbone) if recipe.prefix is None else (recipe.prefix,)
    counts = {prefix: _matches(state, prefix, wanted, backbone) for prefix in tried}
    best = max(counts.values(), default=0)
    if not best:
        return None
    fitting = [prefix for prefix, count in counts.items() if count == best]
    if len(fitting) > 1:
        raise EncoderError(
            f"{where} holds the backbone more than once, under {', '.join(map(repr, fitting))}: which is meant is "
            "unclear. Use the encoder that knows this layout, or keep one copy in the file."
        )
    return fitting[0]


def _candidates(state: Mapping[str, Tensor], wanted: Collection[str], backbone: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for key in state:
        parts = key.split(".")
        for cut in range(len(parts)):
            if as_timm([".".join(parts[cut:])], backbone)[0] in wanted:
                found["".join(f"{part}." for part in parts[:cut])] = None
    return tuple(found)


def _matches(state: Mapping[str, Tensor], prefix: str, wanted: Collection[str], backbone: str) -> int:
    keys = as_timm([key.removeprefix(prefix) for key in state if key.startswith(prefix)], backbone)
    return len(set(keys) & set(wanted))


def _found(state: Mapping[str, Tensor], prefix: str, recipe: Recipe, backbone: str, place: str) -> Found:
    own = {key: value for key, value in state.items() if key.startswith(prefix) and not _is_ignored(key, recipe)}
    names = as_timm([key.removeprefix(prefix) for key in own], backbone)
    tensors = dict(zip(names, own.values(), strict=True))
    return Found(tensors=tensors, ignored=tuple(key for key in state if key not in own), place=place)


def _is_ignored(key: str, recipe: Recipe) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in recipe.ignored)


def _expected(recipe: Recipe) -> str:
    words = {None: "the backbone's keys under any prefix", "": "the backbone's keys without a prefix"}
    nested = f", bare or nested under {' or '.join(map(repr, recipe.containers))}" if recipe.containers else ""
    return words.get(recipe.prefix, f"keys {recipe.prefix}*") + nested


def _guess(values: Mapping[str, Any], recipe: Recipe, wanted: Collection[str], backbone: str) -> str:
    for other in map(registry.recipe, registry.names()):
        if not other.prefix or other.name == recipe.name:
            continue
        for _, state in containers(values, other):
            if _matches(state, other.prefix, wanted, backbone) >= len(wanted) // 2:
                return f"Its layout is that of {other.name}: correct the encoder or the file."
    return "Check that the file belongs to this encoder and backbone."
