"""Which column is the diagnosis, among those of relatives, models, suspicions and findings."""

import pytest

from datasets.base.errors import DataError
from tests.datasets.inspect.drawn import column, look, pictures, told, write

TRUTH = ("melanoma", "nevus", "nevus", "bcc") * 3


def table(root, **columns):
    """A table with a row for each of twelve pictures."""
    pictures(root, [f"img{number}.jpg" for number in range(12)])
    rows = zip(*columns.values(), strict=True)
    write(root, "t.csv", ",".join(["image", *columns]), *(f"img{n}," + ",".join(row) for n, row in enumerate(rows)))


def is_truth(found):
    return column(found, "diagnosis") == {f"img{number}.jpg": word for number, word in enumerate(TRUTH)}


OTHERS = ("melanoma", "nevus", "bcc", "seborrheic keratosis") * 3


@pytest.mark.parametrize("name", ["family_history", "model_prediction", "pred_label", "ai_diagnosis"])
def test_what_a_relative_had_or_a_model_said_is_no_diagnosis(name, tmp_path):
    table(tmp_path, **{name: OTHERS, "lesion_kind": TRUTH})
    found = look(tmp_path)
    assert is_truth(found)
    assert f"t.csv: column '{name}' also holds diagnoses, by its name those of a relative" in told(found)


@pytest.mark.parametrize(
    ("worse", "better"),
    [("clinical_diagnosis", "histology"), ("diagnosis", "path_dx"), ("suspected", "result"), ("previous_dx", "dx")],
)
def test_a_reference_counts_before_a_diagnosis_before_a_suspicion(worse, better, tmp_path):
    table(tmp_path, **{worse: OTHERS, better: TRUTH})
    found = look(tmp_path)
    assert is_truth(found)
    assert f"column '{worse}' also holds diagnoses, not taken (they differ in 6 rows)" in told(found)


def test_a_models_flag_does_not_fill_what_the_diagnosis_leaves_open(tmp_path):
    table(tmp_path, ai_flag=("malignant", "benign") * 6, diagnosis=(*TRUTH[:8], *["unknown"] * 4))
    assert len(look(tmp_path).sets["train"]) == 8


@pytest.mark.parametrize("findings", [("scar", "vascular"), ("psoriasis", "melanoma")])
def test_findings_with_yes_and_no_are_not_the_diagnosis(findings, tmp_path):
    table(tmp_path, **{findings[0]: ("0", "1") * 6, findings[1]: ("1", "0") * 6, "diagnosis": TRUTH})
    found = look(tmp_path)
    assert is_truth(found)
    assert f"the marks in '{findings[0]}', '{findings[1]}' are not taken" in told(found)


def test_columns_of_which_most_rows_have_none_or_several_are_no_marks(tmp_path):
    table(tmp_path, psoriasis=("1", *["0"] * 11), melanoma=("0", "1", *["0"] * 10))
    with pytest.raises(DataError, match=r"no table says one[^$]*the marks in 'psoriasis', 'melanoma' are not taken"):
        look(tmp_path)


def test_a_flag_beside_coded_histology_is_asked_about(tmp_path):
    table(tmp_path, histo_code=("1", "2") * 6, melanoma=("0", "0", "1", "1") * 3)
    with pytest.raises(DataError, match=r"make no two: '1' \(6\), '2' \(6\)"):
        look(tmp_path)


@pytest.mark.parametrize(("yes", "no"), [("True", "False"), ("TRUE", "FALSE"), ("yes", "no"), ("1.0", "0.0")])
def test_marks_may_be_written_as_any_yes_and_no(yes, no, tmp_path):
    table(tmp_path, **{kind: [yes if word == kind else no for word in TRUTH] for kind in ("melanoma", "nevus", "bcc")})
    assert is_truth(look(tmp_path))


@pytest.mark.parametrize(("yes", "no"), [("TRUE", "FALSE"), ("yes", "no"), ("ja", "nein")])
def test_one_column_of_yes_and_no_is_a_class_and_its_opposite(yes, no, tmp_path):
    table(tmp_path, malignant=[yes if word == "melanoma" else no for word in TRUTH])
    assert look(tmp_path).classes.counts == {"benign": 9, "malignant": 3}


def test_the_more_special_of_two_columns_that_agree_is_taken(tmp_path):
    general = ["malignant" if word in ("melanoma", "bcc") else "benign" for word in TRUTH]
    table(tmp_path, diagnosis=general, subtype=["" if word == "bcc" else word for word in TRUTH])
    assert set(column(look(tmp_path), "diagnosis").values()) == {"melanoma", "nevus", "malignant"}


def test_a_question_mark_is_a_doubt(tmp_path):
    table(tmp_path, diagnosis=("Melanoma", "Melanoma?", "Nevus", "nevus (?)") * 3)
    found = look(tmp_path)
    assert found.classes.counts == {"benign": 3, "melanoma": 3, "left out": 6}
    assert {(unsure.word, unsure.suggestion) for unsure in found.classes.unsure} == {
        ("Melanoma?", "melanoma"),
        ("nevus (?)", "nevus"),
    }


def test_a_suspicion_alone_is_taken_and_told(tmp_path):
    table(tmp_path, clinical_diagnosis=TRUTH)
    found = look(tmp_path)
    assert is_truth(found)
    assert "column 'clinical_diagnosis' is by its name a suspicion" in told(found)
