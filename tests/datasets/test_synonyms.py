"""Words for diagnoses: known ones are understood however they are written, others are not guessed."""

import pytest

from datasets.labels.synonyms import meaning, nearest_meaning


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Melanoma", "melanoma"),
        ("MELANOMA, NOS", "melanoma"),
        ("melanoma_in-situ", "melanoma"),
        ("1. Melanoma", "melanoma"),
        ("Melanomas", "melanoma"),
        ("Malignes Melanom", "melanoma"),
        ("Mélanome", "melanoma"),
        ("Nevus ", "nevus"),
        ("Naevi", "nevus"),
        ("Nävus", "nevus"),
        ("NV", "nevus"),
        ("Seb. Keratosis", "seborrheic keratosis"),
        ("Benign keratosis-like lesions", "seborrheic keratosis"),
        ("BCC", "basal cell carcinoma"),
        ("Bowen's disease", "squamous cell carcinoma"),
        ("akiec", "actinic keratosis or intraepithelial carcinoma"),
        ("Gutartig", "benign"),
        ("indeterminate/malignant", "malignant"),
        ("non-melanoma", "not melanoma"),
        ("UNK", "unknown"),
    ],
)
def test_usual_words_are_understood(word, name):
    found = meaning(word)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("word", ["", "lentigo", "keratosis", "other", "class 1", "0", "nevomelanoma", "melanocytic"])
def test_words_with_two_meanings_or_none_are_not_guessed(word):
    assert meaning(word) is None


def test_a_misspelt_word_has_a_suggestion_alone():
    assert meaning("melanomma") is None
    suggestion = nearest_meaning("melanomma")
    assert suggestion is not None
    assert suggestion.side == "melanoma"
    assert nearest_meaning("qqqq") is None
