"""Rounds of the soak are replayable, go through every kind of fault, and are counted once each."""

from __future__ import annotations

import http.client
import random
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.soak import leaks, reliability
from tests.soak.damaged_files import kinds
from tests.soak.faults import EACH, faults
from tests.soak.faulty_proxy import MODES, FaultyProxy
from tests.soak.file_damage import DAMAGES, damage
from tests.soak.reliability import Round, table, written
from tests.soak.strikes import KILLS, STRIKES, one_error


def test_a_round_is_the_same_whenever_it_is_played():
    kinds = list(STRIKES)
    assert [faults(3, number, kinds) for number in range(50)] == [faults(3, number, kinds) for number in range(50)]
    assert faults(3, 7, kinds) != faults(4, 7, kinds)


def test_every_kind_comes_in_turn_and_every_other_fault_is_a_kill():
    kinds = list(STRIKES)
    rounds = [faults(0, number, kinds) for number in range(len(kinds))]
    assert Counter(fault.kind for round in rounds for fault in round[::2]) == dict.fromkeys(kinds, EACH // 2)
    assert {fault.kind for round in rounds for fault in round[1::2]} <= set(KILLS) <= set(kinds)


ENTRIES = [
    {
        "game": "study",
        "seed": 0,
        "number": 0,
        "faults": ["driver", "driver"],
        "seconds": 10.0,
        "refused": 0,
        "wrong": "",
    },
    {"game": "files", "seed": 0, "number": 1, "faults": ["gcs"], "seconds": 30.0, "refused": 1, "wrong": "no epoch"},
]


def test_the_table_counts_faults_and_names_what_went_wrong():
    text = table(ENTRIES)
    assert "3 faults in 2 rounds, 0.0 hours; 1 rounds ended otherwise" in text
    assert "| driver | 2 | 0 | 0 | 10 |" in text
    assert "| gcs | 1 | 1 | 1 | 30 |" in text
    assert "- files 0/1 (gcs): no epoch" in text
    assert "confidence" not in text
    assert "fewer than 30.0% of such faults" in table([{**ENTRIES[0], "faults": ["driver"] * 10}])
    page = "before\n<!-- rounds: begin -->\nold\n<!-- rounds: end -->\nafter\n"
    assert written(page, "rounds", text) == f"before\n<!-- rounds: begin -->\n{text}<!-- rounds: end -->\nafter\n"
    with pytest.raises(ValueError, match="has no marks of the part 'leaks'"):
        written(page, "leaks", text)
    assert "as undisturbed after 3 s" in Round(seed=0, number=0, faults=("gcs",), seconds=3.0).line()


def test_rounds_add_up_and_one_that_is_played_again_counts_once(tmp_path, monkeypatch):
    monkeypatch.setattr(reliability, "DOCS", tmp_path)
    monkeypatch.setattr(reliability, "PAGE", tmp_path / "page.md")
    reliability.PAGE.write_text("<!-- rounds: begin --><!-- rounds: end -->")
    for number in (0, 1, 1):
        reliability.add([Round(seed=5, number=number, faults=("raylet",), seconds=1.0)])
    assert reliability.played("study", 5) == {0, 1}
    assert reliability.played("files", 5) == set()
    assert "2 faults in 2 rounds" in reliability.PAGE.read_text()


def test_one_error_is_one_line_with_an_action():
    assert one_error("stage search\nerror: x. Run again.\n") == "error: x. Run again."
    for text in ("", "error: x. Run.\nerror: y. Run.", "Traceback\nerror: x. Run", "error: something"):
        with pytest.raises(AssertionError):
            one_error(text)


@pytest.mark.parametrize("how", DAMAGES)
def test_damage_changes_a_file_the_same_way_each_time(how, tmp_path):
    (tmp_path / "trials" / "3").mkdir(parents=True)
    path = tmp_path / "trials" / "3" / "last.pt"
    found = []
    for _ in range(2):
        path.write_bytes(b"content" * 100)
        assert kinds(tmp_path) == {"trials/#/last.pt": [path]}
        damage(path, how, random.Random(1))
        found.append(path.read_bytes())
    assert found[0] == found[1] != b"content" * 100


def test_the_proxy_fails_in_every_way_and_then_serves():
    from tests.study.tracking.servers import free_port

    proxy = FaultyProxy(free_port())  # nobody listens there
    try:
        for mode in (mode for mode in MODES if mode != "slow"):
            proxy.mode = mode
            with pytest.raises((urllib.error.HTTPError, http.client.HTTPException, OSError)):
                urllib.request.urlopen(proxy.uri, timeout=10)
            assert proxy.hit[mode] == 1
        assert proxy.hit["failed"] == 1, "cut goes on to the server"
    finally:
        proxy.close()


def test_a_look_counts_what_this_process_holds(tmp_path):
    (tmp_path / "log").write_bytes(bytes(2**20))
    before = leaks.look(0, 0.0, tmp_path)
    with open(tmp_path / "log"), open(tmp_path / "log"):
        after = leaks.look(50, 1.0, tmp_path)
    assert after.driver_handles == before.driver_handles + 2
    assert before.driver_mb > 10
    assert before.ray_mb == 1.0
    assert Path("/proc/self/task").exists()
