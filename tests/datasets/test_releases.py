"""The readers of real sources, on small copies of their layouts; every registered source is tested on registration."""

import shutil
from dataclasses import replace

import pytest

import datasets
from datasets import sources
from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, DataRef
from datasets.cache.reading import reader
from tests.datasets import releases

READ = [name for name in sources.names() if not name.startswith("synthetic")]


def load(name, root, **options):
    return datasets.load(DataRef(source=name, root=str(root), allow_missing=True, **options))


@pytest.mark.parametrize("name", READ)
def test_every_source_gives_the_columns_and_pictures_that_it_promises(name, tmp_path):
    manifest = load(name, releases.WRITERS[name](tmp_path))
    table = manifest.table
    assert tuple(table.columns) == COLUMNS
    assert table["image_id"].is_monotonic_increasing
    assert table["label"].dtype == "int64"
    assert table["age"].dtype == "float64"
    assert set(table["sex"].dropna()) <= {"male", "female"}
    assert set(table["modality"].dropna()) <= {"dermoscopic", "clinical"}
    assert manifest.classes == ("benign", "melanoma")
    read = reader(manifest)
    assert all(read(row).ndim == 3 for row in range(len(manifest)))
    assert load(name, tmp_path).digest == manifest.digest


@pytest.mark.parametrize("name", READ)
def test_every_source_can_be_remote(name, tmp_path):
    import fsspec

    (tmp_path / "local").mkdir()
    local = releases.WRITERS[name](tmp_path / "local")
    memory = fsspec.filesystem("memory")
    memory.put(str(local), f"/{name}", recursive=True)
    remote = load(name, f"memory://{name}")
    assert remote.table.equals(load(name, local).table)
    assert reader(remote)(0).ndim == 3
    memory.rm(f"/{name}", recursive=True)


@pytest.mark.parametrize("name", READ)
def test_a_missing_root_or_table_is_said(name, tmp_path):
    with pytest.raises(DataError, match="reads files, got no root"):
        datasets.load(DataRef(source=name))
    with pytest.raises(DataError, match=r"A root is a directory, got .*nowhere"):
        load(name, tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"Point the root at the folder|none of the 0"):
        load(name, tmp_path)


def test_a_partial_release_is_an_error_unless_accepted(tmp_path):
    releases.isic2019(tmp_path)
    (tmp_path / "ISIC_2019_Training_Input" / "ISIC_0000004.jpg").unlink()
    ref = DataRef(source="isic2019", root=str(tmp_path))
    with pytest.raises(DataError) as error:
        datasets.load(ref)
    assert "1 of 8 listed images are missing (the first: ISIC_0000004)" in str(error.value)
    assert "the tables list 8 images where the official release has 25331" in str(error.value)
    assert "1 of 4522 MEL" in str(error.value)
    assert "allow_missing: true" in str(error.value)
    manifest = load("isic2019", tmp_path)
    assert manifest.partial
    assert len(manifest) == 7
    assert "1 of 8 listed images are missing" in manifest.notes[-1]
    assert len(sources.catalogue(ref)) == 8
    shutil.rmtree(tmp_path / "ISIC_2019_Training_Input")
    with pytest.raises(DataError, match="none of the 8 that its tables list is below"):
        load("isic2019", tmp_path)


def test_a_whole_release_needs_no_permission(tmp_path, monkeypatch):
    releases.isic2019(tmp_path)
    names = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
    release = {"images": 8, "diagnoses": dict.fromkeys(names, 1)}
    rules = {**sources.SOURCES.get("isic2019").content, "release": release}
    monkeypatch.setitem(sources.SOURCES._entries, "isic2019", replace(sources.SOURCES.get("isic2019"), rules=rules))
    manifest = datasets.load(DataRef(source="isic2019", root=str(tmp_path)))
    assert not manifest.partial
    assert manifest.notes == ()


