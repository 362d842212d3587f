"""Files that look like pictures of lesions and are none, or are the same ones again."""

import os
import shutil

import pytest

from datasets.base.errors import DataError
from datasets.base.roots import Root
from tests.datasets.inspect.drawn import column, look, pictures, told, write

NAMES = [f"{('melanoma', 'nevus')[number % 2]}/img{number}.jpg" for number in range(12)]


@pytest.mark.parametrize("ending", ["mask", "segmentation", "seg", "GroundTruth", "superpixels"])
def test_masks_beside_the_pictures_are_left_out(ending, tmp_path):
    pictures(tmp_path, [*NAMES, *(name.replace(".jpg", f"_{ending}.png") for name in NAMES), "nevus/odd_mask.jpg"])
    found = look(tmp_path)
    assert set(column(found, "path")) == {*NAMES, "nevus/odd_mask.jpg"}  # of no picture: perhaps a name
    assert "12 pictures are masks of pictures by their names" in told(found)


@pytest.mark.parametrize("folder", ["masks", "Segmentations", "thumbs", "melanoma/thumbnails"])
def test_folders_of_masks_and_small_copies_are_left_out(folder, tmp_path):
    pictures(tmp_path, [*(f"images/{name}" for name in NAMES), *(f"{folder}/img{number}.jpg" for number in range(12))])
    write(tmp_path, "t.csv", "image,sex", *(f"img{number},f" for number in range(12)))  # names are not ambiguous
    found = look(tmp_path)
    assert set(column(found, "sex").items()) == {(f"images/{name}", "female") for name in NAMES}
    assert "12 pictures lie in a folder of" in told(found)


def test_another_form_of_all_pictures_is_left_out_and_of_one_is_told(tmp_path):
    pictures(tmp_path, [*NAMES, *(name.replace(".jpg", ".tif") for name in NAMES)])
    found = look(tmp_path)
    assert set(column(found, "path")) == set(NAMES)
    assert "12 pictures lie beside one of the same name in another form (the first: melanoma/img0.tif)" in told(found)
    for name in NAMES[1:]:
        (tmp_path / name.replace(".jpg", ".tif")).rename(tmp_path / name.replace("img", "more").replace("jpg", "tif"))
    found = look(tmp_path)
    assert len(column(found, "path")) == 24
    assert "1 pictures have the name of another one beside them but for the ending" in told(found)


def test_links_do_not_multiply_a_set(tmp_path):
    pictures(tmp_path, NAMES)
    os.symlink("..", tmp_path / "melanoma" / "all")
    os.symlink(tmp_path / "nevus", tmp_path / "nevi_copy")
    os.symlink(tmp_path / "nowhere.jpg", tmp_path / "nevus" / "gone.jpg")
    assert len(Root(str(tmp_path)).walk()) == 20  # a folder that is linked beside itself is there twice
    found = look(tmp_path)
    assert set(column(found, "path")) == set(NAMES)
    assert "2 pictures are links to nothing (the first: nevi_copy/gone.jpg)" in told(found)
    assert "6 pictures are links to others of these files" in told(found)


def test_a_set_of_links_to_elsewhere_is_a_set(tmp_path):
    pictures(tmp_path / "store", NAMES)
    for name in NAMES:
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(tmp_path / "store" / name, tmp_path / "mine" / name)
    assert set(column(look(tmp_path / "mine"), "path")) == set(NAMES)
    (tmp_path / "mine" / "bcc").mkdir()
    os.symlink(tmp_path / "store" / NAMES[1], tmp_path / "mine" / "bcc" / "1.jpg")
    found = look(tmp_path / "mine")
    assert set(column(found, "path")) == {*NAMES} - {NAMES[1]}
    assert "2 pictures are links of one file in folders of two diagnoses (the first: bcc/1.jpg)" in told(found)


def test_pictures_in_forms_that_are_not_read_are_counted(tmp_path):
    pictures(tmp_path, NAMES)
    for name in ("a.HEIC", "b.heic", "c.dcm"):
        shutil.copy(tmp_path / NAMES[0], tmp_path / "nevus" / name)
    assert "2 .heic files are not read: convert them to JPEG or PNG" in told(look(tmp_path))
    for name in NAMES:
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match=r"none is below[^$]*1 \.dcm files are not read"):
        look(tmp_path)


def test_what_init_and_run_wrote_is_not_read(tmp_path):
    pictures(tmp_path, NAMES)
    write(tmp_path, "a-data/train/images.csv", "path,diagnosis", *(f"{name},melanoma" for name in NAMES))
    write(tmp_path, "a-data/train/rules.yaml", f"images: {tmp_path}", "tasks: {}")
    pictures(tmp_path, ["runs/a/figures/plot.png"])
    write(tmp_path, "runs/a/plan.json", "{}")
    write(tmp_path, "runs/a/spec.yaml", "study: a")
    found = look(tmp_path)
    assert set(column(found, "diagnosis").items()) == {(name, name.partition("/")[0]) for name in NAMES}
    assert "a-data/train/: written by study init, so not read" in told(found)
