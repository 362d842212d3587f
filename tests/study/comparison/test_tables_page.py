"""docs/tables.md names every column of every comparison table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from study.analysis.optimism import COLUMNS as OPTIMISM
from study.analysis.prediction_files import DEFAULTS, REQUIRED
from tests.study.comparison.test_comparison_golden import EXPECTED

PAGE = (Path(__file__).parents[3] / "docs" / "tables.md").read_text()
ROWS = {
    name: set(re.findall(r"`(\w+)`", cells[2]))
    for line in PAGE.splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 3
    for name in re.findall(r"`(\w+)`", cells[0])
}


@pytest.mark.parametrize("path", sorted(EXPECTED.glob("*.csv")), ids=lambda path: path.stem)
def test_columns_are_documented(path: Path) -> None:
    assert ROWS[path.stem] == set(pd.read_csv(path).columns)


def test_what_a_comparison_needs_is_documented() -> None:
    assert ROWS["optimism"] == set(OPTIMISM)
    for column in REQUIRED:
        assert re.search(rf"^\| `{column}` \| yes \|", PAGE, re.MULTILINE)
    for column in DEFAULTS:
        assert re.search(rf"^\|[^|]*`{column}`[^|]*\| no: ", PAGE, re.MULTILINE)
