"""What the folders of a path say: the part, a word for the diagnosis, the patient; and which say none of these."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from datasets.inspect.diagnosis_agreement import meaning_of
from datasets.inspect.parts import Part, part_of

__all__ = ["Part", "class_words", "other_levels", "part_of", "parts", "patients"]

_PATIENT = re.compile(r"(?:p|pat|pt|patient\w*?|subj|subject|proband|case|fall|患者|病人)[\W_]*\d+", re.IGNORECASE)


def parts(paths: Sequence[str]) -> pd.Series:
    """The part that each path's folders name, the outermost first; null where none does."""
    known = {name: part_of(name) for path in paths for name in _folders(path)}
    found = [next((known[name] for name in _folders(path) if known[name]), None) for path in paths]
    return pd.Series(found, index=range(len(paths)), dtype=object)


def class_words(paths: Sequence[str]) -> pd.Series:
    """The folder of each path that stands for its diagnosis; null for pictures in no folder but a part's.

    Of the levels above the pictures the one counts whose names are diagnoses most often; the nearest where none is.
    Where that one is no diagnosis in some path and another of it is, that other counts.
    """
    named = {name: part_of(name) for path in paths for name in _folders(path)}
    folders = [[name for name in _folders(path) if named[name] is None][::-1] for path in paths]
    depth = max(map(len, folders), default=0)
    understood = [
        sum(len(names) > level and meaning_of(names[level]) is not None for names in folders) for level in range(depth)
    ]
    level = max(range(depth), key=lambda each: (understood[each], -each), default=0)
    return pd.Series([_word(names, level) for names in folders], index=range(len(paths)), dtype=object)


def _word(names: list[str], level: int) -> str | None:
    if not names:
        return None
    word = names[min(level, len(names) - 1)]
    known = [name for name in names if meaning_of(name) is not None]
    word = known[0] if meaning_of(word) is None and known else word
    return unicodedata.normalize("NFC", word).strip()


def patients(paths: Sequence[str]) -> pd.Series | None:
    """The patient that a folder of each path names (`P017`, `Patient_3`); None where few of the pictures are in
    such folders."""
    names = [next((name for name in _folders(path)[::-1] if _PATIENT.fullmatch(name)), None) for path in paths]
    found = pd.Series(names, index=range(len(paths)), dtype=object)
    return found if found.notna().mean() > 0.2 and found.nunique() > 1 else None


def other_levels(paths: Sequence[str], used: set[str]) -> list[list[str]]:
    """The names at each level of folders that tell pictures apart and are neither a part nor among `used`."""
    found = []
    folders = [_folders(path) for path in paths]
    for level in range(max(map(len, folders), default=0)):
        names = sorted({each[level] for each in folders if len(each) > level})
        odd = [name for name in names if unicodedata.normalize("NFC", name).strip() not in used and not part_of(name)]
        if len(odd) > 1:
            found.append(odd)
    return found


def _folders(path: str) -> list[str]:
    return path.split("/")[:-1]