def test_isic_2019_in_detail(tmp_path):
    table = load("isic2019", releases.isic2019(tmp_path)).table.set_index("image_id")
    assert list(table["label"]) == [1, 0, -1, 0, 0, 0, 0, -1]
    assert table.at["ISIC_0000002_downsampled", "path"] == "ISIC_2019_Training_Input/ISIC_0000002_downsampled.jpg"
    assert table.at["ISIC_0000000", "lesion_id"] is None
    assert table.at["ISIC_0000001", "site"] is None
    assert table.at["ISIC_0000001", "lesion_id"] == "HAM_0000000"
    eight = load("isic2019", tmp_path, task="diagnosis8")
    assert eight.classes == ("NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "MEL")
    assert sorted(eight.table["label"]) == list(range(8))
    text = (tmp_path / "ISIC_2019_Training_GroundTruth.csv").read_text()
    (tmp_path / "ISIC_2019_Training_GroundTruth.csv").write_text(text.replace("1.0", "0.0", 1))
    with pytest.raises(DataError, match="each image has one diagnosis, but 'ISIC_0000000' has not"):
        load("isic2019", tmp_path)


def test_isic_2020_reads_its_revision_and_leaves_listed_copies_out(tmp_path):
    table = load("isic2020", releases.isic2020(tmp_path)).table
    assert list(table["label"]) == [1, 0, 0, 0, 0]
    assert table["lesion_id"].isna().all()
    releases.isic2020(tmp_path, "_v2")
    (tmp_path / "ISIC_2020_Training_Duplicates.csv").write_text(
        "image_name_1,image_name_2\nISIC_3,ISIC_4\nISIC_5,ISIC_4"
    )
    manifest = load("isic2020", tmp_path)
    assert list(manifest.table["label"]) == [1, 0, 0, -1, -1]
    assert manifest.table["lesion_id"].iloc[0] == "IL_0"
    assert any("2 images are left out as copies" in note for note in manifest.notes)
    text = (tmp_path / "ISIC_2020_Training_GroundTruth_v2.csv").read_text()
    (tmp_path / "ISIC_2020_Training_GroundTruth_v2.csv").write_text(text.replace("malignant,1", "benign,0"))
    with pytest.raises(DataError, match=r"what is malignant is a melanoma .* but 'ISIC_1' says otherwise"):
        load("isic2020", tmp_path)


@pytest.mark.parametrize("official", [False, True])
def test_isic_2024_in_both_layouts(official, tmp_path):
    manifest = load("isic2024", releases.isic2024(tmp_path, official))
    table = manifest.table
    assert list(table["diagnosis"]) == ["Melanoma", "Benign", "Malignant", "Indeterminate"]
    assert list(table["label"]) == [1, 0, -1, -1]
    assert list(table["lesion_id"]) == ["IL_1", None, "IL_2", "IL_3"]
    assert list(table["patient_id"]) == ["IP_1", "IP_1", "IP_2", "IP_2"]
    assert set(table["age"]) == {60.0}
    assert table["modality"].isna().all()  # a crop of a whole-body photograph is neither
    target = load("isic2024", tmp_path, task="malignancy").table["label"]
    assert list(target) == [1, 0, 1, 0]  # the competition's


def test_isic_2024_in_shards(tmp_path):
    import tarfile

    loose = load("isic2024", releases.isic2024(tmp_path))
    pixels = [reader(loose)(row) for row in range(len(loose))]
    with tarfile.open(tmp_path / "train-image.tar", "w") as shard:
        shard.add(tmp_path / "train-image" / "image", "image")
    shutil.rmtree(tmp_path / "train-image")
    inside = load("isic2024", tmp_path)
    assert inside.table["path"].iloc[0] == "train-image.tar/image/ISIC_1.jpg"
    assert all((reader(inside)(row) == pixels[row]).all() for row in range(len(inside)))


def test_milk10k_gives_both_images_of_a_lesion_its_diagnosis(tmp_path):
    table = load("milk10k", releases.milk10k(tmp_path)).table
    assert list(table["modality"]) == ["clinical", "dermoscopic"] * 3
    assert list(table["lesion_id"]) == ["IL_0", "IL_0", "IL_1", "IL_1", "IL_2", "IL_2"]
    assert list(table["label"]) == [1, 1, 0, 0, -1, -1]
    assert table["skin_tone"].isna().all()


def test_bcn20000_and_derm12345_in_detail(tmp_path):
    (tmp_path / "bcn").mkdir()
    table = load("bcn20000", releases.bcn20000(tmp_path / "bcn")).table
    assert list(table["image_id"]) == ["BCN_0000000001", "BCN_0000000002", "BCN_0000000003"]
    assert list(table["label"]) == [1, 0, -1]
    (tmp_path / "derm").mkdir()
    table = load("derm12345", releases.derm12345(tmp_path / "derm")).table
    assert list(table["label"]) == [1, 0, -1]
    assert list(table["patient_id"]) == ["P1", "P2", "P3"]


def test_the_count_of_a_collection_of_the_archive_is_known(tmp_path):
    releases.isic_archive(tmp_path)
    with pytest.raises(DataError, match="the tables list 5 images where the official release has 1616"):
        datasets.load(DataRef(source="hiba", root=str(tmp_path)))
    assert len(load("hiba", tmp_path)) == 5


def test_pad_ufes_20_keeps_lesions_of_two_patients_apart(tmp_path):
    table = load("pad_ufes_20", releases.pad_ufes_20(tmp_path)).table
    assert list(table["lesion_id"]) == ["PAT_1_7", "PAT_1_7", "PAT_2_7", "PAT_3_9"]
    assert list(table["label"]) == [1, 1, 0, -1]
    assert list(table["skin_tone"]) == ["II", "II", None, "VI"]
    assert list(table["sex"]) == ["female", "female", None, "male"]
    assert table["path"].iloc[1] == "images/imgs_part_2/PAT_1_7_101.png"


@pytest.mark.parametrize("separator", [",", ";"])
def test_derm7pt_pairs_both_sources_by_case(tmp_path, separator):
    releases.derm7pt(tmp_path, separator)
    derm, clinic = load("derm7pt_dermoscopic", tmp_path).table, load("derm7pt_clinical", tmp_path).table
    assert list(derm["label"]) == [-1, 0, 1]
    assert list(derm["image_id"]) == ["NEL/Nel026", "NEL/Nel030", "Nel/Nel028"]
    assert derm["path"].iloc[2] == "images/NEL/Nel028.jpg"  # found whatever the case of its letters
    assert list(clinic["image_id"]) == ["NEL/NEL025", "NEL/NEL027#2", "NEL/NEL027#3"]
    assert sorted(derm["lesion_id"]) == sorted(clinic["lesion_id"]) == ["1", "2", "3"]


def test_ham10000_leaves_akiec_out_and_reads_the_publishers_other_forms(tmp_path):
    table = load("ham10000", releases.ham10000(tmp_path)).table
    assert list(table["label"]) == [1, 1, 0, -1]
    assert list(table["lesion_id"]) == ["HAM_1", "HAM_1", "HAM_2", "HAM_3"]
    assert table.loc[2, ["sex", "site"]].tolist() == [None, None]
    metadata = tmp_path / "HAM10000_metadata.csv"
    (tmp_path / "HAM10000_metadata.tab").write_text(metadata.read_text().replace(",", "\t"))
    metadata.unlink()
    assert load("ham10000", tmp_path).table.equals(table)
    seven = load("ham10000", tmp_path, task="diagnosis7").table
    assert list(seven["label"]) == [6, 6, 0, 2]


def test_isic_2018_takes_lesions_from_their_own_table(tmp_path):
    table = load("isic2018", releases.isic2018(tmp_path)).table
    assert list(table["label"]) == [1, 0, -1]
    assert list(table["lesion_id"]) == ["HAM_1", "HAM_2", None]


def test_the_archive_counts_by_the_most_specific_word_that_the_rules_name(tmp_path):
    manifest = load("isic_archive", releases.isic_archive(tmp_path))
    table = manifest.table
    assert list(table["diagnosis"]) == [
        "Melanoma, NOS",
        "Nevus",
        "Benign",  # neither "Neurofibroma" nor its group stands in the rules
        "Malignant melanocytic proliferations (Melanoma)",
        None,
    ]
    assert list(table["label"]) == [1, 0, 0, 1, -1]
    assert list(table["modality"]) == ["dermoscopic", "clinical", None, "dermoscopic", "dermoscopic"]
    assert "1 images have no diagnosis and so no label." in manifest.notes
    assert list(load("isic_archive", tmp_path, task="malignancy").table["label"]) == [1, 0, 0, 1, -1]


def test_the_older_export_of_the_archive(tmp_path):
    table = load("isic_archive", releases.isic_archive(tmp_path, older=True)).table
    assert list(table["label"]) == [1, 0, 0, 1, -1]
    assert table["diagnosis"].iloc[2] == "benign"


def test_the_archive_says_a_word_that_it_cannot_place(tmp_path):
    releases.isic_archive(tmp_path)
    metadata = tmp_path / "metadata.csv"
    metadata.write_text(metadata.read_text().replace("Benign,Benign soft tissue proliferations - Neural", "Odd,"))
    with pytest.raises(DataError, match="what it counts as, got 'Neurofibroma'"):
        load("isic_archive", tmp_path)


def test_fitzpatrick17k_by_its_groups(tmp_path):
    manifest = load("fitzpatrick17k", releases.fitzpatrick17k(tmp_path))
    assert list(manifest.table["label"]) == [1, 0, -1, -1]
    assert list(manifest.table["skin_tone"]) == ["III", None, "VI", "VI"]
    assert any("1 images are left out: the authors' quality check" in note for note in manifest.notes)


def test_ddi_by_disease_or_by_malignancy(tmp_path):
    manifest = load("ddi", releases.ddi(tmp_path))
    assert list(manifest.table["diagnosis"]) == ["melanoma-in-situ", "malignant", "benign"]
    assert list(manifest.table["label"]) == [1, -1, 0]
    assert list(manifest.table["skin_tone"]) == ["V-VI", "I-II", "III-IV"]
    assert list(load("ddi", tmp_path, task="malignancy").table["label"]) == [1, 1, 0]


def test_a_folder_of_ones_own(tmp_path):
    manifest = load("folder", releases.folder(tmp_path))
    assert dict(manifest.table[["image_id", "label"]].to_numpy()) == {
        "loose": -1,
        "melanoma/1": 1,
        "nevus/1": 0,
        "nevus/deeper/2": 0,
    }
    assert "1 images have no diagnosis and so no label." in manifest.notes
    (tmp_path / "melanoma").rename(tmp_path / "Melanom")
    with pytest.raises(
        DataError, match=r"what it counts as, got 'Melanom'. Add it to .* rules.yaml in a root of yours"
    ):
        load("folder", tmp_path)
    (tmp_path / "rules.yaml").write_text(
        "tasks: {melanoma: {classes: {benign: [nevus], melanoma: [Melanom]}, left_out: []}}"
    )
    assert load("folder", tmp_path).table["label"].tolist() == [1, -1, 0, 0]
    (tmp_path / "rules.yaml").write_text("tasks: [melanoma]")
    with pytest.raises(DataError, match="rules have the form tasks"):
        load("folder", tmp_path)
    (tmp_path / "rules.yaml").write_text("tasks: {melanoma: {classes: {benign: [nevus], melanoma: [nevus]}}}")
    with pytest.raises(DataError, match=r"sorts each diagnosis once, .* got 'nevus' twice"):
        load("folder", tmp_path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a/1.jpg,3,P2,melanoma,50,other,,", "A sex is male, female or empty, got 'other'"),
        ("a/1.jpg,3,P2,melanoma,500,male,,", "A number of years from 0 to 120, got '500'"),
        ("a/1.jpg,3,P2,melanoma,50,male,VII,", "A Fitzpatrick skin type is 1 to 6 or empty, got 'VII'"),
        ("a/1.jpg,3,P2,melanoma,50,male,,x-ray", "a modality is one of .* got 'x-ray'"),
        (
            "a/1.jpg,3,P2,melanoma,50,male,,",
            r"ids are unique, but 'a/1' appears again \(files: a/1.jpg, a/1.jpg\)",
        ),
        (",3,P2,melanoma,50,male,,", "every row names an image, but 1 do not"),
        ("a/1.jpg,3,P2,wart,50,male,,", "what it counts as, got 'wart'"),
    ],
)
def test_a_table_of_ones_own_says_what_is_wrong(tmp_path, row, words):
    releases.table(tmp_path)
    assert list(load("csv", tmp_path).table["skin_tone"]) == ["IV", None]
    with (tmp_path / "images.csv").open("a") as file:
        file.write("\n" + row)
    with pytest.raises(DataError, match=f"(?i){words}"):
        load("csv", tmp_path)


