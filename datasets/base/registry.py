"""One form for every kind of thing that users add: sources, encoders, pipelines, metrics, samplers and the like.

An entry is given as an object, or as `"module:attribute"`, which is imported when it is first asked for: a help text
or a trial loads nothing that it does not use. Other packages add entries through Python's entry points.
"""

from __future__ import annotations

import difflib
import importlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

T = TypeVar("T")
PROJECT = "skin_lesion_study"  # entry-point groups are `skin_lesion_study.sources` and so on


class PluginWarning(UserWarning):
    """An entry of another package cannot be used; the message names its distribution."""


class Registry(Generic[T]):
    """Entries of one kind by name. `kind` is its plural, `error` what an unknown name raises."""

    def __init__(self, kind: str, error: type[Exception], entries: Mapping[str, T | str]):
        self.group = f"{PROJECT}.{kind}"
        self.error = error
        self._entries: dict[str, T | str] = dict(entries)
        self._loaded: dict[str, T] = {}  # those of other packages, apart: `names` keeps their order and lists them once

    def __contains__(self, name: object) -> bool:
        """Whether an entry has this name, whether or not it can be loaded."""
        return name in self._entries or name in self._plugins

    def register(self, name: str, entry: T | str) -> None:
        """Add an entry. Raises `ValueError` for a name that is taken."""
        if name in self:
            raise ValueError(f"A name in {self.group} is given once, but {name!r} is taken. Choose another name.")
        self._entries[name] = entry

    def names(self) -> list[str]:
        """All names: our own in the order of registration, then those of other packages, sorted. Loads nothing."""
        return [*self._entries, *sorted(self._plugins)]

    def get(self, name: str) -> T:
        """The entry of this name, loaded.

        Raises `error` for an unknown name (the message gives the nearest) and for an entry of another package that
        cannot be loaded (the message gives its distribution).
        """
        entry = self._entries.get(name, self._loaded.get(name))
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = self._entries[name] = cast(T, getattr(importlib.import_module(module), attribute))
        if entry is not None:
            return entry
        if name not in self._plugins:
            raise self.error(f"A name in {self.group} is one of the known ones, got {name!r}: {nearest(name, self)}.")
        point = self._plugins[name]
        try:
            self._loaded[name] = cast(T, point.load())
        except Exception as error:
            raise self.error(
                f"{name!r} in {self.group} comes from {_distribution(point)}, which cannot be loaded: "
                f"{type(error).__name__}: {error}. Mend or uninstall that package."
            ) from error
        return self._loaded[name]

    def items(self) -> Iterator[tuple[str, T]]:
        """Every entry that can be loaded. One of another package that cannot is a `PluginWarning` and left out."""
        for name in self.names():
            try:
                yield name, self.get(name)
            except self.error as error:
                if name not in self._plugins:
                    raise
                warnings.warn(str(error), PluginWarning, stacklevel=2)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            if point.name in self._entries or point.name in found:
                warnings.warn(
                    f"{point.name!r} in {self.group} is taken already; that of {_distribution(point)} is left out.",
                    PluginWarning,
                    stacklevel=2,
                )
            else:
                found[point.name] = point
        return found


def nearest(value: str, known: Iterable[str]) -> str:
    """`the nearest is 'x'`, and the list of what is known, for the message of an error about an unknown name."""
    options = sorted(known)
    near = difflib.get_close_matches(value, options, n=1, cutoff=0.0)
    return f"the nearest is {near[0]!r}; known: {', '.join(options)}" if near else "none are known"


def _distribution(point: EntryPoint) -> str:
    return f"the package {point.dist.name} {point.dist.version}" if point.dist else f"{point.value}"
