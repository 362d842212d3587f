"""Label rules as data: which diagnoses of a source make which class of a task (`datasets/labels/rules/*.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.plain_yaml import read_yaml
from datasets.base.registry import nearest


@dataclass(frozen=True, kw_only=True)
class Task:
    """Classes in the order of their labels (the positive one last), each with the diagnoses that make it."""

    name: str
    source: str
    classes: dict[str, tuple[str, ...]]
    left_out: tuple[str, ...]

    def label(self, diagnoses: pd.Series) -> pd.Series:
        """Labels (int64) of diagnoses in the source's own words; -1 where the task leaves the diagnosis out.

        Raises `DataError` for a diagnosis that the rule does not mention: nothing is sorted by guesswork.
        """
        labels = {word: label for label, words in enumerate(self.classes.values()) for word in words}
        labels |= dict.fromkeys(self.left_out, -1)
        unknown = sorted(set(diagnoses.dropna()) - set(labels))
        if unknown or diagnoses.isna().any():
            value = repr(unknown[0]) if unknown else "no diagnosis"
            raise DataError(
                f"{self.source}: task {self.name!r} says for each diagnosis what it counts as, got {value}. "
                "Add it to a class or to left_out in its rule file (datasets/labels/rules, or rules.yaml in a root of "
                "yours)."
            )
        return diagnoses.map(labels).astype("int64")


@cache
def rules(source: str) -> dict[str, Any]:
    """The parsed rule file of a source: `release` (what the official release contains) and `tasks`."""
    text = resources.files("datasets.labels").joinpath("rules", f"{source}.yaml").read_text()
    content: dict[str, Any] = read_yaml(text)
    return content


def task(source: str, name: str) -> Task:
    """The task of this name for this source. Raises `DataError` for an unknown one, with the nearest name."""
    return parse(rules(source), source, name)


def parse(content: Any, source: str, name: str) -> Task:
    """The task of this name in the content of a rule file; `source` opens the messages.

    Raises `DataError` for an unknown task, and for content that has not the form of `datasets/labels/rules/*.yaml`.
    """
    form = "tasks: {<task>: {classes: {<class>: [<diagnosis>, …], …}, left_out: [<diagnosis>, …]}}"
    try:
        known = content["tasks"]
        if name not in known:
            raise DataError(f"{source}: a task is one of its rule file's, got {name!r}: {nearest(name, known)}.")
        classes = {str(key): tuple(map(str, words)) for key, words in known[name]["classes"].items()}
        left_out = tuple(map(str, known[name].get("left_out", ())))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{source}: rules have the form {form}, got another ({error!r}). Correct the file.") from error
    said = [word for words in (*classes.values(), left_out) for word in words]
    twice = sorted({word for word in said if said.count(word) > 1})
    if twice or len(classes) < 2:
        found = f"{twice[0]!r} twice" if twice else f"{len(classes)} classes"
        raise DataError(f"{source}: task {name!r} sorts each diagnosis once, into two classes or more; got {found}.")
    return Task(name=name, source=source, classes=classes, left_out=left_out)
