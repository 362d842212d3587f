"""constraints.txt holds a version of all that pyproject.toml asks for, with every extra: what the tests ran with."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(pin.name): next(iter(pin.specifier)).version
    for pin in map(Requirement, (ROOT / "constraints.txt").read_text().split())
}
ASKED = {
    line
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
    if not line.startswith(PROJECT["name"])
}


@pytest.mark.parametrize("line", sorted(ASKED))
def test_the_pin_is_what_the_project_asks_for(line):
    asked = Requirement(line)
    found = PINS.get(canonicalize_name(asked.name))
    assert found is not None, f"{asked.name} has no line: make constraints"
    assert asked.specifier.contains(found), f"{asked.name}=={found} is not {asked.specifier}: make constraints"
