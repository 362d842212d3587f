"""Neighbours and maps of features, and the pictures on disk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from study.evaluation.qualitative.features import flat_map, nearest
from study.preparation.thumbnails import SIDE, square, write_image


def test_nearest_is_by_direction() -> None:
    train = np.array([[1, 0], [0, 1], [5, 0.1]], dtype=np.float32)
    query = np.array([[2, 0], [0, 9]], dtype=np.float32)
    assert nearest(train, query, 2).tolist() == [[0, 2], [1, 2]]
    assert nearest(train, query, 9).shape == (2, 3)


def test_the_map_keeps_clusters_apart_and_repeats() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 0.1, (60, 8)).astype(np.float32)
    features[30:] += 5
    flat, kind = flat_map(features, seed=1)
    assert kind == "t-SNE"
    assert flat.shape == (60, 2)
    assert np.array_equal(flat, flat_map(features, seed=1)[0])
    gap = np.linalg.norm(flat[:30].mean(0) - flat[30:].mean(0))
    assert gap > 2 * flat[:30].std()


def test_few_images_are_mapped_by_pca() -> None:
    flat, kind = flat_map(np.eye(5, dtype=np.float32), seed=0)
    assert (kind, flat.shape) == ("PCA", (5, 2))


def test_the_centre_square() -> None:
    image = np.zeros((60, 100, 3), np.uint8)
    image[:, 20:80] = 255
    assert square(image, 30).shape == (30, 30, 3)
    assert square(image, 30).min() == 255


def test_an_image_id_makes_a_safe_file_name(tmp_path: Path) -> None:
    name = write_image(tmp_path, "set/../../etc/passwd", np.full((40, 50, 3), [250, 0, 0], np.uint8))
    assert (tmp_path / name).parent == tmp_path
    blue, _, red = cv2.imread(str(tmp_path / name))[SIDE // 2, SIDE // 2]
    assert red > 200 > 50 > blue
