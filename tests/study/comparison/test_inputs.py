"""What cannot be compared is refused with the rule, the value and the next action."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest

from study.comparison import ComparisonError, compare, optimisation
from tests.study.report.example import predictions, trials_and_curves

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def good() -> pd.DataFrame:
    table = predictions(replicates=2)
    return table[(table["dataset"] == "pad_ufes_20") & (table["fraction"] == 1.0)].reset_index(drop=True)


def put(column: str, row: int, value: object) -> Change:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        changed = table[column].astype(object)
        changed[row] = value
        return table.assign(**{column: changed.infer_objects()})

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.drop(columns="score"), r"\['score'\] are missing"),
        (lambda t: t.iloc[:0], "got an empty table"),
        (put("score", 3, None), "Column 'score' of a prediction table is never null, but 1 of 840 rows"),
        (put("score", 3, 1.5), "probabilities from 0 to 1, got values from .* to 1.5"),
        (put("label", 3, 2), r"got \[2\]\. More than two classes are compared one against the rest"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "'pad_ufes_20_0000' of pad_ufes_20 appears twice for method supervised"),
        (lambda t: t.iloc[1:], "method supervised:ft, fraction 1.0, .* lacks 1 of the 140 images"),
        (put("label", 3, 1), "'pad_ufes_20_0003' of pad_ufes_20 has both 0 and 1"),
        (
            lambda t: t[~((t["method"] == "simclr:ft") & (t["split"] == 2))],
            r"supervised:ft has \(0, 1, 1001\), \(0, 2, 1002\) and simclr:ft \(0, 1, 1001\)\. Replicate all methods",
        ),
    ],
)
def test_bad_tables_are_refused(good: pd.DataFrame, change: Change, text: str) -> None:
    with pytest.raises(ComparisonError, match=text):
        compare(change(good), baseline="supervised:ft", in_distribution=None, draws=100)


def test_unknown_names_and_numbers_are_refused(good: pd.DataFrame) -> None:
    with pytest.raises(ComparisonError, match=r"`baseline` is one of the methods .*, got 'sup'; there are byol"):
        compare(good, baseline="sup", in_distribution=None)
    with pytest.raises(ComparisonError, match=r"`in_distribution` is one of the datasets .*, got 'isic'"):
        compare(good, baseline="simclr:ft", in_distribution="isic")
    with pytest.raises(ComparisonError, match=re.escape("got 5 and 0.02. Use draws=2000")):
        compare(good, baseline="simclr:ft", in_distribution=None, draws=5)


def test_bad_trials_are_refused() -> None:
    trials, curves = trials_and_curves()
    with pytest.raises(ComparisonError, match=r"'trials' has the columns .*, but \['origin'\] are missing"):
        optimisation(trials.drop(columns="origin"), curves, direction="maximize")
    with pytest.raises(ComparisonError, match="got 'up'"):
        optimisation(trials, curves, direction="up")


def test_searches_are_the_replicates_where_pairs_share_one(good: pd.DataFrame) -> None:
    """Two pairs of one search are no two replicates; with a search each they are what they were without the column."""
    splits = good["split"].to_numpy(int)

    def compared(table: pd.DataFrame) -> pd.DataFrame:
        found = compare(table, baseline="supervised:ft", in_distribution=None, draws=100)["differences"]
        return found[found["metric"] == "auroc"].drop(columns="reason")

    shared, own = (compared(good.assign(search=search)) for search in (0 * splits, splits - 1))
    pd.testing.assert_frame_equal(own, compared(good))
    pd.testing.assert_frame_equal(shared, own)  # one search alone: the pair is what varies
    four = pd.concat([good, good.assign(split=splits + 2, seed=good["seed"] + 2)], ignore_index=True)
    paired = compared(four.assign(search=(four["split"] - 1) % 2))
    assert set(paired["replicates"]) == {2}
    assert set(compared(four)["replicates"]) == {4}
    pd.testing.assert_frame_equal(paired, own)


def test_a_search_is_named_for_all_models_or_for_none(good: pd.DataFrame) -> None:
    with pytest.raises(ComparisonError, match=r"column 'search'\), but 1 of 840 rows do not"):
        compare(put("search", 3, None)(good.assign(search=0)), baseline="supervised:ft", in_distribution=None)
    mixed = good.assign(search=(good["split"] - 1).where(good["method"] != "simclr:ft", 0))
    with pytest.raises(ComparisonError, match=r"the same \(rank, split, seed, search\) of their replicates"):
        compare(mixed, baseline="supervised:ft", in_distribution=None)
