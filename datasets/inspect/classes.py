"""From people's words for diagnoses to tasks: which words make which class, and which are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datasets.base.errors import DataError
from datasets.labels.synonyms import Meaning, meaning, nearest_meaning

TASKS: dict[str, dict[str, frozenset[str]]] = {
    "melanoma": {"benign": frozenset({"benign", "precursor"}), "melanoma": frozenset({"melanoma"})},
    "melanoma_vs_all": {
        "other": frozenset({"benign", "precursor", "carcinoma", "inflammatory", "not_melanoma"}),
        "melanoma": frozenset({"melanoma"}),
    },
    "malignancy": {"benign": frozenset({"benign"}), "malignant": frozenset({"melanoma", "carcinoma", "malignant"})},
}
"""Sides of the synonym table by task and class, the positive class last; all other sides are left out. Tasks in the
order in which they are offered."""
ENOUGH = 10
"""Images of each class for a task to be offered before a later one that has more."""
LEFT_OUT = "left out"
HINTS = 6
"""Suggestions that an error lists."""


@dataclass(frozen=True)
class Unsure:
    """A word that the synonym table does not know: how many images have it, and what it may mean."""

    word: str
    images: int
    suggestion: str | None


@dataclass(frozen=True)
class Classes:
    """`tasks` in the form of a rule file, `chosen` the one to study; `counts` are images by class of the chosen task
    (`left out` among them), `meanings` what each word was taken for."""

    tasks: dict[str, Any]
    chosen: str
    counts: dict[str, int]
    meanings: dict[str, Meaning | None]
    unsure: tuple[Unsure, ...]


def classes(diagnoses: pd.Series, answers: Mapping[str, str]) -> Classes:
    """Sort the words of a column of diagnoses. `answers` says what a word means, in a word of the synonym table or
    `left out`. Words that nobody explains are left out and listed.

    Raises `DataError` for an answer that means nothing, one about a word that is not there, and where no task has two
    classes.
    """
    counts = {str(word): int(count) for word, count in diagnoses.value_counts().items()}
    said = {word: _answer(word, answer, counts) for word, answer in answers.items()}
    meanings = {word: said[word] if word in said else meaning(word) for word in counts}
    unsure = tuple(_unsure(word, counts[word]) for word, found in meanings.items() if found is None)
    tasks = {name: task for name in TASKS if (task := _task(name, meanings)) is not None}
    if not counts:
        raise DataError(
            "A study needs a diagnosis of each picture, but no folder and no table says one. Sort the pictures into a "
            "folder a diagnosis, or put a table beside them with a column of file names and one of diagnoses."
        )
    if not tasks:
        listed = ", ".join(f"{word!r} ({count:,})" for word, count in list(counts.items())[:20])
        raise DataError(
            f"A study tells two classes apart, but the diagnoses found make no two: {listed}. Say what they mean with "
            f"--counts-as 'WORD=melanoma', 'WORD=benign', 'WORD=malignant' or another diagnosis.{_hints(unsure)}"
        )
    chosen = next((name for name, task in tasks.items() if min(_images(task, counts).values()) >= ENOUGH), None)
    chosen = chosen or max(tasks, key=lambda name: min(_images(tasks[name], counts).values()))
    found = _images(tasks[chosen], counts)
    out = sum(counts.values()) - sum(found.values())
    return Classes(tasks, chosen, found | ({LEFT_OUT: out} if out else {}), meanings, unsure)


def _task(name: str, meanings: Mapping[str, Meaning | None]) -> dict[str, Any] | None:
    """A task in the form of a rule file; None where a class would be empty."""
    sides = {word: found.side if found else "" for word, found in meanings.items()}
    made = {kind: sorted(word for word in sides if sides[word] in wanted) for kind, wanted in TASKS[name].items()}
    if not all(made.values()):
        return None
    taken = {word for words in made.values() for word in words}
    return {"classes": made, "left_out": sorted(set(sides) - taken)}


def _images(task: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, int]:
    return {kind: sum(counts[word] for word in words) for kind, words in task["classes"].items()}


def _answer(word: str, answer: str, counts: Mapping[str, int]) -> Meaning:
    if word not in counts:
        raise DataError(
            f"--counts-as explains a diagnosis that is there, got {word!r}. There are: {', '.join(map(repr, counts))}."
        )
    found = Meaning(LEFT_OUT, "unknown") if answer.strip().lower() in (LEFT_OUT, "left_out") else meaning(answer)
    if found is None:
        raise DataError(
            f"--counts-as says a usual diagnosis (melanoma, nevus, benign, malignant, …) or 'left out', got {answer!r} "
            f"for {word!r}. Use one of these."
        )
    return found


def _hints(unsure: tuple[Unsure, ...]) -> str:
    """Options that would say what the words seem to mean, "" where nothing resembles them."""
    said = [repr(f"{each.word}={each.suggestion}") for each in unsure if each.suggestion]
    return f" By resemblance, to be checked: --counts-as {' --counts-as '.join(said[:HINTS])}" if said else ""


def _unsure(word: str, images: int) -> Unsure:
    near = nearest_meaning(word)
    return Unsure(word, images, near.name if near else None)
