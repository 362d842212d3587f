"""The readers on the real releases, where `$SKIN_DATA` points at some (`isic2019/`, `padufes20/`, …)."""

import os
from pathlib import Path

import pandas as pd
import pytest

import datasets
from datasets import sources
from datasets.audit import audit, parts_of
from datasets.base.manifest import DataRef
from datasets.splits.make import make_split
from datasets.splits.split import Scheme
from datasets.splits.split_files import matcher

DATA = Path(os.environ.get("SKIN_DATA", "/nowhere"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="SKIN_DATA names no directory with real images")


def real(name, folder, **options):
    return datasets.load(DataRef(source=name, root=str(DATA / folder), allow_missing=True, **options))


def published(*parts):
    return pd.read_csv(DATA.joinpath("paper_datasplits", *parts))


def agreeing(manifest, table, column="image"):
    """How many rows of a published table the manifest has; their labels must be the same."""
    names = matcher(manifest.table["image_id"])
    label = dict(manifest.table[["image_id", "label"]].to_numpy())
    shared = [(names(image), truth) for image, truth in table[[column, "label"]].to_numpy() if names(image)]
    assert all(label[image_id] == truth for image_id, truth in shared)
    return len(shared)


def test_ham10000_as_part_of_isic_2019():
    manifest = real("isic2019", "isic2019")
    table = manifest.table
    assert (len(table), (table["diagnosis"] == "MEL").sum(), table["lesion_id"].nunique()) == (10015, 1113, 7470)
    parts = [published("isic2019", "splits", f"{part}_split_1.csv") for part in ("train", "val", "test")]
    assert agreeing(manifest, pd.concat(parts)) == 9083


def test_the_whole_release_by_its_tables():
    manifest = sources.catalogue(DataRef(source="isic2019", root=str(DATA / "isic2019_metadata_full")))
    assert len(manifest) == 25331
    assert manifest.table["lesion_id"].nunique() == 11847
    parts = [published("isic2019", "splits", f"{part}_split_1.csv") for part in ("train", "val", "test")]
    assert agreeing(manifest, pd.concat(parts)) == 20599


def test_pad_ufes_20_and_isic_2020():
    pad = real("pad_ufes_20", "padufes20")
    assert len(pad) == 1650
    assert pad.table["skin_tone"].notna().sum() == 974
    assert agreeing(pad, published("padufes20", "pad-ufes-20-labels.csv")) == 950
    isic = real("isic2020", "isic2020")
    assert (len(isic), isic.table["label"].sum()) == (60, 6)
    assert agreeing(isic, published("isic2020", "isic2020-subset-test.csv")) == 6


@pytest.mark.parametrize("seed", range(5))
def test_drawn_splits_of_real_images_share_no_lesion(seed):
    manifest = real("isic2019", "isic2019")
    split = make_split(manifest, Scheme(seed=seed), index=seed, fraction=1.0)
    found = audit(manifest, {"0": parts_of(split)}, {})
    assert not [finding for finding in found if finding.severity == "error"]
    assert abs(len(split.ids("test")) / (manifest.table["label"] >= 0).sum() - 0.2) < 0.001
