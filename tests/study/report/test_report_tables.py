"""Tables in their four forms: escaped, whole, and stale ones removed."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from study.report.exporters.table_files import write_tables
from study.report.table import Cell, Table, tex


def table(name: str = "scores", text: str = "a_b & 5 %") -> Table:
    return Table(
        name=name,
        caption="Scores: 10 % of #1",
        header=["group", "method", "value"],
        rows=[["g", text, Cell("0.9 ± 0.1", bold=True, sub="[0.8, 1.0]", mark="†")], ["g", "x|y", Cell("−0.1")]],
        align="llr",
        numbers=pd.DataFrame({"method": [text, "x|y"], "value": [1 / 3, -0.1]}),
        notes=("≥ 3 re-trained models.",),
        group=True,
    )


def test_latex_is_a_booktabs_table_with_everything_escaped() -> None:
    latex = table().latex()
    for part in (r"\toprule", r"\midrule", r"\bottomrule", r"\caption{Scores: 10 \% of \#1}", r"\label{tab:scores}"):
        assert part in latex
    assert (
        r"g & a\_b \& 5 \% & \textbf{0.9 $\pm$ 0.1\textsuperscript{\textdagger{}}} {\footnotesize [0.8, 1.0]} \\"
        in latex
    )
    assert r" & x|y & $-$0.1 \\" in latex
    assert r"$\geq$ 3 re-trained models." in latex
    assert latex.isascii()


def test_latex_of_hostile_text() -> None:
    assert tex("\\input{x} $~^#") == r"\textbackslash{}input\{x\} \$\textasciitilde{}\textasciicircum{}\#"


def test_csv_holds_numbers_to_six_digits() -> None:
    assert table().csv() == "method,value\na_b & 5 %,0.333333\nx|y,-0.1\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_keeps_text_from_being_run_as_a_formula(start: str) -> None:
    hostile = f"{start}cmd|' /C calc'!A0"
    read = pd.read_csv(io.StringIO(table(text=hostile).csv()))
    assert list(read["method"]) == ["'" + hostile.replace("\r", " "), "x|y"]
    assert list(read["value"]) == [0.333333, -0.1]


def test_csv_leaves_numbers_and_gaps_in_columns_of_text_alone() -> None:
    mixed = replace(table(), numbers=pd.DataFrame({"=a": ["-x", -1, -0.5, None], "b": [-1, -2, -3, -4]}))
    assert mixed.csv() == "'=a,b\n'-x,-1\n-1,-2\n-0.5,-3\n,-4\n"


def test_markdown_escapes_pipes() -> None:
    assert r"x\|y" in table().markdown()
    assert r"**0.9 ± 0.1† \[0.8, 1.0\]**" in table().markdown()


def test_html_escapes_and_names_rows_and_columns() -> None:
    html = str(table(text="<b>&").html())
    assert "<b>&amp;" not in html
    assert "&lt;b&gt;&amp;" in html
    assert '<th scope="col" class="l">method</th>' in html
    assert '<th scope="rowgroup" colspan="2"><span>group: g</span></th>' in html
    assert "<caption>Scores: 10 % of #1</caption>" in html


def test_stale_tables_go_and_foreign_files_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("kept")
    write_tables([table("old"), table("new")], tmp_path)
    write_tables([table("new")], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.csv", "new.csv", "new.md", "new.tex", "index.csv"}
