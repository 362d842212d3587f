import pytest

from datasets.labels.class_names import mismatch

WANTED = ("benign", "melanoma")


@pytest.mark.parametrize("classes", [("benign", "melanoma"), ("Benign", "MELANOMAS"), (" bénign", "melanoma ")])
def test_spelling_is_forgiven(classes):
    assert mismatch(classes, WANTED) is None


def test_words_that_mean_something_else_are_named():
    assert mismatch(("naevus", "melanoma"), WANTED) == "'naevus' not among them"
    assert mismatch(("other", "MM"), WANTED) == "'other' and 'MM' not among them"


def test_the_order_of_labels_is_part_of_the_agreement():
    assert "another order" in str(mismatch(("melanoma", "benign"), WANTED))


def test_letters_alone_stay_apart():
    assert mismatch(("r", "s"), ("r", "")) is not None
