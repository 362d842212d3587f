"""Published lists of images to leave out or to keep alone, in their published forms."""

import pytest

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef
from datasets.sources import catalogue
from tests.datasets import releases

# as in isic_duplicate_removal_strategy/file_lists: where the authors' files lay
CASSIDY = """/home/bc/Datasets/ISIC (B)/2019/train/ISIC_2019_Training_Input/ISIC_0000000.jpg
/home/bc/Datasets/ISIC (B)/2018/train/ISIC2018_Task3_Training_Input/ISIC_0000001.jpg
/home/bc/Datasets/ISIC (A)/downsampled/ISIC_0000002.jpg
/home/bc/Datasets/ISIC (B)/2019/test/ISIC_2019_Test_Input/ISIC_0000003.jpg
"""


def labels(root, **lists):
    manifest = datasets.load(DataRef(source="isic2019", root=str(root), task="melanoma_vs_all", **lists, **PARTIAL))
    return dict(zip(manifest.table["image_id"], manifest.table["label"], strict=True)), manifest


PARTIAL = {"allow_missing": True}


def test_a_list_across_years_counts_for_its_own_year_and_part(tmp_path):
    root, path = releases.isic2019(tmp_path / "data"), tmp_path / "06 - all_train (all but newest).txt"
    path.write_text(CASSIDY)
    before, _ = labels(root)
    after, manifest = labels(root, leave_out=(str(path),))
    assert {name for name in before if before[name] != after[name]} == {"ISIC_0000000", "ISIC_0000002_downsampled"}
    assert after["ISIC_0000000"] == -1
    assert f"2 images are left out by the list {path.name}." in manifest.notes


def test_a_list_by_years_is_for_the_challenges_alone(tmp_path):
    root, path = tmp_path / "data", tmp_path / "list.txt"
    root.mkdir()
    releases.pad_ufes_20(root)
    path.write_text(CASSIDY)
    with pytest.raises(DataError, match="for isic2018, isic2019, isic2020, not for pad_ufes_20"):
        catalogue(DataRef(source="pad_ufes_20", root=str(root), leave_out=(str(path),)))


def test_a_table_of_images_that_are_kept_leaves_the_others_out(tmp_path):
    root, path = releases.isic2019(tmp_path / "data"), tmp_path / "kept.csv"
    path.write_text("image_id,partition\nISIC_0000000,train\nISIC_0000002,test\n")
    after, _ = labels(root, keep_only=str(path))
    assert {name for name, label in after.items() if label != -1} == {"ISIC_0000000", "ISIC_0000002_downsampled"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("list.csv", "hash,fold\na,1\n", "columns md5hash, isic_id, .* but .* has hash, fold"),
        ("list.txt", "ISIC_9999999\n", "names none of the 8 of isic2019"),
        ("absent/list.txt", None, "cannot be read"),
    ],
)
def test_a_list_of_another_form_or_of_other_images_is_refused(tmp_path, name, text, said):
    path = tmp_path / name
    if text:
        path.write_text(text)
    with pytest.raises(DataError, match=said):
        labels(releases.isic2019(tmp_path / "data"), leave_out=(str(path),))
