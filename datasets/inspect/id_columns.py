"""Columns of ids: which holds the patient or the lesion, and which looks like an id that nobody explained."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from datasets.inspect import cell_values
from datasets.inspect.diagnosis_agreement import meaning_of
from datasets.inspect.word_sets import word_set

_MARKS = "id ids nr no num nummer number numero número code key kennung pseudonym hash uuid uid 编号 号 号码 番号 번호"
_ID = word_set(_MARKS)
_ENDING = f"(?:s|e|n|en|in|innen|ens|es)?(?:{'|'.join(sorted(_ID, key=len, reverse=True))})?"
_MIXED = re.compile(r"(?=.*\d)(?=.*[^\W\d_]).+")
_FEW_VALUES = 200
SHARE = 0.1
"""Different values a row that a column must have to be one of ids where its name alone does not say so."""
_NEVER = (
    "age sex gender name type history skin site date birth consent ethnicity race weight height count present group "
    "cohort status stage grade score category visit comment notes result"
)


@dataclass(frozen=True)
class IdNames:
    """How a column of ids is called: `stems` begin a word that may go on with a plural or a word for id
    (`Patientennummer`); `exact` is a whole word; `weak` stems (a case) count where the name has a word for id or is
    that stem alone, and where the values repeat. `never` words speak against it."""

    stems: str
    exact: frozenset[str]
    weak: str
    never: frozenset[str]

    def rank(self, name: str, column: pd.Series) -> int:
        """How much a column is this id, 0 where it is none: a bare name, then one with a word for id, then one with
        other words (`patient_hash2`) whose values look like ids, then a weak one."""
        said = cell_values.tokens(name)
        strong = [word for word in said if word in self.exact or re.fullmatch(f"(?:{self.stems}){_ENDING}", word)]
        weak = [word for word in said if re.fullmatch(f"(?:{self.weak}){_ENDING}", word)]
        hits = strong or weak
        if not hits or not self.never.isdisjoint(set(said) - set(hits)) or not may_be_ids(column):
            return 0
        others = [word for word in said if word not in hits and word not in _ID]
        marked = not _ID.isdisjoint(said) or any(word.endswith(tuple(_ID)) for word in hits)
        if not strong:
            named = marked or (not others and hits != ["study"])
            return int(named and _repeats(column) and _many(column))
        if not others:
            return 4
        return 3 if marked else 2 if _look_like_ids(column) and _many(column) else 0


PATIENT = IdNames(
    "patient|patiënt|pacient|paciente|pazient|paziente|pacjent|subject|person|participant|proband|患者|病人|환자|пациент",
    frozenset({"pid", "pat", "patnr", "patid", "mrn"}),
    "case|fall|study|client|individual|病例|症例|病历|住院",
    word_set(_NEVER),
)
LESION = IdNames(
    "lesion|laesion|läsion|lesione|lesao|lesão|lésion|lesión|病灶|病变|皮损",
    frozenset(),
    r"\0",
    word_set(_NEVER, "class diagnosis dx location size diameter area number side"),
)


def may_be_ids(column: pd.Series) -> bool:
    """Whether values can be ids: two at least, no answers of yes or no, and no diagnoses."""
    known = cell_values.ids(column).dropna()
    values = known.unique()
    if len(values) < 2 or cell_values.is_yes_or_no(column):
        return False
    understood = sum(meaning_of(str(value)) is not None for value in values[:_FEW_VALUES])
    return understood * 2 < min(len(values), _FEW_VALUES)


def unexplained(table: pd.DataFrame, used: set[str]) -> list[tuple[str, int]]:
    """Columns that repeat what looks like ids and that nothing uses, each with its number of different values."""
    found = []
    for name in table.columns:
        column = table[name]
        if name not in used and may_be_ids(column) and _repeats(column):
            values = cell_values.ids(column).nunique()
            named = not _ID.isdisjoint(cell_values.tokens(name)) or name.lower().endswith(("nummer", "编号"))
            if _many(column) and (named or _look_like_ids(column)):
                found.append((name, int(values)))
    return found


def _repeats(column: pd.Series) -> bool:
    known = cell_values.ids(column).dropna()
    return bool(known.nunique() < len(known))


def _many(column: pd.Series) -> bool:
    """Whether there are enough different values for patients, rather than for hospitals or stages."""
    known = cell_values.ids(column).dropna()
    return bool(known.nunique() >= max(2, SHARE * len(known)))


def _look_like_ids(column: pd.Series) -> bool:
    """Whether most values mix letters and digits, as `P017` does and a word, a number or a date does not."""
    known = cell_values.ids(column).dropna().astype(str)
    one_word = known.str.fullmatch(r"[\w.-]+")
    return bool((known.str.fullmatch(_MIXED) & one_word).mean() >= 0.8) if len(known) else False
