"""Folders and tables as people have them: what is understood, what is asked, what is left out."""

import pandas as pd
import pytest

from datasets.base.errors import DataError
from datasets.inspect import inspect
from datasets.inspect.cell_values import sexes
from datasets.inspect.folders import part_of
from tests.datasets import releases
from tests.datasets.releases import picture


def pictures(root, names):
    for number, name in enumerate(names):
        picture(root / name, number)


def look(root, **answers):
    return inspect(str(root), answers)


def labelled(found, part="train"):
    return dict(found.sets[part][["path", "diagnosis"]].to_numpy())


@pytest.mark.parametrize(
    "name", ["isic2019", "isic2020", "pad_ufes_20", "ham10000", "isic2018", "isic_archive", "fitzpatrick17k", "ddi"]
)
def test_public_releases_are_recognised(name, tmp_path):
    found = look(releases.WRITERS[name](tmp_path))
    assert [release.source for release in found.releases] == [name]
    assert found.releases[0].task == "melanoma"
    assert min(found.releases[0].counts.values()) > 0
    assert found.releases[0].partial == (name not in ("isic_archive", "ddi"))  # those without counts of a release


def test_several_releases_in_one_folder_each_have_their_own_root(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    releases.isic2019(tmp_path / "one")
    releases.pad_ufes_20(tmp_path / "two")
    found = look(tmp_path)
    assert [(each.source, each.root) for each in found.releases] == [
        ("isic2019", str(tmp_path / "one")),
        ("pad_ufes_20", str(tmp_path / "two")),
    ]


def test_folders_in_the_owners_spelling(tmp_path):
    kinds = ("Melanom", "Nävus ", "Seb. Keratosis", "BCC", "Lentgo")
    pictures(tmp_path, [f"{word}/img {number}.JPG" for word in kinds for number in range(10)])
    (tmp_path / "BCC" / "._img 0.JPG").write_bytes(b"\0\5\x16\7")
    found = look(tmp_path)
    task = found.classes.tasks["melanoma"]
    assert found.classes.chosen == "melanoma"
    assert task["classes"] == {"benign": ["Nävus", "Seb. Keratosis"], "melanoma": ["Melanom"]}
    assert task["left_out"] == ["BCC", "Lentgo"]
    assert found.classes.counts == {"benign": 20, "melanoma": 10, "left out": 20}
    assert [(unsure.word, unsure.images) for unsure in found.classes.unsure] == [("Lentgo", 10)]
    assert "50 pictures in 5 folders" in found.said
    assert look(tmp_path, Lentgo="solar lentigo").classes.counts == {"benign": 30, "melanoma": 10, "left out": 10}
    assert look(tmp_path, Lentgo="left out").classes.unsure == ()


def test_folders_above_the_diagnosis_do_not_matter(tmp_path):
    names = [f"{word}/2019/{camera}/{number}.png" for word in ("mel", "nv") for camera in "ab" for number in range(2)]
    pictures(tmp_path, [f"clinic/{name}" for name in names])
    assert set(labelled(look(tmp_path)).values()) == {"mel", "nv"}


def test_train_and_test_folders_are_what_they_are(tmp_path):
    parts, kinds = ("train", "valid", "Test"), ("Benign", "Malignant")
    pictures(tmp_path, [f"{part}/{word}/{n} (1).JPG" for part in parts for word in kinds for n in range(3)])
    found = look(tmp_path)
    assert found.classes.chosen == "malignancy"
    assert {part: len(table) for part, table in found.sets.items()} == {"train": 12, "test": 6}
    assert all(path.startswith("Test/") for path in labelled(found, "test"))
    ids = [name for table in found.sets.values() for name in table["image_id"]]
    assert len(set(ids)) == 18  # a name that is in two folders is not one image
    assert any("each replicate draws its own" in each for each in found.left_out)


def test_a_test_folder_that_shares_patients_is_not_kept(tmp_path):
    pictures(tmp_path, [f"{part}/{number}.jpg" for part in ("train", "test") for number in range(4)])
    rows = [f"{part}/{number}.jpg;P{number % 2};{'mel' if number % 2 else 'nv'}" for part in ("train", "test")
            for number in range(4)]  # fmt: skip
    (tmp_path / "list.csv").write_text("\n".join(["file;Patient-ID;dx", *rows]))
    found = look(tmp_path)
    assert list(found.sets) == ["train"]
    assert any(
        "2 lesions or patients are in it and in the others: all are split anew" in each for each in found.left_out
    )


def test_a_test_part_without_labels_is_left_out(tmp_path):
    pictures(tmp_path, [f"{part}/{number}.jpg" for part in ("train", "test") for number in range(4)])
    (tmp_path / "train.csv").write_text(
        "\n".join(["image,target", "0,0", "1,1", "2,0", "3,1"]).replace("target", "melanoma")
    )
    with pytest.raises(DataError, match="no folder and no table says one"):
        look(tmp_path)  # "0" is the name of two pictures
    for number in range(4):
        (tmp_path / "test" / f"{number}.jpg").rename(tmp_path / "test" / f"t{number}.jpg")
    found = look(tmp_path)
    assert labelled(found) == {f"train/{n}.jpg": "melanoma" if n % 2 else "not melanoma" for n in range(4)}
    assert found.classes.chosen == "melanoma_vs_all"
    assert "4 pictures have no diagnosis (4 in test)." in found.left_out


def test_a_german_table_with_semicolons_and_subfolders(tmp_path):
    pictures(tmp_path, ["A/IMG_1.JPG", "A/IMG_2.jpg", "B/img_3.jpeg", "B/img_4.jpg"])
    rows = [
        "Bildname;Befund;Patient;Läsion;Alter;Geschlecht;Lokalisation;Fitzpatrick",
        "img_1;Malignes Melanom;P1;1;45;w;Rücken;II",
        "img_2;Nävus;P1;2;45;w;Arm;2",
        "img_3;NZN;P2;1;999;m;;Typ III",
        "img_5;Basaliom;P3;1;30;d;;",
    ]
    (tmp_path / "Liste.csv").write_bytes("\n".join(rows).encode("cp1252"))
    found = look(tmp_path)
    table = found.sets["train"].set_index("path")
    assert table["diagnosis"].to_dict() == {
        "A/IMG_1.JPG": "Malignes Melanom",
        "A/IMG_2.jpg": "Nävus",
        "B/img_3.jpeg": "NZN",
    }
    assert list(table["lesion_id"]) == ["P1_1", "P1_2", "P2_1"]  # numbers begin anew with every patient
    assert list(table["sex"]) == ["female", "female", "male"]
    assert table["age"].tolist()[:2] == [45, 45]
    assert table["age"].isna().iloc[2]
    assert list(table["skin_tone"]) == ["II", "II", "III"]
    said = " ".join(found.left_out)
    assert "1 rows name pictures that are not here (the first: img_5)" in said
    assert "1 pictures are in no table (the first: B/img_4.jpg)." in found.careful
    assert "1 values of 'Alter' are no age (such as '999')" in said
    assert "1 values of 'Geschlecht' are no sex (such as 'd')" in said


def test_paths_of_another_machine_and_marks_in_columns(tmp_path):
    pictures(tmp_path, ["images/a.jpg", "images/b.jpg", "images/c.jpg"])
    rows = ["file,MEL,NV,BCC", r"C:\data\images\a.jpg,1.0,0.0,0.0", r"C:\data\images\b.jpg,0,1,0", r"D:\c.jpg,0,0,1"]
    (tmp_path / "truth.csv").write_text("\n".join(rows))
    assert labelled(look(tmp_path)) == {"images/a.jpg": "MEL", "images/b.jpg": "NV", "images/c.jpg": "BCC"}


def test_two_tables_about_the_same_pictures_are_joined_and_conflicts_told(tmp_path):
    pictures(tmp_path, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
    (tmp_path / "labels.csv").write_text("image,label\na,melanoma\nb,nevus\nc,nevus\nc,melanoma\nd,nevus")
    (tmp_path / "more.tsv").write_text("name\tlesion_id\tdiagnosis\na.jpg\tL1\tmelanoma\nb.jpg\tL2\tbcc\nd.jpg\tL3\t")
    found = look(tmp_path)
    table = found.sets["train"]
    assert table[["path", "diagnosis", "lesion_id"]].to_numpy().tolist() == [
        ["a.jpg", "melanoma", "L1"],
        ["d.jpg", "nevus", "L3"],
    ]
    said = " ".join(found.left_out)
    assert "1 pictures have two diagnoses, so none (the first: c.jpg)" in said
    assert (
        "labels.csv and more.tsv disagree about 1 pictures, so these have no diagnosis (the first: b.jpg: 'nevus' and "
        "'bcc')" in said
    )


def test_numbers_are_asked_about_not_guessed(tmp_path):
    pictures(tmp_path, [f"{number}.jpg" for number in range(6)])
    (tmp_path / "labels.csv").write_text("\n".join(["id,label", *(f"{number},{number % 3}" for number in range(6))]))
    with pytest.raises(DataError, match=r"make no two: '0' \(2\), '1' \(2\), '2' \(2\). Say what they mean"):
        look(tmp_path)
    found = look(tmp_path, **{"0": "benign", "1": "melanoma"})
    assert found.classes.counts == {"benign": 2, "melanoma": 2, "left out": 2}
    assert [unsure.word for unsure in found.classes.unsure] == ["2"]
    with pytest.raises(DataError, match="explains a diagnosis that is there, got '7'"):
        look(tmp_path, **{"7": "benign"})
    with pytest.raises(DataError, match=r"says a usual diagnosis .* got 'grue' for '0'"):
        look(tmp_path, **{"0": "grue"})


def test_a_column_that_does_not_know_is_completed_by_one_that_does(tmp_path):
    pictures(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])
    rows = ["image,benign_malignant,diagnosis,diagnosis_confirm_type", "a,malignant,melanoma,histopathology"]
    (tmp_path / "t.csv").write_text("\n".join([*rows, "b,benign,unknown,", "c,benign,nevus,"]))
    assert labelled(look(tmp_path)) == {"a.jpg": "melanoma", "b.jpg": "benign", "c.jpg": "nevus"}


def test_pictures_without_any_diagnosis_are_said(tmp_path):
    pictures(tmp_path, ["a.jpg", "b.jpg"])
    with pytest.raises(
        DataError, match=r"no folder and no table says one\. Sort the pictures into a folder a diagnosis"
    ):
        look(tmp_path)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("hfhf", ["male", "female", "male", "female"]),
        ("hmhm", ["male", "female", "male", "female"]),  # hombre, mujer
        ("hmfh", ["male", None, "female", "male"]),
        ("mfmf", ["male", "female", "male", "female"]),
    ],
)
def test_one_letter_for_a_sex_is_read_by_the_letters_beside_it(cells, expected):
    assert sexes(pd.Series(list(cells), dtype=object)).tolist() == expected


def test_an_empty_folder_is_said(tmp_path):
    (tmp_path / "archive.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"none is below .* unpack archives"):
        look(tmp_path)


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("Training", "train"),
        ("VALIDIERUNG", "validation"),
        ("Validación", "validation"),
        ("Hold-out", "test"),
        ("Nävus", None),
    ],
)
def test_folders_of_parts_are_known_in_several_languages(word, part):
    assert part_of(word) == part
