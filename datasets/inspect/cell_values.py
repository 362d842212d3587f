"""From people's cells to the values of a manifest; what cannot be read is null, and counted by the caller."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from datasets.inspect.word_sets import word_set
from datasets.sources.csv_tables import FITZPATRICK, words

_MALE = "m male man männlich maennlich homme masculin hombre masculino maschio uomo mannelijk mężczyzna"
_FEMALE = "f female woman w weiblich femme féminin hembra mujer femenino feminino femmina donna vrouwelijk kobieta"
_SEXES = dict.fromkeys(_MALE.split(), "male") | dict.fromkeys(_FEMALE.split(), "female")
_MODALITIES = {"dermoscop": "dermoscopic", "dermatoscop": "dermoscopic", "clinic": "clinical", "smartphone": "clinical"}
_TONES = {str(number): roman for number, roman in enumerate(FITZPATRICK, start=1)}


_UNKNOWN = word_set(
    "unknown unk unbekannt unklar inconnu inconnue desconocido desconhecido sconosciuto onbekend nan na none null",
    "missing n/a #n/a <na> -nan k.a неизвестно 未知 不明",
) | {"keine angabe", "not available", "not known", "non disponible", "no disponible"}
_YES = "1 1.0 true t yes y ja j oui si sí sim 是"
_NO = "0 0.0 false f no n nein non não nao nee 否"
_BOOLEANS = dict.fromkeys(_YES.split(), 1.0) | dict.fromkeys(_NO.split(), 0.0)


def ages(column: pd.Series) -> pd.Series:
    """Float years from `45`, `45.0`, `45 years`; NaN for anything else and for ages below 0 or above 120."""
    text = words(column).astype("string").str.strip().str.lower()
    number = text.str.extract(r"^(-?\d+(?:[.,]\d+)?)\s*(?:y|yo|yrs?|years?|jahre?|ans|años|anos|anni)?$")[0]
    found = pd.to_numeric(number.str.replace(",", "."), errors="coerce").astype("float64")
    return found.where(found.between(0, 120))


def sexes(column: pd.Series) -> pd.Series:
    """`male` or `female` from usual words in several languages; null for anything else (0 and 1 among it).

    Beside an `h` (homme, hombre), `m` is the Spanish mujer, unless an `f` is there too: then nobody knows.
    """
    text = words(column).astype("string").str.strip().str.lower()
    letters = set(text.dropna().unique())
    if "h" not in letters:
        return _mapped(text, _SEXES)
    without_m = {word: sex for word, sex in _SEXES.items() if word != "m"}
    return _mapped(text, without_m | {"h": "male"} | ({} if "f" in letters else {"m": "female"}))


def skin_tones(column: pd.Series) -> pd.Series:
    """Fitzpatrick `I` to `VI` from `3`, `3.0`, `III`, `type III`, `FST 3`; null for anything else."""
    text = words(column).astype("string").str.strip().str.upper()
    core = text.str.extract(r"^(?:FITZPATRICK|FST|SKIN|TYPE|TYP|\s|-|_)*(VI|IV|V|I{1,3}|[1-6])(?:\.0)?$")[0]
    return _mapped(core, _TONES | {roman: roman for roman in FITZPATRICK})


def modalities(column: pd.Series) -> pd.Series:
    """`dermoscopic` or `clinical` by how a cell begins; null for anything else."""
    begins = words(column).astype("string").str.strip().str.lower()
    found = pd.Series([None] * len(column), index=column.index, dtype=object)
    for start, name in _MODALITIES.items():
        found = found.mask(begins.str.startswith(start).fillna(False).astype(bool), name)
    return found


def ids(column: pd.Series) -> pd.Series:
    """Trimmed text, null where unknown in one of several languages: "unbekannt" is no patient."""
    text = words(column)
    folded = text.astype("string").str.casefold().str.strip(" .")
    unknown = folded.isin(_UNKNOWN) | ~folded.str.contains(r"\w", regex=True).fillna(True).astype(bool)
    return text.mask(unknown.fillna(True).astype(bool)).astype(object).where(lambda values: values.notna(), None)


def _mapped(text: pd.Series, table: dict[str, str]) -> pd.Series:
    found = text.map(table).astype(object)
    return found.where(found.notna(), None)


def tokens(name: str) -> list[str]:
    """The words of a column's name in any script: `patientAge_years` -> patient, age, years."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", unicodedata.normalize("NFC", name))
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]


def yes_or_no(column: pd.Series) -> pd.Series:
    """1.0 and 0.0 from 1 and 0, true and false, yes and no in several languages; NaN for anything else."""
    return words(column).astype("string").str.strip().str.casefold().map(_BOOLEANS).astype("float64")


def is_yes_or_no(column: pd.Series) -> bool:
    """Whether a column holds answers to a yes-or-no question alone."""
    known = words(column).notna()
    return bool(known.any()) and bool(yes_or_no(column)[known].notna().all())
