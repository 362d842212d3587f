"""Images on an object store: a root `s3://…`, served by a stand-in on the loopback interface."""

import importlib.util
import tarfile

import fsspec
import pytest

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef
from datasets.base.roots import Root
from datasets.cache.store import open_store
from datasets.inspect import inspect
from tests.datasets import releases
from tests.study.tracking.team import KEYS, client, object_store

LACKING = [name for name in ("s3fs", "moto", "boto3", "flask_cors") if importlib.util.find_spec(name) is None]


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """A bucket on a server of its own; `bucket(folder)` copies a folder into it and gives its URI."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with object_store("images", tmp_path / "log") as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        fsspec.get_filesystem_class("s3").clear_instance_cache()  # one of another test knows another server
        s3 = client(address)

        def copied(folder):
            for path in folder.rglob("*"):
                if path.is_file():
                    s3.upload_file(str(path), "images", f"{folder.name}/{path.relative_to(folder)}")
            return f"s3://images/{folder.name}"

        yield copied


@pytest.mark.slow
@pytest.mark.skipif(bool(LACKING), reason=f"{', '.join(LACKING)} not installed: pip install -e '.[soak]'")
def test_a_release_on_s3_is_the_one_on_disk(tmp_path, bucket):
    here = releases.isic2019(tmp_path / "isic2019")
    there = bucket(here)
    refs = [
        DataRef(source="isic2019", root=str(root), task="melanoma_vs_all", allow_missing=True) for root in (here, there)
    ]
    local, remote = (datasets.load(ref) for ref in refs)
    assert remote.table.equals(local.table)
    assert remote.digest == local.digest
    caches = [open_store(each, short_side=24, cache_root=str(tmp_path / "cache")) for each in (local, remote)]
    assert all((caches[0][row] == caches[1][row]).all() for row in range(len(local)))
    assert open_store(remote, short_side=24, cache_root=str(tmp_path / "cache")).directory == caches[1].directory
    assert [release.source for release in inspect(there, {}).releases] == ["isic2019"]


@pytest.mark.slow
@pytest.mark.skipif(bool(LACKING), reason=f"{', '.join(LACKING)} not installed: pip install -e '.[soak]'")
def test_shards_on_s3_are_read_without_a_copy_and_what_is_absent_is_said(tmp_path, bucket):
    folder = tmp_path / "shards"
    folder.mkdir()
    releases.picture(tmp_path / "1.jpg")
    with tarfile.open(folder / "0.tar", "w") as archive:
        archive.add(tmp_path / "1.jpg", "a/1.jpg")
    root = Root(bucket(folder))
    assert root.members() == ["0.tar/a/1.jpg"]
    assert root.read("0.tar/a/1.jpg") == (tmp_path / "1.jpg").read_bytes()
    with pytest.raises(DataError, match="cannot be read"):
        root.read("absent.jpg")
    with pytest.raises(DataError, match="is a directory, got 's3://images/absent', which does not exist"):
        Root("s3://images/absent").check()


def test_without_the_package_for_s3_the_error_says_what_to_install(monkeypatch):
    def absent(root):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(Root, "_filesystem", absent)
    with pytest.raises(DataError, match=r"s3://images/here needs .*pip install 'skin-lesion-study\[s3\]'"):
        Root("s3://images/here").check()
