"""Which columns of a table say what: by their names, and by whether their values are what the name promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from datasets.inspect import cell_values
from datasets.inspect.folders import part_of
from datasets.sources.csv_tables import words

READABLE = 0.6
"""Share of a column's values that must be readable for its name to be believed."""


@dataclass(frozen=True)
class Role:
    """A column of a manifest: the tokens of names that promise it (`starts`: beginnings of tokens), those that speak
    against it, and how its values are read."""

    names: frozenset[str]
    read: Callable[[pd.Series], pd.Series]
    starts: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()

    def promised(self, column: str) -> bool:
        """Whether a column's name promises this role."""
        said = cell_values.tokens(column)
        hit = any(word in self.names or word.startswith(self.starts or ("\0",)) for word in said)
        return hit and self.never.isdisjoint(said)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROLES: dict[str, Role] = {
    "lesion_id": Role(
        _set("lesion lesionid laesion läsion lesione lesao lesão lésion"),
        cell_values.ids,
        never=_set("type class name diagnosis dx location site size diameter area age count number side"),
    ),
    "patient_id": Role(
        _set("patient patientid subject subjectid person personid paciente paziente pid patnr patid"),
        cell_values.ids,
        never=_set("age sex gender name type history skin site"),
    ),
    "age": Role(
        _set("age alter edad idade età eta âge leeftijd wiek patientage ageapprox"),
        cell_values.ages,
        never=_set("group band class"),
    ),
    "sex": Role(_set("sex gender geschlecht sexo sexe sesso geslacht płeć plec genero género"), cell_values.sexes),
    "skin_tone": Role(_set("fst phototype fototipo skintone skintype"), cell_values.skin_tones, ("fitzpat", "fitspat")),
    "site": Role(
        _set("site localization localisation location region lokalisation localizacion localización localizacao body"),
        cell_values.ids,
        ("anatom",),
        _set("id special file image photo url hospital center centre institution"),
    ),
    "modality": Role(_set("modality imagetype"), cell_values.modalities),
    "part": Role(
        _set("split fold partition subset set phase dataset"),
        lambda column: words(column).map(part_of, na_action="ignore").astype(object),
    ),
}
_TOGETHER = {"skin_tone": ({"skin", "tone"}, {"skin", "type"}), "modality": ({"image", "type"},)}


def find(table: pd.DataFrame) -> dict[str, str]:
    """Role -> column, for the roles that some column of the table fills; columns count in their order."""
    found: dict[str, str] = {}
    for column in table.columns:
        said = set(cell_values.tokens(column))
        for role, what in ROLES.items():
            pairs = any(pair <= said for pair in _TOGETHER.get(role, ()))
            if role not in found and (pairs or what.promised(column)) and _keeps_promise(table[column], role):
                found[role] = column
                break
    return found


def _keeps_promise(column: pd.Series, role: str) -> bool:
    """Whether enough of the values can be read, and ids are not the same for all."""
    known = words(column)
    total = int(known.notna().sum())
    if not total:
        return False
    if role in ("lesion_id", "patient_id"):
        return known.nunique() > 1
    return int(ROLES[role].read(column).notna().sum()) >= READABLE * total
