"""YAML files say one thing: no key twice, no exploding aliases; anchors and merge keys work."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from datasets.base.plain_yaml import read_yaml

ROOT = Path(__file__).parents[3]


def test_anchors_aliases_and_merge_keys_work():
    text = "base: &b {lr: 1, wd: 2}\none: {<<: *b, lr: 3}\ntwo: {<<: [*b, {x: 1}]}\nthree: *b\n"
    assert read_yaml(text) == yaml.safe_load(text)
    assert read_yaml(text)["one"] == {"lr": 3, "wd": 2}


@pytest.mark.parametrize("path", sorted(ROOT.glob("study/specs/*.yaml")), ids=lambda path: path.name)
def test_shipped_specs_read_as_yaml_reads_them(path):
    assert read_yaml(path.read_text()) == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", r"'a' is given twice, in lines 1 and 3"),
        ("x: [{b: 1, b: 1}]", r"'b' is given twice, in lines 1 and 1"),
        ("a: 1\n'a': 2\n", "'a' is given twice"),
        ("a: &a [*a]", r"names what it stands in \(line 1\)"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("a: 2001-99-99", "Put it in quotes"),
        ("a: !!bool perhaps", "Put it in quotes"),
        ("a: !!timestamp never", "Put it in quotes"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        ("{[a]: 1}", "unhashable key"),
    ],
)
def test_what_is_refused_and_why(text, said):
    with pytest.raises(yaml.YAMLError, match=said):
        read_yaml(text)


@pytest.mark.parametrize("layer", ["a{n}: &a{n} [{aliases}]\n", "a{n}: &a{n}\n  <<: [{aliases}]\n"])
def test_an_alias_bomb_is_refused_at_once(layer):
    text = "a0: &a0 {x: 1}\n"
    for n in range(1, 10):
        text += layer.format(n=n, aliases=", ".join([f"*a{n - 1}"] * 9))
    started = time.monotonic()
    with pytest.raises(yaml.YAMLError, match="stand for more than"):
        read_yaml(text)
    assert time.monotonic() - started < 5
