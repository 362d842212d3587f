"""Pictures that look the same stay on one side of a split; a study that began before keeps its splits."""

import numpy as np
import pytest
from PIL import Image

from datasets.base.atomic_files import write_json
from datasets.cache.store import open_store
from datasets.duplicates import Comparison
from datasets.splits.split import PARTS, Split
from study.preparation import manifests as data
from study.preparation import spec_audit
from study.preparation.joined import as_begun
from study.store.directory import StudyDirectory
from tests.datasets.duplicates.test_duplicates import scene
from tests.study import example_study


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of 36 images without lesion ids, 12 of them mirrored and cropped copies of others, decoded."""
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    for number in range(36):
        pixels = scene(number % 24)
        if number >= 24:
            pixels = pixels[10:140, 195:15:-1]
        path = tmp_path / "own" / ("melanoma" if number % 24 % 3 == 0 else "nevus") / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(pixels)).save(path)
    train = {
        "source": "folder",
        "root": str(tmp_path / "own"),
        "splits": "lesion_disjoint",
        "test": 0.3,
        "validation": 0.3,
    }
    spec = example_study.spec(train=train, tests=["folder_test"])
    manifest = data.load_manifest(spec.train)
    return spec, manifest, open_store(manifest, short_side=spec.cache_side)


def sides(directory, spec):
    """Where each image is, by split."""
    found = []
    for index in data.split_indices(spec):
        split = Split.read(directory.split(index, 1.0))
        found.append({image_id: part for part in PARTS for image_id in split.ids(part)})
    return found


def twins(manifest):
    """Ids of each picture and its copy."""
    names = {image_id.rpartition("/")[2]: image_id for image_id in manifest.table["image_id"]}
    return [(names[f"{number:02d}"], names[f"{number + 24:02d}"]) for number in range(12)]


def begin(spec, manifest, store, root):
    directory = StudyDirectory(root)
    data.write_splits(spec, directory, as_begun(spec, directory, manifest, store, Comparison(spec.cache_side)))
    return directory


def test_a_copy_never_stands_on_another_side(own, tmp_path):
    spec, manifest, store = own
    directory = begin(spec, manifest, store, tmp_path / "study")
    for side in sides(directory, spec):
        assert all(side[one] == side[other] for one, other in twins(manifest))
    drawn = spec_audit.audit_spec(spec)
    assert not [finding.key for finding in drawn.findings if finding.key.startswith("near_duplicates")]
    assert {part: sorted(ids) for part, ids in drawn.parts.items()} == {
        part: Split.read(directory.split(0, 1.0)).ids(part) for part in PARTS
    }


def test_a_study_that_began_before_keeps_its_splits(own, tmp_path):
    spec, manifest, store = own
    directory = StudyDirectory(tmp_path / "old")
    before = data.write_splits(spec, directory, manifest)  # as versions did that joined no pairs
    assert any(side[one] != side[other] for side in sides(directory, spec) for one, other in twins(manifest))
    write_json(directory.manifests, {})
    assert (
        data.write_splits(spec, directory, as_begun(spec, directory, manifest, store, Comparison(spec.cache_side)))
        == before
    )
    assert not directory.joined.exists()


def test_a_study_keeps_the_pairs_it_began_with(own, tmp_path):
    spec, manifest, store = own
    directory = begin(spec, manifest, store, tmp_path / "study")
    kept = as_begun(spec, directory, manifest, None, None).together  # the store is not looked at any more
    assert {frozenset(pair) for pair in twins(manifest)} <= {frozenset(pair) for pair in kept}
    for path in (directory.root / "splits").glob("*.csv"):
        path.unlink()
    assert sides(begin(spec, manifest, store, tmp_path / "study"), spec) == sides(directory, spec)
