"""Specs and search spaces that someone, or something, has spoilt: taken, or one clear error, never a traceback.

The environment's `ODD_SPECS` is how many of each are tried.
"""

from __future__ import annotations

import copy
import os
import random
from pathlib import Path

import pytest
import yaml

from search_spaces import SpaceError, load
from study.base.errors import StudyError
from study.plan import fairness_rules
from study.plan.cells import plan
from study.spec.loading import load_spec

ROOT = Path(__file__).parents[3]
SPECS, SPACES = sorted(ROOT.glob("study/specs/*.yaml")), sorted(ROOT.glob("search_spaces/*.yaml"))
COUNT = int(os.environ.get("ODD_SPECS", "150"))
ODD = (
    None, True, 0, -1, 1, 2**70, 0.0, -0.5, 1e308, float("nan"), float("inf"), "", " ", "a", "1", "\0", "é" * 300, "/",
    "../..", "${HOME}", "${NOT_SET_ANYWHERE}", "=cmd|' /C calc'!A0", "<script>", "x:y:z", "a/b", "{{7*7}}", "%s%n",
    b"bytes", [], [None], [[]], ["a", "a"], {}, {"a": 1}, {1: 2}, {None: None}, {"name": "asha"},
    [{"encoder": "simclr"}],
)  # fmt: skip


NAMES = [value for value in ODD if not isinstance(value, list | dict)]


def places(value, path=()):
    """The paths of all values in a tree."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def spoil_tree(chance: random.Random, raw):
    """A few values replaced, removed, doubled, renamed or put where another stood."""
    raw = copy.deepcopy(raw)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice([place for place in places(raw) if place] or [()])
        if not path:
            return copy.deepcopy(chance.choice(ODD))
        holder = raw
        for key in path[:-1]:
            holder = holder[key]
        key, how = path[-1], chance.choice(("replace", "replace", "remove", "rename", "double", "move"))
        if how == "remove":
            del holder[key]
        elif how == "rename" and isinstance(holder, dict):
            holder[chance.choice(NAMES)] = holder.pop(key)
        elif how == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif how == "move":
            holder[key] = copy.deepcopy(raw)
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return raw


def spoil_text(chance: random.Random, text: str) -> bytes:
    """A few bytes changed, cut out or doubled."""
    content = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) or 1)
        length = chance.choice((1, 1, 2, 40))
        new = bytes(chance.randrange(256) for _ in range(chance.randint(0, 3)))
        content[at : at + length] = chance.choice(
            (new, content[at : at + length] * 2, b":", b"- ", b"&a *a", b"\t", b"<<: ")
        )
    return bytes(content)


def spoilt(chance: random.Random, original: str) -> bytes:
    """A file as someone might leave it."""
    if chance.random() < 0.5:
        return spoil_text(chance, original)
    return yaml.safe_dump(spoil_tree(chance, yaml.safe_load(original)), allow_unicode=True).encode()


@pytest.mark.parametrize(
    ("originals", "read", "refusal"),
    [
        (SPECS, lambda path: fairness_rules.check(plan(load_spec(path))), StudyError),
        (SPACES, lambda path: load(str(path)), SpaceError),
    ],
    ids=["spec", "search space"],
)
def test_a_spoilt_file_is_taken_or_refused_in_one_clear_error(tmp_path, originals, read, refusal):
    refused, path = 0, tmp_path / "odd.yaml"
    for number in range(COUNT):
        chance = random.Random(number)
        path.write_bytes(spoilt(chance, chance.choice(originals).read_text()))
        try:
            read(path)
        except refusal as error:
            refused += 1
            if len(str(error)) > 5000:
                pytest.fail(f"{number}: {len(str(error))} characters")
        except Exception as error:
            text = path.read_text(errors="replace")
            raise AssertionError(f"{number}: {type(error).__name__}: {error}\n{text}") from error
    assert COUNT // 10 < refused < COUNT
