"""A committed study of small tables gives the same CSV and LaTeX, byte for byte.

After a wanted change of the tables, write the expected files anew and read their diff before you commit it:

    python -m tests.study.report.test_report_golden
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from study.report import write_report

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = GOLDEN / "tables"


def make(scratch: Path) -> Path:
    """The tables of the golden study, written under `scratch`. Its input is CSV, so that a diff can be read."""
    comparison = scratch / "comparison"
    comparison.mkdir()
    for path in (GOLDEN / "comparison").glob("*.csv"):
        pd.read_csv(path, keep_default_na=False, na_values=[""]).to_parquet(comparison / f"{path.stem}.parquet")
    shutil.copy(GOLDEN / "comparison" / "context.json", comparison)
    write_report(comparison, scratch / "report.html", scratch / "tables", scratch / "figures")
    return scratch / "tables"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("golden"))


def test_the_same_tables_are_written(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir() if path.suffix != ".md") == sorted(
        path.name for path in EXPECTED.iterdir()
    )


@pytest.mark.parametrize("name", sorted(path.name for path in EXPECTED.glob("*")))
def test_every_byte_is_the_same(made: Path, name: str) -> None:
    assert (made / name).read_bytes() == (EXPECTED / name).read_bytes()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        new = make(Path(scratch))
        shutil.rmtree(EXPECTED, ignore_errors=True)
        EXPECTED.mkdir(parents=True)
        for found in sorted(new.iterdir()):
            if found.suffix != ".md":
                shutil.copy(found, EXPECTED)
