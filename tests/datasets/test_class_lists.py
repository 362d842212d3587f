"""Labels of a data set with some of the training data's classes, or with the same ones in another order."""

from __future__ import annotations

import pytest

import datasets
from datasets.base.manifest import DataRef
from datasets.labels.class_lists import on_classes
from datasets.labels.class_names import mismatch

EIGHT = ("NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "MEL")


@pytest.fixture
def four():
    """Drawn lesions of nevus, seborrheic_keratosis, dermatofibroma and melanoma; some are of none of these."""
    return datasets.load(DataRef(source="synthetic_smartphone", task="diagnosis4"))


def test_labels_become_places_among_the_training_classes(four):
    wanted = ("melanoma", "AK", "Seborrheic Keratosis", "nevi", "nevus", "dermatofibromas")
    found = on_classes(four, wanted)
    assert found.classes == wanted
    pairs = set(zip(found.table["diagnosis"], found.table["label"], strict=True))
    assert {("nevus", 4), ("seborrheic keratosis", 2), ("melanoma", 0), ("actinic keratosis", -1)} <= pairs
    assert found.notes[-1].endswith("synthetic_smartphone has no AK, nevi")
    assert mismatch(found.classes, wanted) is None


def test_a_class_that_the_training_data_lack_is_refused_and_not_guessed(four):
    wanted = ("nevus", "keratosis", "dermatofibroma", "melanoma")
    assert on_classes(four, wanted) is four
    assert "'seborrheic_keratosis' not among them" in (mismatch(four.classes, wanted) or "")


def test_two_classes_keep_their_order_which_says_what_is_positive():
    two = datasets.load(DataRef(source="synthetic", task="melanoma"))
    assert on_classes(two, ("melanoma", "benign")) is two


def test_the_same_classes_change_nothing(four):
    assert on_classes(four, four.classes) is four


@pytest.mark.parametrize("source", ["ham10000", "isic2018"])
def test_ham10000_has_six_of_the_eight_classes_and_leaves_out_what_may_be_two(source):
    from datasets.labels.tasks import task

    six, seven = task(source, "diagnosis6"), task(source, "diagnosis7")
    assert [word.casefold() for word in six.left_out] == ["akiec"]
    assert {name.upper() for name in six.classes} < set(EIGHT)
    assert "'AKIEC' not among them" in (mismatch([name.upper() for name in seven.classes], EIGHT) or "")
