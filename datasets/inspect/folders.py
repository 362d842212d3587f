"""What the folders of a path say: the part (train, validation, test), and a word for the diagnosis."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from datasets.labels.synonyms import meaning

Part = Literal["train", "validation", "test"]
_NAMES: dict[Part, str] = {
    "train": "train training trainset trainingset traindata trainingdata trainingsdaten entrenamiento entrainement "
    "apprentissage addestramento treino treinamento",
    "validation": "val valid validation validationset valset dev validierung validierungsdaten validacion validacao "
    "convalida",
    "test": "test testing testset testdata holdout heldout eval evaluation testdaten prueba pruebas teste essai",
}
_WORDS = {word: part for part, words in _NAMES.items() for word in words.split()}


def part_of(word: str) -> Part | None:
    """The part that a folder's name or a table's cell names; None where it names none."""
    plain = unicodedata.normalize("NFKD", str(word).lower())  # letters without their accents
    return _WORDS.get("".join(letter for letter in plain if letter.isalnum()))


def parts(paths: Sequence[str]) -> pd.Series:
    """The part that each path's folders name, the outermost first; null where none does."""
    found = [next((part for folder in _folders(path) if (part := part_of(folder))), None) for path in paths]
    return pd.Series(found, index=range(len(paths)), dtype=object)


def class_words(paths: Sequence[str]) -> pd.Series:
    """The folder of each path that stands for its diagnosis; null for pictures in no folder but a part's.

    Of the levels above the pictures the one counts whose names are diagnoses most often; the nearest where none is.
    """
    folders = [[name for name in _folders(path) if part_of(name) is None][::-1] for path in paths]
    depth = max(map(len, folders), default=0)
    understood = [
        sum(len(names) > level and meaning(names[level]) is not None for names in folders) for level in range(depth)
    ]
    level = max(range(depth), key=lambda each: (understood[each], -each), default=0)
    found = [names[min(level, len(names) - 1)] if names else None for names in folders]
    return pd.Series(found, index=range(len(paths)), dtype=object)


def _folders(path: str) -> list[str]:
    return path.split("/")[:-1]
