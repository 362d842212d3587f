"""Words for a part of a data set: train, validation, test."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from datasets.labels.synonyms import meaning

Part = Literal["train", "validation", "test"]
_NAMES: dict[Part, str] = {
    "train": "train training trainset trainingset traindata trainingdata trainingsdaten entrenamiento entrainement "
    "apprentissage addestramento treino treinamento 训练集 训练 訓練 학습",
    "validation": "val valid validation validationset valset dev validierung validierungsdaten validacion validacao "
    "convalida 验证集 验证 検証 검증",
    "test": "test testing testset testdata holdout heldout eval evaluation testdaten prueba pruebas teste essai 测试集 "
    "测试 テスト 테스트",
}
_WORDS = {unicodedata.normalize("NFKD", word): part for part, words in _NAMES.items() for word in words.split()}
_ALONE = {"dev", "eval", "evaluation", "essai", "valid"}
"""Words that mean a part only where they are the whole name."""


@lru_cache(maxsize=65_536)
def part_of(word: str) -> Part | None:
    """The part that a folder's name or a table's cell names, alone (`Hold-out`) or among other words (`01_train`,
    `ISIC_Test_Input`); None where it names none or a test part beside another, or is a diagnosis."""
    text = str(word)
    plain = unicodedata.normalize("NFKD", text.lower())  # letters without their accents
    whole = _WORDS.get("".join(letter for letter in plain if letter.isalnum()))
    if whole is not None:
        return whole
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    letters = "".join(each for each in unicodedata.normalize("NFKD", spaced.lower()) if not unicodedata.combining(each))
    said = {token for token in re.split(r"[\W_\d]+", letters) if token not in _ALONE}
    found = {_WORDS[token] for token in said if token in _WORDS}
    if not found or meaning(text) is not None:
        return None
    return found.pop() if len(found) == 1 else None if "test" in found else "train"
