"""The page as a whole: self-contained, escaped, deterministic, and whole from whatever tables there are."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from study.report import ReportError, write_report
from tests.study.report.example import CONTEXT, spine_tables
from tests.study.report.example_comparison import comparison_tables
from tests.study.report.write_example import write_example


def build(tmp_path: Path, name: str = "report") -> str:
    out = tmp_path / f"{name}.html"
    write_report(tmp_path / "comparison", out, tmp_path / f"{name}-tables", tmp_path / "figures")
    return out.read_text(encoding="utf-8")


def test_same_input_gives_the_same_bytes_and_no_network(tmp_path: Path) -> None:
    write_example(tmp_path / "comparison")
    html = build(tmp_path)
    assert html == build(tmp_path, "again")
    for path in (tmp_path / "report-tables").iterdir():
        assert path.read_bytes() == (tmp_path / "again-tables" / path.name).read_bytes()
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", html)
    assert "<script" not in html
    assert "url(" not in html
    assert len(html) < 2_000_000


def test_the_page_is_well_formed(tmp_path: Path) -> None:
    write_example(tmp_path / "comparison")
    Balanced().check(build(tmp_path))


def test_everything_from_data_is_escaped(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    evil = "<img src=x onerror=alert(1)>&\"'"
    for path in directory.glob("*.parquet"):
        table = pd.read_parquet(path)
        if "method" in table.columns:
            table["method"] = table["method"].replace({"simclr:ft": evil})
            table.to_parquet(path)
    text = json.dumps({**CONTEXT, "question": evil, "methods": ["supervised:ft", evil, "byol:ucl-ft"]})
    (directory / "context.json").write_text(text)
    html = build(tmp_path)
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    Balanced().check(html)


def test_curves_are_files_of_their_own_that_stand_alone(tmp_path: Path) -> None:
    write_example(tmp_path / "comparison")
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "roc-99.svg").write_text("of an earlier report")
    build(tmp_path)
    names = sorted(path.name for path in figures.iterdir())
    kinds = {name.split("-")[0] for name in names}
    assert {"roc", "learning", "differences", "ranking"} <= kinds
    assert "roc-99.svg" not in names
    for path in figures.iterdir():
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root[0].tag.endswith("style")
        assert root.get("aria-label")
        assert "var(--" not in path.read_text()  # programs other than browsers know no variables


@pytest.mark.parametrize("name", sorted([*spine_tables(), *comparison_tables(), "context"]))
def test_any_file_may_be_absent(tmp_path: Path, name: str) -> None:
    directory = write_example(tmp_path / "comparison")
    next(directory.glob(f"{name}.*")).unlink()
    Balanced().check(build(tmp_path))


def test_comparison_tables_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "comparison").mkdir()
    for name, table in comparison_tables().items():
        table.to_parquet(tmp_path / "comparison" / f"{name}.parquet")
    html = build(tmp_path)
    Balanced().check(html)
    assert "simclr:ft" in html
    for what in ("Budget", "Fairness", "Leaks", "Peeks"):
        assert f"{what}: not checkable" in html


def test_a_malformed_context_is_refused(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    (directory / "context.json").write_text('{"datasets": 3}')
    with pytest.raises(ReportError, match=r"(?s)context\.json.*Run `study compare` again"):
        build(tmp_path)


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "comparison").mkdir()
    with pytest.raises(ReportError, match=r"holds none. Run `study compare`"):
        build(tmp_path)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    pd.read_parquet(directory / "trials.parquet").drop(columns="value").to_parquet(directory / "trials.parquet")
    with pytest.raises(ReportError, match=r"'value'.*missing.*Run `study compare` again"):
        build(tmp_path)


def test_the_log_of_test_labels_is_shown(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    reopened = {
        "event": "reopened",
        "time": "2026-02-03T00:00:00+00:00",
        "reason": "wrong rule",
        "selection": "aa",
        "becomes": "bb",
    }
    facts = {**CONTEXT, "test_reads": [*CONTEXT["test_reads"], reopened]}
    (directory / "context.json").write_text(json.dumps(facts))
    html = build(tmp_path)
    for read in CONTEXT["test_reads"]:
        assert read["dataset"] in html
    assert "Peeks: selection reopened" in html
    assert "“wrong rule”" in html
    assert html.index("Deviations from the sealed protocol") < html.index('id="answer"')


class Balanced(HTMLParser):
    """Every element is closed in order."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, self.getpos()

    def check(self, html: str) -> None:
        self.feed(html)
        assert not self.open
