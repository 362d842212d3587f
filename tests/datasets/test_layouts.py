"""Releases in the layouts that people have: nested folders, the competition's names, all images in one folder."""

import shutil

import datasets
from datasets.base.manifest import DataRef
from tests.datasets import releases


def load(name, root):
    return datasets.load(DataRef(source=name, root=str(root), allow_missing=True))


def same_but_paths(one, other):
    return one.table.drop(columns="path").equals(other.table.drop(columns="path"))


def move(root, *names):
    """Every file of these names or patterns into a folder of its own name, as archive programs unpack."""
    for name in names:
        for path in list(root.glob(name)):
            into = root / "data" / path.name.partition(".")[0] / path.name
            into.parent.mkdir(parents=True)
            shutil.move(path, into)


def test_isic_2019_nested_as_the_competition_unpacks_it(tmp_path):
    official = load("isic2019", releases.isic2019(tmp_path))
    move(tmp_path, "*.csv", "ISIC_2019_Training_Input")
    nested = load("isic2019", tmp_path)
    assert same_but_paths(nested, official)
    assert nested.table["path"].str.startswith("data/ISIC_2019_Training_Input/ISIC_2019_Training_Input/").all()


def test_isic_2019_prefers_the_official_folder_to_resized_copies(tmp_path):
    official = load("isic2019", releases.isic2019(tmp_path))
    shutil.copytree(tmp_path / "ISIC_2019_Training_Input", tmp_path / "224px")
    assert load("isic2019", tmp_path).digest == official.digest


def test_downsampled_may_be_left_off_in_the_table_or_on_disk(tmp_path):
    official = load("isic2019", releases.isic2019(tmp_path / "official"))
    disk = releases.isic2019(tmp_path / "disk")
    name = "ISIC_0000002_downsampled"
    (disk / "ISIC_2019_Training_Input" / f"{name}.jpg").rename(disk / "ISIC_2019_Training_Input" / "ISIC_0000002.jpg")
    assert same_but_paths(load("isic2019", disk), official)
    table = releases.isic2019(tmp_path / "table")
    for csv in table.glob("*.csv"):
        csv.write_text(csv.read_text().replace("_downsampled", ""))
    found = load("isic2019", table).table.set_index("image_id")
    assert found.at["ISIC_0000002", "path"] == f"ISIC_2019_Training_Input/{name}.jpg"


def test_isic_2020_as_the_competition_gave_it(tmp_path):
    official = load("isic2020", releases.isic2020(tmp_path))
    (tmp_path / "ISIC_2020_Training_GroundTruth.csv").rename(tmp_path / "train.csv")
    (tmp_path / "jpeg").mkdir()
    (tmp_path / "train").rename(tmp_path / "jpeg" / "train")
    competition = load("isic2020", tmp_path)
    assert same_but_paths(competition, official)
    assert competition.table["path"].iloc[0] == "jpeg/train/ISIC_1.jpg"
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "ISIC_2020_Training_Duplicates.csv").write_text("image_name_1,image_name_2\nISIC_3,ISIC_4")
    assert list(load("isic2020", tmp_path).table["label"]) == [1, 0, 0, -1, 0]


def test_pad_ufes_20_flat(tmp_path):
    official = load("pad_ufes_20", releases.pad_ufes_20(tmp_path))
    for path in list(tmp_path.rglob("*.png")):
        path.rename(tmp_path / path.name)
    flat = load("pad_ufes_20", tmp_path)
    assert same_but_paths(flat, official)
    assert "/" not in "".join(flat.table["path"])


def test_derm7pt_in_the_folder_of_its_archive(tmp_path):
    official = load("derm7pt_clinical", releases.derm7pt(tmp_path))
    (tmp_path / "release_v0").mkdir()
    for name in ("meta", "images"):
        (tmp_path / name).rename(tmp_path / "release_v0" / name)
    nested = load("derm7pt_clinical", tmp_path)
    assert same_but_paths(nested, official)
    assert nested.table["path"].str.startswith("release_v0/images/NEL/").all()
