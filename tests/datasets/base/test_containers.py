"""Images inside tar shards and HDF5 files, read where they lie."""

import io
import sys
import tarfile
import types

import pytest

from datasets.base.errors import DataError
from datasets.base.roots import Root


def shard(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_members_of_a_tar_are_read_without_unpacking(tmp_path):
    shard(tmp_path / "shards" / "0.tar", {"a/1.jpg": b"one", "a/2.jpg": b"two" * 1000})
    root = Root(str(tmp_path))
    assert root.members() == ["shards/0.tar/a/1.jpg", "shards/0.tar/a/2.jpg"]
    assert root.read("shards/0.tar/a/2.jpg") == b"two" * 1000
    assert root.stamps(["shards/0.tar/a/1.jpg"]) == root.stamps(["shards/0.tar"]) != [""]
    with pytest.raises(DataError, match=r"shards/0.tar holds no 'a/3.jpg'"):
        root.read("shards/0.tar/a/3.jpg")
    shard(tmp_path / "shards" / "0.tar", {"a/1.jpg": b"another one"})
    assert root.read("shards/0.tar/a/1.jpg") == b"another one"


def test_a_remote_tar_is_read_too(tmp_path):
    import fsspec

    shard(tmp_path / "0.tar", {"1.jpg": b"one"})
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "0.tar"), "/shards/0.tar")
    root = Root("memory://shards")
    assert root.members() == ["0.tar/1.jpg"]
    assert root.read("0.tar/1.jpg") == b"one"
    assert root.stamps(["0.tar/1.jpg"]) == root.stamps(["0.tar"])
    memory.rm("/shards", recursive=True)


def test_a_folder_may_be_called_like_a_container(tmp_path):
    (tmp_path / "images.tar").mkdir()
    (tmp_path / "images.tar" / "1.jpg").write_bytes(b"one")
    assert Root(str(tmp_path)).read("images.tar/1.jpg") == b"one"


def test_a_damaged_tar_is_said(tmp_path):
    (tmp_path / "0.tar").write_bytes(b"no archive at all" * 100)
    with pytest.raises(DataError, match=r"0.tar cannot be read: .* Copy or download it again"):
        Root(str(tmp_path)).read("0.tar/1.jpg")


def test_hdf5_needs_its_package_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "train-image.hdf5").write_bytes(b"\x89HDF")
    with pytest.raises(DataError, match=r"needs the package h5py\. Install it"):
        Root(str(tmp_path)).read("train-image.hdf5/ISIC_1")


def test_hdf5_gives_the_bytes_of_a_data_set(tmp_path, monkeypatch):
    class Scalar:
        def __getitem__(self, key):
            assert key == ()
            return b"jpeg"  # h5py gives numpy.bytes_ for a data set of fixed-size strings, which are bytes

    stand_in = types.SimpleNamespace(File=lambda file, mode: {"ISIC_1": Scalar()})
    monkeypatch.setitem(sys.modules, "h5py", stand_in)
    (tmp_path / "train-image.hdf5").write_bytes(b"\x89HDF")
    root = Root(str(tmp_path))
    assert root.members() == ["train-image.hdf5/ISIC_1"]
    assert root.read("train-image.hdf5/ISIC_1") == b"jpeg"
