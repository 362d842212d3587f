"""A committed study of small prediction tables gives the same comparison tables, byte for byte.

After a wanted change of the statistics, write the expected tables anew and read their diff before you commit it:

    python -m tests.study.comparison.test_comparison_golden
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from study.comparison import compare, optimisation

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = GOLDEN / "tables"
DIGITS = "%.6g"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"{name}.csv", keep_default_na=False, na_values=[""], dtype={"skin_tone": str})


@cache
def make() -> dict[str, bytes]:
    """Every table as CSV. The input is CSV too, so that a diff can be read."""
    predictions = read("predictions").merge(read("images"), on=["dataset", "image_id"]).merge(read("frozen"))
    found = compare(predictions, baseline="supervised:ft", in_distribution="home", margin=0.05, draws=400, seed=7)
    found |= optimisation(read("trials"), read("curves"), direction="maximize")
    made = {}
    for name, table in found.items():
        text = io.StringIO()
        table.to_csv(text, index=False, float_format=DIGITS, lineterminator="\n")
        made[f"{name}.csv"] = text.getvalue().encode()
    return made


def test_the_same_tables_are_made() -> None:
    assert sorted(make()) == sorted(path.name for path in EXPECTED.iterdir())


@pytest.mark.parametrize("name", sorted(path.name for path in EXPECTED.glob("*.csv")))
def test_every_byte_is_the_same(name: str) -> None:
    assert make()[name] == (EXPECTED / name).read_bytes()


if __name__ == "__main__":
    EXPECTED.mkdir(parents=True, exist_ok=True)
    for old in EXPECTED.iterdir():
        old.unlink()
    for name, content in make().items():
        (EXPECTED / name).write_bytes(content)
