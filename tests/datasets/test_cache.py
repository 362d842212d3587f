"""The decoded cache: built once, shared, complete or absent."""

import os
import pickle
import signal

import numpy as np
import pytest

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef
from datasets.cache import checksums
from datasets.cache.reading import reader
from datasets.cache.store import default_root, open_store, read_index
from tests.datasets import many
from tests.datasets.releases import picture


@pytest.fixture(scope="module")
def few():
    manifest = datasets.load(DataRef(source="synthetic_device"))
    return manifest.where([row < 20 for row in range(len(manifest))])


def test_a_store_holds_every_image_resized(few, tmp_path):
    store = open_store(few, short_side=64, cache_root=str(tmp_path))
    assert len(store) == 20
    assert store[3].shape == (64, 77, 3)  # natively 80 × 96
    assert not store[3].flags.writeable
    assert store.manifest.table["sha256"].str.len().eq(64).all()
    assert list(store.rows(few.table["image_id"].iloc[[4, 2]])) == [4, 2]
    with pytest.raises(DataError, match="the store holds its manifest's images, got 'nobody'"):
        store.rows(["nobody"])
    again = pickle.loads(pickle.dumps(store))  # noqa: S301
    assert np.array_equal(again[19], store[19])
    assert again.manifest.digest == store.manifest.digest


def test_small_images_are_not_enlarged(few, tmp_path):
    store = open_store(few, short_side=500, cache_root=str(tmp_path))
    assert np.array_equal(store[5], reader(few)(5))


def test_opening_again_builds_nothing(few, tmp_path):
    open_store(few, short_side=32, cache_root=str(tmp_path))
    calls = []
    open_store(few, short_side=32, cache_root=str(tmp_path), progress=lambda *at: calls.append(at))
    assert calls == []
    open_store(few, short_side=33, cache_root=str(tmp_path), progress=lambda *at: calls.append(at))
    assert calls == [(20, 20)]


def pictures(root, count, size=(60, 80)):
    for number in range(count):
        picture(root / "nevus" / f"{number:04d}.jpg", number, size)
    return root


def test_a_build_that_is_killed_halfway_leaves_no_cache_and_the_next_one_starts_afresh(tmp_path):
    root, cache = pictures(tmp_path / "data", 400, (240, 320)), tmp_path / "cache"
    builder = many.start("build", root, cache, 64)
    assert builder.stdout.readline().strip() == "done 50"  # halfway: some are written, most are not
    builder.send_signal(signal.SIGKILL)
    builder.wait(timeout=30)
    left = sorted(path.name for path in cache.iterdir())
    assert any(".partial-" in name for name in left)
    assert not list(cache.glob("*/index.parquet"))
    manifest = datasets.load(DataRef(source="folder", root=str(root)))
    assert read_index(manifest, short_side=64, cache_root=str(cache)) is None
    store = many.folder(str(root), str(cache), 64)
    assert len(store) == 400
    assert store[399].shape == (64, 85, 3)
    assert not list(cache.glob("*.partial-*"))


def test_two_builders_at_once_build_once(tmp_path):
    root, cache = pictures(tmp_path / "data", 300), tmp_path / "cache"
    builders = [many.start("build", root, cache, 48) for _ in range(2)]
    said = sorted(builder.communicate(timeout=100)[0].splitlines()[-1] for builder in builders)
    assert said == ["built 300", "found 300"]
    assert len(list(cache.glob("*/index.parquet"))) == 1


def test_four_readers_share_one_copy(tmp_path):
    root, cache = pictures(tmp_path / "data", 100, (400, 600)), tmp_path / "cache"
    many.folder(str(root), str(cache), 300)
    added, own, size = many.four_readers(root, cache, 300)
    assert size == 100 * 300 * 450 * 3
    assert added < 1.1 * size  # the one copy that all share, counted a quarter each, and at most a tenth besides
    assert own < 0.1 * size


def test_bad_images_are_all_listed_and_skipped_only_on_demand(tmp_path):
    root = pictures(tmp_path / "data", 4)
    (root / "nevus" / "0001.jpg").write_bytes(b"")
    (root / "nevus" / "0003.jpg").write_bytes((root / "nevus" / "0002.jpg").read_bytes()[:200])
    manifest = datasets.load(DataRef(source="folder", root=str(root)))
    for _ in range(2):  # found again without decoding again
        with pytest.raises(DataError) as error:
            open_store(manifest, short_side=32, cache_root=str(tmp_path / "cache"))
        assert "2 of 4 are not: nevus/0001.jpg (the file is empty); nevus/0003.jpg (the content is damaged" in str(
            error.value
        )
        assert f"Replace these files below {str(root)!r}, or set on_bad_image: skip" in str(error.value)
    store = open_store(manifest, short_side=32, cache_root=str(tmp_path / "cache"), on_bad_image="skip")
    assert list(store.manifest.table["image_id"]) == ["nevus/0000", "nevus/0002"]
    assert "2 of 4 images skipped as bad: nevus/0001.jpg (the file is empty)" in store.manifest.notes[-1]


def test_a_file_that_changes_gives_another_cache(tmp_path):
    root = pictures(tmp_path / "data", 3)
    first = many.folder(str(root), str(tmp_path / "cache"), 32)
    picture(root / "nevus" / "0001.jpg", 99)
    second = many.folder(str(root), str(tmp_path / "cache"), 32)
    assert second.directory != first.directory
    assert not np.array_equal(first[1], second[1])
    assert np.array_equal(first[2], second[2])


def test_a_damaged_cache_a_full_disk_and_a_place_that_cannot_be_written_are_said(tmp_path, monkeypatch):
    root = pictures(tmp_path / "data", 3)
    store = many.folder(str(root), str(tmp_path / "cache"), 32)
    with (store.directory / "pixels.u8").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match=r"A decoded cache stays as it was decoded, .* Delete the folder"):
        many.folder(str(root), str(tmp_path / "cache"), 32)
    (tmp_path / "a file").write_text("")
    with pytest.raises(DataError, match=r"A cache needs a place to write, got .*a file.* Set SKIN_CACHE"):
        many.folder(str(root), str(tmp_path / "a file"), 32)
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"3 images at 100 px needs about 0.0 GB, .* Make room"):
        many.folder(str(root), str(tmp_path / "other"), 100)


def test_a_byte_that_changed_since_it_was_decoded_is_seen(few, tmp_path):
    """In every process where the file's time tells, and where it does not, when a run looks thoroughly."""
    store = open_store(few, short_side=32, cache_root=str(tmp_path))
    path = store.directory / "pixels.u8"
    content, times = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"pixels.u8 holds other bytes than were written. Delete the folder"):
        open_store(few, short_side=32, cache_root=str(tmp_path))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # a disk that rots changes no time
    open_store(few, short_side=32, cache_root=str(tmp_path))
    with pytest.raises(DataError, match="holds other bytes"):
        open_store(few, short_side=32, cache_root=str(tmp_path), thorough=True)


def test_a_cache_that_was_copied_is_looked_at_once(few, tmp_path, monkeypatch):
    store = open_store(few, short_side=32, cache_root=str(tmp_path))
    for name in checksums.FILES:
        os.utime(store.directory / name)
    open_store(few, short_side=32, cache_root=str(tmp_path))
    monkeypatch.setattr(checksums, "file_digest", lambda path: pytest.fail("read again"))
    open_store(few, short_side=32, cache_root=str(tmp_path))


def test_a_cache_on_an_object_store_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("SKIN_CACHE", "s3://bucket/cache")
    with pytest.raises(DataError, match="A cache is a local directory, got SKIN_CACHE=s3://bucket/cache"):
        default_root()
