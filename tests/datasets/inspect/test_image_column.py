"""Which column names the pictures: a wrong one shifts every label."""

import pytest

from datasets.base.errors import DataError
from tests.datasets.inspect.drawn import column, look, pictures, told, write

WORDS = ("melanoma", "nevus")


def dx(number):
    return WORDS[number % 2]


@pytest.mark.parametrize("ending", ["", ".jpg"])
def test_the_row_numbers_of_an_export_are_no_names(ending, tmp_path):
    pictures(tmp_path, [f"{number}.jpg" for number in range(21, 41)])
    write(tmp_path, "t.csv", ",image,dx", *(f"{number - 1},{number}{ending},{dx(number)}" for number in range(1, 61)))
    assert column(look(tmp_path), "diagnosis") == {f"{number}.jpg": dx(number) for number in range(21, 41)}


def test_a_patients_number_is_no_name_of_a_picture(tmp_path):
    pictures(tmp_path, [f"{number}.jpg" for number in range(1, 21)])
    write(tmp_path, "t.csv", "patient,nr,dx", *(f"{21 - number},{number},{dx(number)}" for number in range(1, 21)))
    found = look(tmp_path)
    assert column(found, "diagnosis") == {f"{number}.jpg": dx(number) for number in range(1, 21)}
    assert column(found, "patient_id")["1.jpg"] == "20"


def test_two_columns_that_could_both_name_the_pictures_are_an_error_with_a_way_out(tmp_path):
    pictures(tmp_path, [f"{number}.jpg" for number in range(1, 21)])
    write(tmp_path, "t.csv", "no,item,dx", *(f"{21 - number},{number},{dx(number)}" for number in range(1, 21)))
    with pytest.raises(DataError, match=r"'no' and 'item' name different ones .* Say it with --image-column 'no' or"):
        look(tmp_path)
    assert column(look(tmp_path, "item"), "diagnosis")["1.jpg"] == "nevus"
    assert column(look(tmp_path, "no"), "diagnosis")["1.jpg"] == "melanoma"
    write(tmp_path, "t.csv", "no,dx", *(f"{number},{dx(number)}" for number in range(1, 21)))
    with pytest.raises(DataError, match=r"--image-column names a column of a table that is there, got 'file'"):
        look(tmp_path, "file")


def test_a_list_of_codes_is_no_list_of_pictures(tmp_path):
    pictures(tmp_path, [f"{dx(number)}/{number}.jpg" for number in range(20)])
    write(tmp_path, "codes.csv", "code,diagnosis", "0,melanoma", "1,nevus", "2,bcc")
    assert column(look(tmp_path), "diagnosis") == {f"{dx(number)}/{number}.jpg": dx(number) for number in range(20)}


def test_a_row_about_another_folder_means_none_of_these_pictures(tmp_path):
    pictures(tmp_path, [f"A/{number}.jpg" for number in range(12)])
    rows = [f"B/{number}.jpg,{dx(number + 1)}" for number in range(12)]
    rows += [f"A/{number}.jpg,{dx(number)}" for number in range(2, 12)]
    write(tmp_path, "t.csv", "file,dx", *rows)
    found = look(tmp_path)
    assert column(found, "diagnosis") == {f"A/{number}.jpg": dx(number) for number in range(2, 12)}
    assert "t.csv: 12 rows name pictures that are not here (the first: B/0.jpg)" in told(found)


def test_rows_that_end_at_one_picture_and_name_two_mean_none(tmp_path):
    pictures(tmp_path, [f"{number}.jpg" for number in range(12)])  # copied out of their folders
    rows = [f"{folder}/{number}.jpg,{dx(number)}" for folder in "AB" for number in range(2)]
    write(tmp_path, "t.csv", "file,dx", *rows, *(f"A/{number}.jpg,{dx(number)}" for number in range(2, 12)))
    found = look(tmp_path)
    assert column(found, "diagnosis") == {f"{number}.jpg": dx(number) for number in range(2, 12)}
    assert "4 rows have a name that several pictures or several rows share (the first: A/0.jpg)" in told(found)


def test_numbers_that_begin_anew_in_every_folder_are_read_with_the_folder_of_another_column(tmp_path):
    pictures(tmp_path, [f"P{patient}/{number}.jpg" for patient, most in ((1, 9), (2, 3)) for number in range(most)])
    rows = [f"P{patient},{number},{dx(patient + number)}" for patient in (8, 1, 2) for number in range(9)]
    write(tmp_path, "t.csv", "patient,image,dx", *rows)
    assert column(look(tmp_path), "diagnosis") == {
        f"P{patient}/{number}.jpg": dx(patient + number) for patient, most in ((1, 9), (2, 3)) for number in range(most)
    }


def test_a_path_of_another_machine_among_paths_from_here_is_read(tmp_path):
    pictures(tmp_path, [f"images/{number}.jpg" for number in range(12)])
    rows = [f"images/{number}.jpg,{dx(number)}" for number in range(11)]
    write(tmp_path, "t.csv", "file,dx", *rows, rf"C:\data\images\11.jpg,{dx(11)}")
    assert len(column(look(tmp_path), "diagnosis")) == 12


def test_any_column_of_numbers_is_not_taken_before_a_better_one_that_is_named_otherwise(tmp_path):
    pictures(tmp_path, [f"{number}.jpg" for number in range(1, 21)])
    rows = (f"{number},{number * 7 % 19},{dx(number)}" for number in range(1, 21))
    write(tmp_path, "t.csv", "patient,points,dx", *rows)
    with pytest.raises(DataError, match="'points' and 'patient' name different ones"):
        look(tmp_path)
