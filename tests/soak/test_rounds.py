"""Rounds of the soak are replayable, go through every kind of fault, and are counted once each."""

from __future__ import annotations

from collections import Counter

from tests.soak.faults import KINDS, faults
from tests.soak.reliability import BEGIN, END, Round, table, written


def test_a_round_is_the_same_whenever_it_is_played():
    assert [faults(3, number) for number in range(50)] == [faults(3, number) for number in range(50)]
    assert faults(3, 7) != faults(4, 7)


def test_every_kind_comes_in_turn():
    first = Counter(faults(0, number)[0].kind for number in range(3 * len(KINDS)))
    assert first == dict.fromkeys(KINDS, 3)


def test_the_table_counts_faults_and_names_what_went_wrong():
    entries = [
        {"seed": 0, "number": 0, "faults": ["driver", "driver"], "seconds": 10.0, "wrong": ""},
        {"seed": 0, "number": 1, "faults": ["gcs"], "seconds": 30.0, "wrong": "no epoch missing"},
    ]
    text = table(entries)
    assert "3 faults in 2 studies, 0.0 hours; 1 studies ended otherwise" in text
    assert "| driver | 2 | 0 | 10 |" in text
    assert "| gcs | 1 | 1 | 30 |" in text
    assert "- round 0/1 (gcs): no epoch missing" in text
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert written(page, entries) == f"before\n{BEGIN}\n{text}{END}\nafter\n"
    assert "as undisturbed after 3 s" in Round(seed=0, number=0, faults=("gcs",), seconds=3.0).line()
