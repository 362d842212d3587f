"""Tables and folders that contradict each other about a picture."""

import pytest

from datasets.inspect.diagnosis_agreement import settle
from tests.datasets.inspect.drawn import column, look, pictures, told, write

KINDS = ("melanoma", "nevus")


def flat(root):
    pictures(root, [f"img{number}.jpg" for number in range(12)])


def test_a_table_and_a_folder_that_differ_are_told_by_what_they_mean(tmp_path):
    pictures(tmp_path, [f"{KINDS[number % 2]}/img{number}.jpg" for number in range(12)])
    words = ("MEL", "naevus", "nevus", "benign")  # the third of four is not what its folder says
    write(tmp_path, "t.csv", "image,dx", *(f"img{number},{words[number % 4]}" for number in range(10)))
    found = look(tmp_path)
    assert (
        "2 pictures lie in a folder of another diagnosis than their table says (the first: melanoma/img2.jpg"
        in told(found)
    )
    assert "2 pictures without a diagnosis in a table have that of their folder" in told(found)
    assert len(column(found, "diagnosis")) == 12


def test_tables_that_contradict_each_other_give_no_diagnosis(tmp_path):
    flat(tmp_path)
    write(tmp_path, "labels.csv", "image,dx", *(f"img{number},{KINDS[number % 2]}" for number in range(12)))
    write(tmp_path, "corrections.csv", "image,dx", "img0,NAEVUS", "img1,Nevus", "img2,Melanom")
    found = look(tmp_path)
    assert set(column(found, "diagnosis")) == {f"img{number}.jpg" for number in range(1, 12)}
    assert (
        "labels.csv and corrections.csv disagree about 1 pictures, so these have no diagnosis (the first: img0.jpg: "
        "'melanoma' and 'NAEVUS'). Take the table that is wrong out of the folder." in told(found)
    )


def test_a_table_of_predictions_does_not_contradict(tmp_path):
    flat(tmp_path)
    write(tmp_path, "submission.csv", "image,MEL,NV", *(f"img{number},0,1" for number in range(12)))
    write(tmp_path, "truth.csv", "image,dx", *(f"img{number},{KINDS[number % 2]}" for number in range(10)))
    found = look(tmp_path)
    assert column(found, "diagnosis") == {f"img{number}.jpg": KINDS[number % 2] for number in range(10)}
    assert "submission.csv: by the name these are predictions; their diagnoses are not taken" in told(found)


def test_a_general_word_and_a_special_one_agree(tmp_path):
    flat(tmp_path)
    write(
        tmp_path, "a.csv", "image,dx", *(f"img{number},{('malignant', 'benign')[number % 2]}" for number in range(12))
    )
    write(tmp_path, "b.csv", "image,dx", *(f"img{number},{KINDS[number % 2]}" for number in range(12)))
    assert column(look(tmp_path), "diagnosis") == {f"img{number}.jpg": KINDS[number % 2] for number in range(12)}


def test_of_several_rows_of_a_picture_those_that_say_something_count(tmp_path):
    flat(tmp_path)
    rows = [f"img{number}," for number in range(12)]
    rows += [f"img{number},{KINDS[number % 2]}" for number in range(12)]
    rows += [f"img{number},{('Melanom', 'NEVUS')[number % 2]}" for number in range(12)]
    write(tmp_path, "t.csv", "image,dx", *rows)
    assert column(look(tmp_path), "diagnosis") == {f"img{number}.jpg": KINDS[number % 2] for number in range(12)}


@pytest.mark.parametrize(
    ("words", "together"),
    [
        (("nevus", "Naevus"), "nevus"),
        (("benign", "nevus"), "nevus"),
        (("unknown", "nevus"), "nevus"),
        (("0", "melanoma"), "melanoma"),
        (("nevus, mild atypia", "nevus"), "nevus"),
        (("melanoma?", "nevus"), None),
        (("other", "melanoma"), None),
        (("lentigo", "melanoma"), None),
        (("malignant", "nevus"), None),
        (("0", "1"), None),
        (("odd", "Odd "), "odd"),
    ],
)
def test_what_two_statements_say_together(words, together):
    assert settle(words) == together


def test_tables_that_name_other_patients_are_told(tmp_path):
    flat(tmp_path)
    rows = (f"img{number},{KINDS[number % 2]},P{number // 2}" for number in range(12))
    write(tmp_path, "a.csv", "image,dx,patient", *rows)
    write(tmp_path, "b.csv", "image,patient", "img0,P0", "img1,P7")
    found = look(tmp_path)
    assert column(found, "patient_id")["img1.jpg"] == "P0"
    assert "b.csv: 1 pictures have another patient than in a larger table, which counts (the first: img1" in told(found)
