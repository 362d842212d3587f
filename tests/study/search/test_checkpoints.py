"""Which checkpoints stay on disk."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.preparation.validation_size import ValidationSize
from study.search.checkpoints import Keeper, selectable
from study.spec.choices import SELECTION_RULES
from study.spec.search_section import Select
from study.store.directory import StudyDirectory
from study.store.disk import disk_use
from study.store.trial import EpochRecord, TrialRecord
from tests.study.search.example_cells import small_plan

CELL = "supervised-ft-1"


def ended(number, values, state="COMPLETE"):
    epochs = tuple(
        EpochRecord(epoch=epoch, metrics={"val_auc": value, "images": 100.0 * epoch})
        for epoch, value in enumerate(values, start=1)
    )
    return TrialRecord(cell=CELL, number=number, state=state, params={}, value=max(values, default=None), epochs=epochs)


curves = st.lists(st.lists(st.floats(0.5, 1.0).map(lambda v: round(v, 2)), min_size=1, max_size=4), max_size=12)


@settings(deadline=None)
@given(curves, st.integers(1, 12), st.sampled_from(["best", "top_k", "best_smoothed", "one_standard_error"]))
def test_whoever_wins_in_the_end_was_kept_all_along(values, prefix, name):
    select = Select(rule=name, k=3 if name == "top_k" else 1)
    trials = [ended(number, found) for number, found in enumerate(values)]
    size = ValidationSize(positives=20, negatives=80)
    order = SELECTION_RULES.get(select.rule).order(trials, "val_auc", size) if trials else []
    kept = selectable(select, trials[:prefix], "val_auc")
    for winner in order[: select.k]:
        assert winner.number in kept or winner.number >= prefix


def write(directory, number, *names):
    where = directory.trial(CELL, number)
    where.mkdir(parents=True, exist_ok=True)
    for name in names:
        (where / name).write_bytes(b"x" * 10)


def files(directory):
    root = directory.root / "trials" / CELL
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_losers_lose_their_files_and_running_trials_keep_theirs(tmp_path):
    directory = StudyDirectory(tmp_path)
    keeper = Keeper(small_plan(), directory)
    for number in range(4):
        write(directory, number, "last.pt", "best.pt", ".last.pt.x.half")
    trials = [ended(0, [0.8]), ended(1, [0.9], "PRUNED"), ended(2, [0.95], "FAIL"), ended(3, [0.99], "RUNNING")]
    keeper.tidy(CELL, trials)
    assert files(directory) == ["1/best.pt", "3/.last.pt.x.half", "3/best.pt", "3/last.pt"]
    keeper.tidy(CELL, [*trials[:3], ended(3, [0.99])])
    assert files(directory) == ["3/best.pt"]
    assert not directory.trial(CELL, 0).exists()


@pytest.mark.parametrize("name", ["log.txt", "history.json"])
def test_other_files_stay(tmp_path, name):
    directory = StudyDirectory(tmp_path)
    write(directory, 0, name, "last.pt")
    Keeper(small_plan(), directory).tidy(CELL, [ended(0, [], "FAIL")])
    assert files(directory) == [f"0/{name}"]


def test_disk_use_by_part_the_largest_first(tmp_path):
    directory = StudyDirectory(tmp_path)
    write(directory, 0, "best.pt", "last.pt")
    write(directory, 1, "best.pt")
    (tmp_path / "spec.yaml").write_text("study: toy\n")
    directory.predictions.mkdir()
    assert list(disk_use(directory).items()) == [("trials", 30), ("other", 11), ("predictions", 0)]
    assert disk_use(StudyDirectory(tmp_path / "none")) == {}
