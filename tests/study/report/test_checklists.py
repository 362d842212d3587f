"""Reporting checklists are filled in from the records of a study alone; the report is printed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from study.cli import app
from study.report import print_pdf
from study.report.checklists.checklist import FILES, UNKNOWN, as_markdown, checklist, write_checklist
from study.report.checklists.facts import FACTS
from study.report.inputs.context import Context, ReportError
from study.report.inputs.loaded_tables import ReportData, read_data
from tests.study.report.write_example import write_example

ITEMS = {"claim": 44, "tripod-ai": 52}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    where = tmp_path_factory.mktemp("comparison")
    write_example(where)
    return where


@pytest.mark.parametrize("name", FILES)
def test_every_item_is_there_once_and_asks_for_facts_that_there_are(name):
    items = checklist(name).items
    assert len(items) == len({item.item for item in items}) == ITEMS[name]
    assert {fact for item in items for fact in item.knows} <= set(FACTS)
    assert all(item.knows or item.authors for item in items)


def test_every_fact_answers_an_item():
    used = {fact for name in FILES for item in checklist(name).items for fact in item.knows}
    assert used == set(FACTS)


@pytest.mark.parametrize("name", FILES)
def test_a_checklist_has_the_numbers_of_its_study(name, folder):
    data = read_data(folder)
    written = as_markdown(checklist(name), data)
    context = data.context
    assert f"{context.budget.trials} trials of at most {context.budget.max_epochs} epochs" in written
    assert context.selection.digest in written
    assert all(item.digest in written for item in context.datasets)
    assert "## Methods, in a paragraph" in written
    rows = [line for line in written.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == ITEMS[name]
    assert all(line.count("|") == 5 for line in rows)
    assert not re.search(r"\bnan\b|None", written)


def test_what_no_record_says_is_left_to_the_authors():
    bare = ReportData(tables={}, context=Context(), digests={}, directory=Path())
    data_sources = next(line for line in as_markdown(checklist("claim"), bare).splitlines() if line.startswith("| 7 "))
    assert UNKNOWN in data_sources
    assert "dates and places of the sources" in data_sources
    partitions = next(line for line in as_markdown(checklist("claim"), bare).splitlines() if line.startswith("| 20 "))
    assert partitions.endswith(f"| {UNKNOWN} | ▢ all of it |")


def test_an_unknown_checklist_is_refused(tmp_path):
    with pytest.raises(ReportError, match="A checklist is one of claim, tripod-ai, got 'claims'"):
        write_checklist("claims", tmp_path, tmp_path / "out.md")


def test_the_command_writes_it_beside_the_report(folder):
    shown = CliRunner().invoke(app, ["report", str(folder), "--checklist", "tripod-ai"])
    assert shown.exit_code == 0, shown.output
    assert "TRIPOD+AI" in (folder / "checklist-tripod-ai.md").read_text()


def test_without_a_browser_there_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReportError, match=r"printed by a browser, but none of chromium, .* is on the PATH"):
        print_pdf.print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")


def test_a_browser_that_prints_nothing_is_said_to(tmp_path, monkeypatch):
    (tmp_path / "chromium").write_text("#!/bin/sh\necho 'no display' >&2\n")
    (tmp_path / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ReportError, match="wrote no PDF and said: no display"):
        print_pdf.print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")


@pytest.mark.skipif(not any(map(shutil.which, print_pdf.BROWSERS)), reason="no browser")
def test_the_report_is_printed(folder):
    shown = CliRunner().invoke(app, ["report", str(folder), "--pdf"])
    assert shown.exit_code == 0, shown.output
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF-")
