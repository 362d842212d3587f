"""Which column of a table names the pictures."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from datasets.base.errors import DataError
from datasets.inspect.cell_values import tokens
from datasets.inspect.notes import Notes
from datasets.inspect.picture_index import Matches, PictureIndex, is_picture
from datasets.inspect.roles import promised
from datasets.inspect.word_sets import word_set

MATCHED = 10
"""Pictures that a column must mean for it to name images (in short tables: half of its different values)."""
_NAMES = word_set("image images img file filename filepath path picture pic photo foto bild bildname datei imagen")
_BARE = word_set("id name nr nummer number numero")


@dataclass(frozen=True)
class ImageColumn:
    """The column, in words where it was found, and the picture that each row means."""

    name: str
    where: str
    matches: Matches


@dataclass(frozen=True)
class _Candidate:
    """A column with what speaks for it, the strongest first."""

    found: ImageColumn
    rank: tuple[bool, int, bool, int]
    nameless: bool

    @property
    def proven(self) -> bool:
        """Whether the name or the cells say that it names pictures."""
        return self.rank[2] or self.rank[3] > 0


def image_column(
    path: str, table: pd.DataFrame, index: PictureIndex, asked: str | None, notes: Notes
) -> ImageColumn | None:
    """The column that means most pictures; None where none means enough. `asked` is the owner's word for it.

    A nameless column (the row numbers of an export) or one whose name says something else (a patient) counts only where
    no other does. Raises `DataError` where two columns are as good and give one picture to different rows.
    """
    columns = [asked] if asked in table.columns else list(table.columns)
    within = _folders(table, index)
    candidates = [found for column in columns if (found := _candidate(table, str(column), within, index)) is not None]
    candidates.sort(key=lambda each: each.rank, reverse=True)
    if not candidates:
        return None
    best = candidates[0]
    for other in candidates[1:]:
        if _contradict(best.found.matches.paths, other.found.matches.paths):
            as_many = other.rank[1] >= best.rank[1] and not other.nameless and not best.proven
            if other.rank == best.rank or as_many:
                raise DataError(
                    f"{path}: one column names the pictures, but {best.found.name!r} and {other.found.name!r} name "
                    "different ones in a row, and nothing tells which is right. Say it with --image-column "
                    f"{best.found.name!r} or {other.found.name!r}."
                )
            if other.rank[0] == best.rank[0]:
                notes.careful.append(
                    f"{path}: the pictures are those of column {best.found.name!r}; {other.found.name!r} names others. "
                    f"If it is the right one, say --image-column {other.found.name!r}."
                )
        elif set(other.found.matches.paths.dropna()).isdisjoint(best.found.matches.paths.dropna()):
            notes.careful.append(
                f"{path}: column {other.found.name!r} names other pictures in the same rows; they are not taken. "
                f"If they are the ones to study, say --image-column {other.found.name!r}."
            )
    return best.found


def _candidate(table: pd.DataFrame, name: str, within: dict[str, pd.Series], index: PictureIndex) -> _Candidate | None:
    column, matches, where = table[name], index.match(table[name]), f"{name!r}"
    for folder, places in within.items():
        if folder != name:
            joined = places + "/" + column.astype("string").str.strip()
            better = index.match(joined.astype(object).where(joined.notna(), None))
            as_many = better.pictures == matches.pictures and _shared(matches) > _shared(better)
            if better.pictures > matches.pictures or as_many:
                matches, where = better, f"{folder!r} and {name!r}"
    named = not _NAMES.isdisjoint(tokens(name)) or any(word.startswith(("bild", "imag")) for word in tokens(name))
    values = column.dropna().astype(str).unique()
    pathlike = sum("/" in value or "\\" in value or is_picture(value.strip()) for value in values) * 2 > len(values)
    if not matches.pictures or matches.pictures < min(MATCHED, max(1, len(values) / 2)):
        return None
    plain = sum(value.strip().isalpha() or len(value.strip()) < 4 for value in values) * 2 > len(values)
    if len(table) < MATCHED and plain and not (pathlike or named) and matches.pictures * 2 < index.size:
        return None  # a short list of codes ("0: melanoma") is no list of pictures
    nameless = name == "" or name.startswith("Unnamed:")
    weak = not named and (nameless or promised(name))
    rank = (not weak, matches.pictures, pathlike, 2 if named else int(name.strip().lower() in _BARE))
    return _Candidate(ImageColumn(name, where, matches), rank, nameless)


def _folders(table: pd.DataFrame, index: PictureIndex) -> dict[str, pd.Series]:
    """Columns that hold names of folders with pictures."""
    trimmed = {str(name): table[name].astype("string").str.strip() for name in table.columns}
    return {name: cells for name, cells in trimmed.items() if not index.folders.isdisjoint(cells.str.lower().dropna())}


def _shared(matches: Matches) -> int:
    """Rows that share their picture with another row."""
    return int(matches.paths.dropna().duplicated(keep=False).sum())


def _contradict(one: pd.Series, other: pd.Series) -> bool:
    """Whether two columns give one picture to different rows."""
    differ = one.notna() & other.notna() & (one != other)
    return bool(set(one[differ]) & set(other[differ])) if differ.any() else False
