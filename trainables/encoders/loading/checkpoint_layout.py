"""From a file's keys to a backbone's: containers, prefixes, and what belongs to heads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor

from trainables.encoders import registry
from trainables.encoders.errors import EncoderError, listing
from trainables.encoders.loading.by_order import by_order, positions
from trainables.encoders.loading.renames import as_timm
from trainables.encoders.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Found:
    """Tensors by the backbone's names, the file's keys left out on purpose, and where in the file they were."""

    tensors: Mapping[str, Tensor]
    ignored: tuple[str, ...]
    place: str


@dataclass(frozen=True, kw_only=True)
class _Place:
    """One place in a file where the backbone may be: a container (nested dictionary) and a prefix of its keys."""

    container: str
    state: Mapping[str, Tensor]
    prefix: str
    matches: int

    @property
    def key(self) -> str:
        """What `key:` of a spec names it by."""
        return f"{self.container}{self.prefix}".rstrip(".")


def find(
    values: Mapping[str, Any],
    recipe: Recipe,
    wanted: Mapping[str, Tensor],
    backbone: str,
    where: str,
    key: str | None = None,
) -> Found:
    """The encoder's tensors in a file's content; `wanted` is the backbone's own state.

    `key` chooses among several copies of the backbone in one file (raw and averaged, student and teacher), by the place
    that the error lists. Raises `EncoderError` when the file is not laid out as the recipe says, naming the encoder
    whose layout it has, and where the choice is open.
    """
    seen: list[str] = []
    places: list[_Place] = []
    for container, state in containers(values, recipe, everywhere=key is not None or recipe.prefix is None):
        found = _places(container, state, recipe, wanted, backbone, anywhere=key is not None)
        places += found
        if found and recipe.prefix is not None and key is None:
            break  # where the recipe looks first
        seen += [] if found else [f"{container}{name}" for name in state]
    few = max((place.matches for place in places), default=0) < len(wanted) // 2
    if few and key is None and not recipe.prefix:
        ordered = list(_ordered(values, recipe, wanted))
        if len(ordered) == 1:
            return ordered[0]
        places = places if len(places) == 1 else []  # chance: `conv1` is a name in every block
    chosen = _chosen(places, key, where)
    if chosen is not None:
        return _found(chosen.state, chosen.prefix, recipe, backbone, f"{chosen.key}.*" if chosen.key else "*")
    raise EncoderError(
        f"A file of {recipe.name} holds {_expected(recipe)}, but {where} has none of the encoder's keys; it has "
        f"{listing(sorted(seen) or sorted(map(str, values)))}. {_guess(values, recipe, wanted, backbone)}"
    )


def containers(
    values: Mapping[str, Any], recipe: Recipe, *, everywhere: bool = False
) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """The file itself, then its nested dictionaries that the recipe knows: (`name.`, tensors). `everywhere`: then all
    others too, two levels deep."""
    known = {"": values} | {name: values.get(name) for name in recipe.containers}
    if everywhere:
        for name, inner in values.items():
            known.setdefault(str(name), inner)
            if isinstance(inner, Mapping):
                for below, deeper in inner.items():
                    known.setdefault(f"{name}.{below}", deeper)
    for name, state in known.items():
        if isinstance(state, Mapping):
            tensors = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
            if tensors:
                yield (f"{name}." if name else ""), tensors


def _places(
    container: str,
    state: Mapping[str, Tensor],
    recipe: Recipe,
    wanted: Collection[str],
    backbone: str,
    *,
    anywhere: bool,
) -> list[_Place]:
    """The prefixes of one container under which keys of the backbone are."""
    look = recipe.prefix is None or anywhere
    tried = _candidates(state, wanted, backbone) if look else (str(recipe.prefix),)
    if not anywhere:  # copies that the recipe leaves out, such as a teacher, are no choice
        tried = tuple(p for p in tried if not any(fnmatchcase(p, pattern) for pattern in recipe.ignored))
    counts = {prefix: _matches(state, prefix, wanted, backbone) for prefix in tried}
    return [
        _Place(container=container, state=state, prefix=prefix, matches=count)
        for prefix, count in counts.items()
        if count
    ]


def _chosen(places: list[_Place], key: str | None, where: str) -> _Place | None:
    """The place with most of the backbone's keys (how many is for `fit` to judge), or the one that `key` names."""
    best = max((place.matches for place in places), default=0)
    fitting = [place for place in places if place.matches == best]
    if key is not None:
        named = [place for place in places if place.key == key.rstrip(".")]
        if not named:
            known = listing([place.key or "(the file itself)" for place in fitting])
            raise EncoderError(
                f"`key` names the place of the backbone in its file, got {key!r}, but {where} has it in {known}. "
                "Correct `key`."
            )
        return max(named, key=lambda place: place.matches)
    if len(fitting) > 1:
        choices = ", ".join(repr(place.key) for place in fitting)
        raise EncoderError(
            f"{where} holds the backbone more than once, under {choices}: which is meant is unclear. Name one with "
            f"`key: {fitting[0].key or fitting[1].key}` in the method of the spec, use the encoder that knows this "
            "layout, or keep one copy in the file."
        )
    return fitting[0] if fitting else None


def _ordered(values: Mapping[str, Any], recipe: Recipe, wanted: Mapping[str, Tensor]) -> Iterator[Found]:
    """Places whose names are positions and whose tensors follow the backbone's order."""
    for container, state in containers(values, recipe, everywhere=True):
        for prefix in positions(state):
            tensors = by_order(state, wanted, prefix)
            if tensors is not None:
                used = {id(value) for value in tensors.values()}
                ignored = tuple(key for key, value in state.items() if id(value) not in used)
                yield Found(tensors=tensors, ignored=ignored, place=f"{container}{prefix}*, by order and shape")
                break  # a longer prefix is the same place


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
    for _, other in registry.ENCODERS.items():
        if not other.prefix or other.name == recipe.name:
            continue
        for _, state in containers(values, other):
            if _matches(state, other.prefix, wanted, backbone) >= len(wanted) // 2:
                return f"Its layout is that of {other.name}: correct the encoder or the file."
    return "Check that the file belongs to this encoder and backbone."
