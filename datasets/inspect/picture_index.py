"""The pictures below a root, and which of them a cell of somebody's table means."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from datasets.sources.own import ENDINGS
from datasets.splits.split_files import plain_id


def is_picture(path: str) -> bool:
    """Whether a file's ending is that of a picture."""
    return path.rpartition(".")[2].lower() in ENDINGS


@dataclass(frozen=True)
class Matches:
    """`paths`: the picture that each cell means, null where it means none. `ambiguous` (bool): cells whose name several
    pictures have, or that other cells share a picture with although they name another one."""

    paths: pd.Series
    ambiguous: pd.Series

    @property
    def pictures(self) -> int:
        """How many pictures are meant."""
        return int(self.paths.nunique())


class PictureIndex:
    """Pictures by everything that a table may call them: path, a path of another machine, name, stem; in any case.

    A name that several pictures have means none of them.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, str | None] = {}
        self.folders: set[str] = set()
        self.size = 0
        for path in paths:
            self.size += 1
            self.folders.update(_plain(path).split("/")[:-1])
            for name in {name for name, _ in _names(path)}:
                self._by_name[name] = None if name in self._by_name else path

    def match(self, column: pd.Series) -> Matches:
        """Which picture each cell means.

        Cells that name folders are held to them: where some of a column match with all their folders, one that matches
        with not all of its own, nor with all of the picture's, means a picture that is not here. Of different cells
        that end at one picture those with the most matching folders mean it; where several of these contradict each
        other, none does.
        """
        found = {value: self._one(str(value)) for value in column.dropna().unique()}
        in_folders = any(path and cut == 0 and "/" in _plain(str(value)) for value, (path, cut, _) in found.items())
        if in_folders:
            bare = {value for value in found if "/" not in _plain(str(value))}
            whole = {value for value, hit in found.items() if value in bare or _whole(str(value), *hit[:2])}
            found = {value: hit if value in whole else (None, 0, False) for value, hit in found.items()}
        claims: dict[str, list[object]] = {}
        for value, (path, _, _) in found.items():
            if path is not None:
                claims.setdefault(path, []).append(value)
        for values in claims.values():
            for value in _losers(values) if len(values) > 1 else ():
                found[value] = (None, 0, True)
        paths = column.map({value: hit[0] for value, hit in found.items()}).astype(object)
        ambiguous = column.map({value: hit[2] for value, hit in found.items()}).fillna(False).astype(bool)
        return Matches(paths.where(paths.notna(), None), ambiguous)

    def _one(self, value: str) -> tuple[str | None, int, bool]:
        """Picture, how many leading folders of the cell had to go for it, and whether a name of it is that of many."""
        many = False
        for name, cut in _names(value):
            if self._by_name.get(name):
                return self._by_name[name], cut, False
            many |= name in self._by_name
        return None, 0, many


def _whole(value: str, path: str | None, cut: int) -> bool:
    """Whether a cell meets its picture with all folders of the cell, or with all of the picture."""
    return path is not None and (cut == 0 or ("/" in path and _stem(value).endswith(f"/{_stem(path)}")))


def _losers(values: list[object]) -> list[object]:
    """Of cells that end at one picture, those that do not mean it: all that do not agree with the longest, or all
    where two of the longest contradict each other. Cells agree where one is the end of the other."""
    parts = {value: _stem(str(value)).split("/")[::-1] for value in values}
    longest = max(values, key=lambda value: len(parts[value]))
    odd = [value for value in values if any(one != two for one, two in zip(parts[value], parts[longest], strict=False))]
    return values if odd else []


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", path.strip()).replace("\\", "/").lower().removeprefix("./")


def _stem(path: str) -> str:
    folder, slash, name = _plain(path).rpartition("/")
    return folder + slash + plain_id(name.rpartition(".")[0] if is_picture(name) else name)


def _names(path: str) -> Iterator[tuple[str, int]]:
    """From the whole path to its last part, each with and without ending and without `_downsampled`, and how many
    folders were cut."""
    parts = _plain(path).split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if name:
            yield name, start
            if is_picture(name):
                yield name.rpartition(".")[0], start
            yield "/".join((*parts[start:-1], plain_id(parts[-1]))), start
