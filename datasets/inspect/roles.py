"""Which columns of a table say what: by their names, and by whether their values are what the name promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from datasets.inspect import cell_values
from datasets.inspect.folders import Part, part_of
from datasets.inspect.id_columns import LESION, PATIENT, IdNames
from datasets.inspect.word_sets import word_set

READABLE = 0.6
"""Share of a column's values that must be readable for its name to be believed."""
FLAGGED = 20  # the rank of a column such as is_test, above all others


@dataclass(frozen=True)
class Role:
    """A column of a manifest: the tokens of names that promise it (`starts`: beginnings of tokens), those that speak
    against it, and how its values are read."""

    names: frozenset[str]
    read: Callable[[pd.Series], pd.Series]
    starts: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()
    together: tuple[frozenset[str], ...] = ()

    def rank(self, name: str) -> int:
        """How much a column's name promises this role, 0 where it does not; a bare name most."""
        said = cell_values.tokens(name)
        hits = [word for word in said if word in self.names or word.startswith(self.starts or ("\0",))]
        if not (hits or any(pair <= set(said) for pair in self.together)) or not self.never.isdisjoint(said):
            return 0
        return max(1, 10 - len(said) + len(hits))


@dataclass
class Roles:
    """`columns`: role -> column. `refused`: role -> columns whose names promise it and whose values cannot be read."""

    columns: dict[str, str] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)


def _part(column: pd.Series) -> pd.Series:
    """The part that each cell names; in a column such as `is_test`, the part of each yes and of each no."""
    flag = _flag(str(column.name))
    if flag is None or not cell_values.is_yes_or_no(column):
        return cell_values.ids(column).map(part_of, na_action="ignore").astype(object)
    other = "test" if flag == "train" else "train"
    return cell_values.yes_or_no(column).map({1.0: flag, 0.0: other}).astype(object)


def _flag(name: str) -> Part | None:
    """The part that a column of yes and no asks for: `is_test`, `in_train`; a `patch_test` is none."""
    said = [word for word in cell_values.tokens(name) if word not in ("is", "in", "set", "flag")]
    return part_of(said[0]) if len(said) == 1 else None


IDS: dict[str, IdNames] = {"lesion_id": LESION, "patient_id": PATIENT}
ROLES: dict[str, Role] = {
    "age": Role(
        word_set("age alter edad idade età eta âge leeftijd wiek patientage ageapprox 年龄 年齢"),
        cell_values.ages,
        never=word_set("group band class lesion image onset diagnosis file photo camera"),
    ),
    "sex": Role(
        word_set("sex gender geschlecht sexo sexe sesso geslacht płeć plec genero género 性别"), cell_values.sexes
    ),
    "skin_tone": Role(
        word_set("fst phototype fototipo skintone skintype hauttyp"),
        cell_values.skin_tones,
        ("fitzpat", "fitspat"),
        together=(word_set("skin tone"), word_set("skin type")),
    ),
    "site": Role(
        word_set(
            "site localization localisation location region lokalisation localizacion localización localizacao body"
        ),
        cell_values.ids,
        ("anatom",),
        word_set("id special file image photo url hospital center centre institution"),
    ),
    "modality": Role(word_set("modality imagetype"), cell_values.modalities, together=(word_set("image type"),)),
    "part": Role(word_set("split fold partition subset set phase dataset"), _part),
}


def read(role: str, column: pd.Series) -> pd.Series:
    """A column's values as those of a manifest's; null where they cannot be read."""
    return cell_values.ids(column) if role in IDS else ROLES[role].read(column)


def promised(name: str) -> bool:
    """Whether a column's name says that it is no name of a picture: an id of a patient or lesion, an age, a sex, …"""
    anything = pd.Series(["a1", "b2", "a1"], dtype=object)
    return any(ids.rank(name, anything) for ids in IDS.values()) or any(role.rank(name) for role in ROLES.values())


def find(table: pd.DataFrame) -> Roles:
    """The column that fills each role best: by its name, then by its place."""
    found = Roles()
    for role, names in IDS.items():
        ranks = {column: names.rank(column, table[column]) for column in table.columns}
        _take(found, role, {column: rank for column, rank in ranks.items() if rank})
    for role, what in ROLES.items():
        ranks = {column: what.rank(column) for column in table.columns if column not in found.columns.values()}
        if role == "part":
            ranks = {column: FLAGGED if _flag(column) else rank for column, rank in ranks.items()}
        named = {column: rank for column, rank in ranks.items() if rank}
        kept = {column: rank for column, rank in named.items() if _keeps_promise(table[column], role)}
        _take(found, role, kept)
        if named and not kept:
            found.refused[role] = [column for column, rank in named.items() if rank < FLAGGED]
    return found


def _take(found: Roles, role: str, ranks: dict[str, int]) -> None:
    free = {column: rank for column, rank in ranks.items() if column not in found.columns.values()}
    if free:
        found.columns[role] = max(free, key=lambda column: free[column])


def _keeps_promise(column: pd.Series, role: str) -> bool:
    """Whether enough of the values can be read."""
    total = int(cell_values.ids(column).notna().sum())
    return total > 0 and int(ROLES[role].read(column).notna().sum()) >= READABLE * total
