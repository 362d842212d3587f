"""Tables in the forms in which people keep them, and what is said where one is not understood."""

import unicodedata

import pytest

from datasets.base.errors import DataError
from datasets.labels.synonyms import meaning, nearest_meaning
from tests.datasets.inspect.drawn import column, look, pictures, told, write

KINDS = ("melanoma", "nevus")
ROWS = [f"img{n};{KINDS[n % 2]};{40 + n}" for n in range(12)]
TRUTH = {f"img{n}.jpg": KINDS[n % 2] for n in range(12)}


@pytest.mark.parametrize(
    "rows",
    [
        ["sep=;", "image;dx;age", *ROWS],
        [row.replace(";", "|") for row in ("image;dx;age", *ROWS)],
        ["image;dx;age", *(f"{row};" for row in ROWS)],
        ["image;dx;age;", *(f"{row};" for row in ROWS)],
    ],
)
def test_usual_forms_are_read(rows, tmp_path):
    pictures(tmp_path, TRUTH)
    write(tmp_path, "t.csv", *rows)
    found = look(tmp_path)
    assert column(found, "diagnosis") == TRUTH
    assert column(found, "age")["img1.jpg"] == 41


def test_a_table_that_cannot_be_read_is_told(tmp_path):
    pictures(tmp_path, TRUTH)
    write(tmp_path, "t.csv", "image,age,dx", *(f"img{n},45,5,{KINDS[n % 2]}" for n in range(12)))
    with pytest.raises(
        DataError, match=r"no table says one[^$]*t\.csv cannot be read as a table: rows have more cells"
    ):
        look(tmp_path)


def test_an_error_tells_what_was_understood(tmp_path):
    pictures(tmp_path, TRUTH)
    write(tmp_path, "t.csv", "image,sex", *(f"img{n},f" for n in range(12)), "img99,f")
    with pytest.raises(DataError) as error:
        look(tmp_path)
    assert "understood: t.csv: 13 rows, image from 'image', sex from 'sex'" in str(error.value)
    assert "left out: t.csv: 1 rows name pictures that are not here (the first: img99)" in str(error.value)


def test_accents_may_be_letters_of_their_own(tmp_path):
    pictures(tmp_path, [unicodedata.normalize("NFD", f"Läsion {n}.jpg") for n in range(12)])
    write(tmp_path, "t.csv", "image,dx", *(f"Läsion {n},{KINDS[n % 2]}" for n in range(12)))
    assert len(look(tmp_path).sets["train"]) == 12
    folders = [unicodedata.normalize("NFD", f"{('Melanom', 'Nävi', 'Knötchen')[n % 3]}/{n}.jpg") for n in range(12)]
    pictures(tmp_path / "folders", folders)
    assert look(tmp_path / "folders", Knötchen="nevus").classes.counts == {"benign": 8, "melanoma": 4}


def test_a_class_called_null_is_not_lost(tmp_path):
    pictures(tmp_path, [f"{('yes', 'no', 'null')[n % 3]}/{n}.jpg" for n in range(12)])
    found = look(tmp_path, yes="melanoma", no="benign", **{"class null": "benign"})
    assert found.classes.counts == {"benign": 8, "melanoma": 4}
    assert "a diagnosis 'null' is called 'class null' here" in told(found)


def test_a_column_that_is_there_but_not_understood_is_named(tmp_path):
    pictures(tmp_path, TRUTH)
    write(tmp_path, "t.csv", "image,dx,sex,age", *(f"img{n},{KINDS[n % 2]},{n % 2 + 1},40-45" for n in range(12)))
    said = told(look(tmp_path))
    assert "column 'sex' ('1', '2') is no sex: not taken" in said
    assert "column 'age' ('40-45') is no age: not taken" in said


def test_words_that_nobody_explained_come_with_what_they_resemble(tmp_path):
    pictures(tmp_path, [f"{('MEL_0', 'NV_1', 'x7')[n % 3]}/{n}.jpg" for n in range(12)])
    with pytest.raises(DataError, match="to be checked: --counts-as 'MEL_0=melanoma' --counts-as 'NV_1=nevus'"):
        look(tmp_path)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Nävi", "nevus"),
        ("Lunares", "nevus"),
        ("痣", "nevus"),
        ("Kératoses séborrhéiques", "seborrheic keratosis"),
        ("Seborrhoische Keratosen", "seborrheic keratosis"),
        ("Melanome", "melanoma"),
    ],
)
def test_plurals_are_understood(word, name):
    found = meaning(word)
    assert found is not None
    assert found.name == name


def test_a_denial_resembles_nothing():
    assert nearest_meaning("no evidence of melanoma") is None
