"""Parts that a set comes with: a given test part is not mixed into training unsaid."""

import pytest

from datasets.inspect.parts import part_of
from tests.datasets.inspect.drawn import look, pictures, told, write

KINDS = ("melanoma", "nevus")


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("train_images", "train"),
        ("01_train", "train"),
        ("ISIC_Test_Input", "test"),
        ("TestImages", "test"),
        ("训练集", "train"),
        ("测试集", "test"),
        ("train_labels", "train"),
        ("train_and_validation", "train"),
        ("train_test_split", None),
        ("fold1", None),
        ("model evaluation", None),
        ("protest", None),
    ],
)
def test_a_part_is_known_among_other_words(word, part):
    assert part_of(word) == part


@pytest.mark.parametrize(
    "place", ["{part}_images/{kind}/{n}.jpg", "0_{part}/{kind}/{n}.jpg", "{kind}/{part}_images/{n}.jpg"]
)
def test_folders_of_parts_divide_the_pictures(place, tmp_path):
    parts = ("train", "train", "test")
    pictures(tmp_path, [place.format(part=parts[n % 3], kind=KINDS[n % 2], n=n) for n in range(24)])
    assert {name: len(table) for name, table in look(tmp_path).sets.items()} == {"train": 16, "test": 8}


def test_tables_of_parts_divide_the_pictures(tmp_path):
    pictures(tmp_path, [f"img{n}.jpg" for n in range(20)])
    rows = [f"img{n},{KINDS[n % 2]}" for n in range(20)]
    write(tmp_path, "train_labels.csv", "image,dx", *rows[:14])
    write(tmp_path, "test_labels.csv", "image,dx", *rows[14:])
    found = look(tmp_path)
    assert {name: len(table) for name, table in found.sets.items()} == {"train": 14, "test": 6}
    assert "test_labels.csv: 6 rows, image from 'image', diagnosis from column 'dx', all in the test part" in told(
        found
    )


@pytest.mark.parametrize(
    ("name", "yes", "no"), [("is_test", "1", "0"), ("test", "True", "False"), ("is_train", "0", "1")]
)
def test_a_column_of_yes_and_no_divides_the_pictures(name, yes, no, tmp_path):
    pictures(tmp_path, [f"img{n}.jpg" for n in range(20)])
    rows = (f"img{n},{KINDS[n % 2]},{yes if n % 4 > 1 else no}" for n in range(20))
    write(tmp_path, "t.csv", f"image,dx,{name}", *rows)
    assert {part: len(table) for part, table in look(tmp_path).sets.items()} == {"train": 10, "test": 10}


def test_a_test_that_patients_took_divides_nothing(tmp_path):
    pictures(tmp_path, [f"img{n}.jpg" for n in range(20)])
    write(tmp_path, "t.csv", "image,dx,patch_test", *(f"img{n},{KINDS[n % 2]},{n % 2}" for n in range(20)))
    assert list(look(tmp_path).sets) == ["train"]


def test_folds_that_are_not_taken_are_told(tmp_path):
    pictures(tmp_path, [f"img{n}.jpg" for n in range(20)])
    write(tmp_path, "t.csv", "image,dx,fold", *(f"img{n},{KINDS[n % 2]},{n % 5}" for n in range(20)))
    assert "column 'fold' ('0', '1', '2', '3', …) is a division that is not understood" in told(look(tmp_path))
