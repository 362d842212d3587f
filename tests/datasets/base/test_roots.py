"""Which files of a root count."""

import pytest

from datasets.base.roots import Root, left_behind

LEFT_BEHIND = [
    "nevus/._1 (1).JPG",
    ".DS_Store",
    "nevus/.DS_Store",
    "Thumbs.db",
    "nevus/thumbs.DB",
    "nevus/desktop.ini",
    "__MACOSX/nevus/1.jpg",
    "data/__MACOSX/._1.jpg",
    "nevus/.ipynb_checkpoints/1-checkpoint.jpg",
    ".git/HEAD",
    "@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
    "$RECYCLE.BIN/1.jpg",
]
KEPT = ["1.jpg", "nevus/1 (1).JPG", "nevus/_2.jpg", "a.b/c..jpg", "macosx/1.png", "desktop/1.png", "notes.txt"]


@pytest.mark.parametrize("path", LEFT_BEHIND)
def test_files_of_systems_and_archives_are_told_apart(path):
    assert left_behind(path)


@pytest.mark.parametrize("path", KEPT)
def test_users_files_are_kept(path):
    assert not left_behind(path)


def test_a_root_is_walked_without_them_here_and_far_away(tmp_path):
    import fsspec

    for path in LEFT_BEHIND + KEPT:
        file = tmp_path / ".hidden" / "data" / path  # where the root itself lies does not matter
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    local = Root(str(tmp_path / ".hidden" / "data"))
    assert local.walk() == sorted(KEPT)
    assert local.walk("nevus") == ["nevus/1 (1).JPG", "nevus/_2.jpg"]
    memory = fsspec.filesystem("memory")
    memory.put(local.location, "/left_behind", recursive=True)
    assert Root("memory://left_behind").walk() == sorted(KEPT)
    memory.rm("/left_behind", recursive=True)