def test_a_table_apart_from_its_images(tmp_path):
    (tmp_path / "index").mkdir()
    manifest = load("indexed", releases.indexed(tmp_path / "index"))
    assert manifest.root == str(tmp_path / "index_pictures")
    assert dict(manifest.table[["image_id", "label"]].to_numpy()) == {"one": 1, "two": 0}
    shutil.rmtree(tmp_path / "index_pictures")
    with pytest.raises(DataError, match=r"A root is a directory, got .*index_pictures"):
        load("indexed", tmp_path / "index")
    (tmp_path / "index" / "rules.yaml").write_text("tasks: {}")
    with pytest.raises(DataError, match=r"rules say where the images are \(key images\)"):
        load("indexed", tmp_path / "index")


def test_files_missing_from_a_table_of_ones_own_are_said(tmp_path):
    releases.table(tmp_path)
    with (tmp_path / "images.csv").open("a") as file:
        file.write("\na/3.jpg,3,P2,melanoma,50,male,,\n../outside.jpg,4,P3,nevus,50,male,,")
    with pytest.raises(DataError, match=r"1 of 4 listed images are missing \(the first: a/3\)"):
        datasets.load(DataRef(source="csv", root=str(tmp_path)))
    manifest = load("csv", tmp_path)
    assert list(manifest.table["path"]) == ["../outside.jpg", "a/1.jpg", "a/2.jpg"]
    with pytest.raises(DataError, match=r"a path stays within the root, got '../outside.jpg'"):
        reader(manifest)(0)
