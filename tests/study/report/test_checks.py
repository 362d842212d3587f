"""Every check sentence of the page against data that hold it, break it, or cannot say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.comparison.replicate_values import collapsed
from study.report.inputs.context import Context
from study.report.inputs.loaded_tables import read_data
from study.report.sections.answer import answer
from study.report.sections.checks import Check, budget, checks, fair, fell, leaked, peeked
from study.report.sections.datasets import data_sets
from study.report.sections.optimism import optimism
from tests.study.report.example import CONTEXT
from tests.study.report.write_example import write_example

KNOWN = {"lesions_known": 10, "patients_known": 10, "lesions": 9, "patients": 8, "images": 10}
SEAL = {"digest": "ab", "time": "2026-01-02T03:04:30+00:00", "code": "x", "code_now": "x"}
FAIR: dict[str, Any] = {
    **CONTEXT,
    "unfair": [],
    "leaks": [],
    "audit": [],
    "protocol": SEAL,
    "datasets": [{**item, **KNOWN} for item in CONTEXT["datasets"]],
}


def build(tmp_path: Path, look: Callable[..., Any], tables: dict[str, Any] | None = None, **facts: Any) -> Any:
    """What `look` says of the fair example with these facts replaced and these tables changed (None: absent)."""
    directory = write_example(tmp_path / "comparison")
    (directory / "context.json").write_text(json.dumps({**FAIR, **facts}))
    parity = pd.read_parquet(directory / "parity.parquet")
    parity.assign(dimensions=3, space="ft", space_digest="a").to_parquet(directory / "parity.parquet")
    ledger = pd.read_parquet(directory / "ledger.parquet")
    ledger.assign(flags="").to_parquet(directory / "ledger.parquet")
    for name, change in (tables or {}).items():
        path = directory / f"{name}.parquet"
        if change is None:
            path.unlink()
        elif isinstance(change, pd.DataFrame):
            change.to_parquet(path)
        else:
            change(pd.read_parquet(path)).to_parquet(path)
    return look(read_data(directory))


def one_more(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[table.index[0], column] = (
            table[column].max() + 1 if pd.api.types.is_numeric_dtype(table[column]) else "other"
        )
        return table

    return change


FINDING = {"key": "unread:isic2019", "message": "the content of 3 of 10 isic2019 images was not compared"}
LEAK = {"what": "lesion_overlap:train-test", "message": "2 lesions on both sides", "reason": "as published"}
UNFAIR = {"what": "space:x", "message": "x searches 5 parameters", "reason": "it has a stage"}
READ = {"event": "read", "time": "2026-01-02T03:05:00+00:00", "dataset": "a", "images": 3}
CASES: list[tuple[Callable[..., Check], str, dict[str, Any], dict[str, Any]]] = [
    (budget, "holds", {}, {}),
    (budget, "broken", {"ledger": lambda t: t.assign(flags="epochs +33%")}, {}),
    (budget, "not checkable", {"ledger": None}, {}),
    (fair, "holds", {}, {}),
    (fair, "broken", {}, {"unfair": [UNFAIR]}),
    (fair, "broken", {"parity": one_more("dimensions")}, {}),
    (fair, "broken", {"parity": one_more("trials")}, {}),
    (fair, "broken", {"parity": one_more("max_epochs")}, {}),
    (fair, "broken", {"parity": one_more("space_digest")}, {}),
    (fair, "not checkable", {"parity": None}, {}),
    (leaked, "holds", {}, {}),
    (leaked, "broken", {}, {"leaks": [LEAK]}),
    (leaked, "not checkable", {}, {"audited": False}),
    (leaked, "not checkable", {}, {"audit": [FINDING]}),
    (leaked, "not checkable", {}, {"datasets": [{**FAIR["datasets"][0], "patients_known": 0}]}),
    (leaked, "not checkable", {}, {"datasets": [{**FAIR["datasets"][0], "lesions_known": 9}]}),
    (leaked, "not checkable", {}, {"datasets": [{"name": "old", "images": 5, "lesions": 5, "patients": 0}]}),
    (peeked, "holds", {}, {}),
    (peeked, "broken", {}, {"test_reads": [READ, {"event": "reopened", "reason": "why"}]}),
    (peeked, "broken", {}, {"test_reads": [{**READ, "time": "2026-01-01T00:00:00+00:00"}]}),
    (peeked, "not checkable", {}, {"test_reads": []}),
    (peeked, "not checkable", {}, {"protocol": {**SEAL, "late": True}}),
    (peeked, "not checkable", {}, {"protocol": None}),
]


@pytest.mark.parametrize(("look", "answer", "tables", "facts"), CASES)
def test_a_check_says_what_the_data_say(tmp_path, look, answer, tables, facts):
    found = build(tmp_path, look, tables, **facts)
    assert found.answer == answer
    if answer != "holds":
        assert found != build(tmp_path / "fair", look)


def test_all_three_answers_of_every_check_are_tried():
    for look in (budget, fair, leaked, peeked):
        assert {answer for tried, answer, *_ in CASES if tried is look} == {"holds", "broken", "not checkable"}


def test_every_check_of_the_page_is_tried(tmp_path):
    titles = {check.title.split(":")[0] for check in build(tmp_path, checks)}
    assert titles == {"Budget", "Fairness", "Leaks", "Peeks"}


def test_a_leak_check_names_what_nobody_knows(tmp_path):
    found = build(tmp_path, leaked, datasets=[{**FAIR["datasets"][0], "patients_known": 0}])
    assert "share no image or lesion" in found.text
    assert "patients (known for 0 of 10 images of isic2019)" in found.text
    assert "crops, mirrors, turns" in found.text


def test_a_leak_check_says_whether_crops_and_mirrors_were_looked_for(tmp_path):
    assert "(crops, mirrors, turns: not looked for)" in build(tmp_path / "older", leaked).text
    newer = build(tmp_path / "newer", leaked, audit=[{"key": "pictures_compared", "severity": "note"}])
    assert newer.answer == "holds"
    assert "no picture that was found again cropped, mirrored, turned, re-coded or re-lit" in newer.text


def test_collapsed_runs_are_named(tmp_path):
    columns = {"method": "byol:ft", "fraction": 0.1, "dataset": "home", "metric": "auroc"}
    rows = pd.DataFrame([{**columns, "replicate": n, "value": 0.8, "collapsed": n == 2} for n in (1, 2, 3)])
    (found,) = build(tmp_path, fell, {"replicate_values": rows})
    assert found.title == "Runs: 1 collapsed"
    assert "byol:ft at 10" in found.text
    assert build(tmp_path / "none", fell, {"replicate_values": rows.assign(collapsed=False)}) == []


@pytest.mark.parametrize(
    ("values", "fallen"),
    [([0.8, 0.82, 0.5], 1), ([0.8, 0.82, 0.7], 0), ([0.52, 0.5, 0.51], 0), ([0.5], 0), ([np.nan, 0.8, 0.5], 0)],
)
def test_a_run_collapses_where_others_learned(values, fallen):
    assert collapsed(np.array(values)).sum() == fallen


def test_the_flattery_of_the_search_is_shown(tmp_path):
    row = {"method": "simclr:ft", "fraction": 0.1, "rank": 0, "objective": "val_auc", "selected": 0.934,
           "retrained": 0.743, "retrained_sd": 0.02, "replicates": 3, "test": 0.71}  # fmt: skip
    section = build(tmp_path, optimism, {"optimism": pd.DataFrame([row])})
    assert "selected with a validation auc of 0.934" in section.lead
    assert "reaches 0.743" in section.lead
    assert "−0.191" in section.tables[0].html()


def test_what_a_method_has_seen_before_stands_in_the_report(tmp_path):
    rows = [
        {"method": "clip:ft", "encoder": "clip", "pretrained_on": "the web", "licence": "MIT", "overlap": "unknown"},
        {
            "method": "dino:ft",
            "encoder": "dino",
            "pretrained_on": "ImageNet-1k",
            "licence": "Apache-2.0",
            "overlap": "no",
        },
    ]
    (table,) = [t for t in build(tmp_path, data_sets, encoders=rows).tables if t.name == "encoders"]
    assert "among what clip:ft saw in pre-training is not known" in table.html()
    assert "dino:ft saw" not in table.html()
    (table,) = [t for t in build(tmp_path / "no", data_sets, encoders=rows[1:]).tables if t.name == "encoders"]
    assert "is not known" not in table.html()


def test_the_answer_says_what_small_encoders_cannot_show(tmp_path):
    """Whoever reads the first screen alone takes a toy of ours for the method whose name it bears."""
    rows = [{"method": "simclr:ft", "encoder": "simclr", "ships": True}, {"method": "own:ft", "encoder": "own"}]
    said = build(tmp_path, answer, encoders=rows).body
    assert "simclr:ft begins with small encoders that ship with the code and have seen drawings alone" in said
    assert "All methods begin" in build(tmp_path / "all", answer, encoders=rows[:1]).body
    assert "drawings" not in build(tmp_path / "none", answer, encoders=rows[1:]).body


def test_a_card_names_two_broken_rules_and_counts_the_others(tmp_path):
    unfair = [{"what": f"space:{n}", "message": f"{n} has a space of its own", "reason": "r"} for n in "abcde"]
    found = build(tmp_path, fair, unfair=unfair)
    assert found.title == "Fairness: 5 rules broken knowingly"
    assert found.text == "a has a space of its own, b has a space of its own and 3 more."
    assert build(tmp_path / "two", fair, unfair=unfair[:2]).text.endswith("and b has a space of its own.")


def test_who_was_scored_on_the_plain_view_is_said_wherever_copies_are():
    every, some = (Context(copies=5, plain=plain) for plain in ((), ("a:linear", "b:knn")))
    assert every.scored_on == "5 augmented copies"
    assert some.scored_on == "5 augmented copies (of a:linear and b:knn: the plain view)"
    assert Context().scored_on == ""
