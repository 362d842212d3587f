"""What is printed, where there is little room."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from study.cluster.doctor import Finding
from study.console.audit_table import print_decoded
from study.console.doctor_table import print_findings
from study.console.progress import Progress
from study.console.summary_table import print_answer, print_table
from study.preparation.decode_on_nodes import Decoded
from tests.study.example_study import planned

GOLDEN = Path(__file__).parents[1] / "report/golden/comparison"


def test_no_method_is_cut_on_a_narrow_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as rich sees it
    monkeypatch.setenv("COLUMNS", "80")
    methods = ["dermatology-foundation-model-large:ft", "dermatology-foundation-model-small:ft"]
    rows = [
        {"metric": "auroc", "fraction": 1.0, "method": method, "dataset": f"clinic_number_{test}_of_the_country"}
        for method in methods
        for test in range(4)
    ]
    pd.DataFrame(rows).assign(estimate=0.8, sd=0.01, low=0.7, high=0.9).to_parquet(tmp_path / "estimates.parquet")
    print_table(tmp_path)
    said = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert "…" not in said
    cells = [line.split("│")[1].strip() for line in said.splitlines() if line.startswith("│")]
    joined = "".join(cells)
    assert all(method in joined for method in methods)


def test_nodes_and_sets_are_folded_too(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    node, data = "gpu-node-0017.compute.cluster.example.org", "clinic_number_4_of_the_country_in_the_north"
    print_findings([Finding(node=node, check=check, ok=True, detail="") for check in ("python", "packages", "disk")])
    print_decoded([Decoded(host=node, name=data, images=1, skipped=0, nbytes=1, seconds=1.0)])
    said = capsys.readouterr().out
    assert "…" not in said
    rows = [line.split("│")[1:] for line in said.splitlines() if line.startswith("│")]
    assert node in "".join(row[0].strip() for row in rows)
    assert data in "".join(row[1].strip() for row in rows)


@pytest.fixture
def compared(tmp_path):
    """The comparison of the report's golden study."""
    for path in GOLDEN.glob("*.csv"):
        pd.read_csv(path, keep_default_na=False, na_values=[""]).to_parquet(tmp_path / f"{path.stem}.parquet")
    shutil.copy(GOLDEN / "context.json", tmp_path)
    return tmp_path


def test_the_end_of_a_run_says_what_the_report_opens_with(compared, capsys):
    print_answer(compared)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("answer fraction=1 simclr:ft is better than supervised:ft by 0.036 ")
    assert "Open: byol:ucl-ft (+0.011 " in said[0]


def test_a_message_is_printed_as_it_is(capsys):
    Progress(planned()).on_message("audit ungrouped:train: 3 of 9 images [0]")
    assert capsys.readouterr().out == "audit ungrouped:train: 3 of 9 images [0]\n"
