"""Whom pictures are of: one patient on two sides of a split is no test."""

import pandas as pd
import pytest

from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, Manifest
from datasets.inspect.cell_values import ids
from datasets.inspect.roles import find
from datasets.splits.make import make_split
from datasets.splits.split import Scheme
from tests.datasets.inspect.drawn import column, look, pictures, told, write

CODES = [f"P{number // 2}" for number in range(12)]


def frame(**columns):
    return pd.DataFrame(columns, dtype=object)


def table(root, **columns):
    pictures(root, [f"img{number}.jpg" for number in range(12)])
    rows = zip(*columns.values(), ("melanoma", "nevus") * 6, strict=True)
    head = ",".join(["image", *columns, "dx"])
    write(root, "t.csv", head, *(f"img{number}," + ",".join(row) for number, row in enumerate(rows)))


@pytest.mark.parametrize(
    "name",
    [
        "Patienten-ID", "Patientennummer", "Pat.-Nr.", "MRN", "case_id", "患者编号", "PatientIn", "Fallnummer",
        "patients", "patient_nr", "PATIENTID", "StudyID", "patient_code", "subject", "Proband", "paciente", "病人ID",
    ],
)  # fmt: skip
def test_patients_are_known_under_their_usual_names(name):
    assert find(frame(**{name: CODES})).columns == {"patient_id": name}


@pytest.mark.parametrize("name", ["lesion_id", "Läsions-Nr", "lesion", "LesionID", "lésion"])
def test_lesions_are_known_under_their_usual_names(name):
    assert find(frame(**{name: CODES})).columns == {"lesion_id": name}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("patient_consent", ["yes", "no"] * 6),
        ("lesion_present", ["True", "False"] * 6),
        ("patient_ethnicity", ["w", "b", "a"] * 4),
        ("patient_weight", ["70", "71"] * 6),
        ("patient_group", ["G1", "G2"] * 6),
        ("lesion_stage", ["pT1a", "pT2b", "pT3a"] * 4),
        ("study_id", ["S1"] * 12),
        ("patient", ["0", "1"] * 6),
        ("lesion", ["melanoma", "nevus"] * 6),
    ],
)
def test_what_is_told_about_a_patient_or_lesion_is_no_id(name, values):
    assert find(frame(**{name: values})).columns == {}
    assert find(frame(**{name: values, "patient_id": CODES, "lesion_id": CODES})).columns == {
        "patient_id": "patient_id",
        "lesion_id": "lesion_id",
    }


def test_the_age_of_a_lesion_is_not_the_patients():
    assert find(frame(lesion_age=["2"] * 12, age_at_visit=["51"] * 12, age=["50"] * 12)).columns == {"age": "age"}
    assert find(frame(age_of_onset=["2"] * 12)).columns == {}


def test_words_for_unknown_are_no_ids():
    cells = ["unbekannt", "-", "?", "unk", "keine Angabe", "inconnu", "desconocido", "missing", "not available", "P1"]
    assert ids(pd.Series(cells, dtype=object)).tolist() == [None] * 9 + ["P1"]


def test_one_id_of_very_many_pictures_is_told(tmp_path):
    table(tmp_path, patient_id=["X"] * 11 + ["P1"])
    assert "11 of 12 pictures are of one patient, 'X': they all stay on one side" in told(look(tmp_path))


def test_a_column_that_repeats_ids_and_is_not_taken_is_told(tmp_path):
    table(tmp_path, Akte=[f"K{number // 2:04}" for number in range(12)])
    assert "column 'Akte' repeats what looks like ids (6 in 12 rows) and is not taken. If it is" in told(look(tmp_path))


@pytest.mark.parametrize("place", ["{kind}/P{patient:03}/{n}.jpg", "Patient_{patient}/{kind}/{n}.jpg"])
def test_folders_of_patients_are_patients_and_told(place, tmp_path):
    kinds = ("melanoma", "nevus")
    pictures(tmp_path, [place.format(kind=kinds[n % 2], patient=n // 4, n=n) for n in range(12)])
    found = look(tmp_path)
    assert len(set(column(found, "patient_id").values())) == 3
    assert set(column(found, "diagnosis").values()) == set(kinds)
    assert "are taken for patients (3)" in told(found)


def test_other_folders_are_named(tmp_path):
    pictures(tmp_path, [f"fold{n % 3}/{('melanoma', 'nevus')[n % 2]}/{n}.jpg" for n in range(12)])
    found = look(tmp_path)
    assert "folders 'fold0', 'fold1', 'fold2' are neither a diagnosis nor train, validation or test" in told(found)
    assert set(column(found, "patient_id").values()) == {None}


def test_a_split_that_cannot_be_says_how_many_groups_there_are():
    rows = pd.DataFrame({"image_id": [str(n) for n in range(12)], "label": [0, 1] * 6, "patient_id": ["a", "b"] * 6})
    images = Manifest(name="mine", root=None, table=rows.reindex(columns=COLUMNS), classes=("no", "yes"))
    with pytest.raises(DataError, match="The 12 images make 2 groups that stay together"):
        make_split(images, Scheme(), index=0, fraction=1.0)
