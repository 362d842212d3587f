"""The decoded cache: built once, shared, complete or absent."""

import pickle

import numpy as np
import pytest

import datasets
from datasets import sources
from datasets.cache import open_store
from datasets.manifest import DataError, DataRef


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
    assert np.array_equal(store[5], sources.reader(few)(5))


def test_opening_again_builds_nothing(few, tmp_path):
    open_store(few, short_side=32, cache_root=str(tmp_path))
    calls = []
    open_store(few, short_side=32, cache_root=str(tmp_path), progress=lambda *at: calls.append(at))
    assert calls == []
    open_store(few, short_side=33, cache_root=str(tmp_path), progress=lambda *at: calls.append(at))
    assert calls == [(20, 20)]
