"""Duplicates: each kind of copy is found and named, other pictures are not, and what was found is kept."""

import cv2
import numpy as np
import pandas as pd
import pytest

from datasets.base.manifest import COLUMNS, Manifest
from datasets.cache.store import open_store
from datasets.duplicates import Comparison
from datasets.duplicates.descriptors import mirrored
from datasets.duplicates.pairs import described, pairs


def scene(number):
    """A picture with structures of many sizes on a smooth ground (RGB, 150 × 200), another one for each number."""
    rng = np.random.default_rng(number)
    picture = np.full((150, 200, 3), (205, 160, 140), np.uint8)
    for _ in range(140):
        centre = tuple(int(value) for value in rng.integers(0, (200, 150)))
        axes = tuple(int(value) for value in rng.integers(2, 14, 2))
        colour = tuple(int(value) for value in rng.integers(40, 230, 3))
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0))


def crop(share):
    return lambda p: p[round(150 * share) : round(150 * (1 - share)), round(200 * share) : round(200 * (1 - share))]


def turn(degrees):
    matrix = cv2.getRotationMatrix2D((100, 75), degrees, 1)
    return lambda p: cv2.warpAffine(p, matrix, (200, 150))[25:125, 35:165]


def coded(picture):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)


CHANGES = {
    "the same view": lambda p: p,
    "the same view, coded anew": coded,
    "the same view, in other light": lambda p: (p * 0.6 + 40).astype(np.uint8),
    "cropped to": crop(0.05),
    "cropped to, much": crop(0.15),
    "cropped to, the centre square": lambda p: p[:, 25:175],
    "mirrored": lambda p: p[:, ::-1],
    "turned by 90°": lambda p: np.rot90(p),
    "turned by 10°": turn(10),
    "stretched by": lambda p: cv2.resize(p, (150, 150), interpolation=cv2.INTER_AREA),
    "mirrored, cropped to": lambda p: crop(0.1)(p)[:, ::-1],
}
SCENES = [scene(number) for number in range(12)]


@pytest.mark.parametrize("change", CHANGES)
def test_every_copy_is_found_named_and_nothing_else(change):
    copies = [np.ascontiguousarray(CHANGES[change](picture)) for picture in SCENES[:8]]
    others = [*copies, *(scene(number) for number in range(100, 106))]
    found = pairs(described(SCENES.__getitem__, len(SCENES)), described(others.__getitem__, len(others)))
    assert found[["left", "right"]].to_numpy().tolist() == [[number, number] for number in range(8)]
    assert (found["kind"] == "copy").mean() >= 0.8
    assert found["transform"].str.startswith(change.partition(", ")[0]).all(), found["transform"].tolist()


def test_a_set_with_itself_has_each_pair_once():
    pictures = [*SCENES[:6], SCENES[2][:, ::-1].copy()]
    features = described(pictures.__getitem__, len(pictures))
    assert pairs(features, features)[["left", "right"]].to_numpy().tolist() == [[2, 6]]


def test_smooth_skin_has_no_copies_and_empty_sets_no_pairs():
    flat = [np.full((120, 160, 3), 200, np.uint8)] * 3
    features = described(flat.__getitem__, 3)
    assert pairs(features, features).empty
    assert pairs([], features).empty


def test_mirrored_descriptors_are_those_of_the_mirrored_picture():
    sift = cv2.SIFT.create()
    grey = cv2.cvtColor(SCENES[0], cv2.COLOR_RGB2GRAY)
    points = [cv2.KeyPoint(90.0, 70.0, 12.0, 30.0)]
    flipped = [cv2.KeyPoint(199.0 - 90.0, 70.0, 12.0, 150.0)]
    ours = mirrored(sift.compute(grey, points)[1].astype(np.uint8))[0].astype(float)
    theirs = sift.compute(np.ascontiguousarray(grey[:, ::-1]), flipped)[1][0]
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98


@pytest.mark.parametrize("short_side", [32, 128])  # below the working size the files are read
def test_stores_are_compared_once_and_the_pairs_kept(short_side, tmp_path, monkeypatch):
    def store(name, pictures):
        ids = [f"{name}{number}" for number in range(len(pictures))]
        (tmp_path / name).mkdir()
        for image_id, picture in zip(ids, pictures, strict=True):
            cv2.imwrite(str(tmp_path / name / f"{image_id}.png"), picture)
        table = pd.DataFrame({column: [None] * len(ids) for column in COLUMNS})
        table = table.assign(image_id=ids, path=[f"{image_id}.png" for image_id in ids], label=0)
        manifest = Manifest(name=name, root=str(tmp_path / name), table=table, classes=("benign", "melanoma"))
        return open_store(manifest, short_side=short_side, cache_root=str(tmp_path / "cache"))

    train = store("train", SCENES[:6])
    test = store("test", [scene(50), SCENES[3][15:135, 20:180], scene(51)])
    found = Comparison(short_side).between(test, train)
    assert found.to_numpy().tolist() == [["test1", "train3", "copy", "is 64% of the other"]]
    monkeypatch.setattr("datasets.duplicates.between.described", lambda *_: pytest.fail("described again"))
    pd.testing.assert_frame_equal(Comparison(short_side).between(test, train), found)


def test_long_comparisons_say_how_far_they_are():
    heard = []
    features = described(SCENES.__getitem__, len(SCENES), lambda *done: heard.append(done))
    assert heard == [(12, 12)]
    pairs(features, features, lambda *done: heard.append(done))
    (done, of) = heard[-1]
    assert done == of > 12
