"""Splits: disjoint groups, stratification within one group, exact and distinct subsamples, all from hashed seeds."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, DataRef, Manifest
from datasets.splits.grouping import groups, subsample
from datasets.splits.make import make_split
from datasets.splits.split import Scheme, Split


def toy(seed: int, rows: int, patients: bool) -> Manifest:
    random = np.random.default_rng(seed)
    table = pd.DataFrame({column: [None] * rows for column in COLUMNS})
    table["image_id"] = [f"I{row:05d}" for row in range(rows)]
    lesion = random.integers(0, rows // 2, rows)
    table["lesion_id"] = [None if random.random() < 0.1 else f"L{number}" for number in lesion]
    if patients:
        table["patient_id"] = [None if number % 5 == 0 else f"P{number // 3}" for number in lesion]
    table["label"] = np.where(lesion % 4 == 0, 1, 0)
    table.loc[random.random(rows) < 0.05, "label"] = -1
    return Manifest(name="toy", root=None, table=table, classes=("benign", "melanoma"))


@settings(max_examples=40, deadline=None)
@example(seed=1054510, patients=True, index=0)
@given(seed=st.integers(0, 2**32), patients=st.booleans(), index=st.integers(0, 3))
def test_no_group_is_on_two_sides_and_labels_are_stratified_within_one_group(seed, patients, index):
    manifest = toy(seed % 1000, 400, patients)
    split = make_split(manifest, Scheme(seed=seed), index=index, fraction=1.0)
    table = manifest.table.assign(part=split.table["part"])
    assert (table["part"][table["label"] < 0] == "").all()
    assert (table["part"][table["label"] >= 0] != "").all()
    labelled = table[table["label"] >= 0]
    for column in ("lesion_id", "patient_id"):
        assert labelled.groupby(column)["part"].nunique().max() in (1, np.nan) or labelled[column].isna().all()
    group = pd.Series(groups(labelled), index=labelled.index)
    for label in (0, 1):
        rows = labelled["label"] == label
        largest = labelled[rows].groupby(group[rows]).size().max()
        # validation's share is of what the test part left, so that it inherits 0.15 / 0.8 of that part's own error
        for part, share, bound in (("test", 0.2, largest), ("validation", 0.15, largest * (1 + 0.15 / 0.8))):
            assert abs((rows & (labelled["part"] == part)).sum() - share * rows.sum()) <= bound


def test_images_that_show_one_lesion_under_two_ids_stay_together():
    manifest = toy(5, 400, True)
    free = make_split(manifest, Scheme(), index=0, fraction=1.0)
    pair = (free.ids("train")[0], free.ids("test")[0])
    together = make_split(replace(manifest, together=(pair,)), Scheme(), index=0, fraction=1.0)
    part = dict(together.table.to_numpy())
    assert part[pair[0]] == part[pair[1]]


def test_the_test_part_is_fixed_and_every_index_partitions_the_rest_anew():
    manifest = datasets.load(DataRef(source="synthetic"))
    splits = [make_split(manifest, Scheme(seed=3), index=index, fraction=1.0) for index in range(4)]
    assert len({tuple(split.ids("test")) for split in splits}) == 1
    assert len({tuple(split.ids("validation")) for split in splits}) == 4
    assert splits[0].ids("test") != make_split(manifest, Scheme(seed=4), index=0, fraction=1.0).ids("test")


@pytest.mark.parametrize("nested", [False, True])
def test_subsamples_are_exact_stratified_distinct_and_leave_validation_alone(nested):
    manifest = datasets.load(DataRef(source="synthetic"))
    scheme = Scheme(seed=1, nested=nested)
    label = manifest.table.set_index("image_id")["label"]
    for fraction in (0.1, 0.3):
        chosen = []
        for index in range(6):
            whole = make_split(manifest, scheme, index=index, fraction=1.0)
            part = make_split(manifest, scheme, index=index, fraction=fraction)
            assert len(part.ids("train")) == round(fraction * len(whole.ids("train")))
            assert set(part.ids("train")) <= set(whole.ids("train"))
            assert part.ids("validation") == whole.ids("validation")
            positives = label[part.ids("train")].sum()
            assert abs(positives - fraction * label[whole.ids("train")].sum()) <= 1
            chosen.append(frozenset(part.ids("train")))
            if nested:
                larger = make_split(manifest, scheme, index=index, fraction=0.5)
                assert chosen[-1] <= set(larger.ids("train"))
        assert all(first != second for first, second in combinations(chosen, 2))


def test_a_subsample_too_small_for_its_share_still_has_every_class():
    labels, ids = np.asarray([0] * 990 + [1] * 10), np.asarray([f"{i:04d}" for i in range(1000)], dtype=object)
    chosen = subsample(labels, ids, 0.01, ("a",))
    assert len(chosen) == 10
    assert {int(image_id) >= 990 for image_id in chosen} == {True, False}


def test_few_possible_subsamples_are_distinct_or_refused():
    manifest = toy(3, 60, False)
    chosen = [frozenset(make_split(manifest, Scheme(), index=i, fraction=0.06).ids("train")) for i in range(12)]
    assert len(set(chosen)) == 12
    with pytest.raises(DataError, match=r"Subsamples are distinct, but \d+ training images have no \d+ distinct ones"):
        make_split(toy(3, 20, False), Scheme(validation=0.4), index=60, fraction=0.01)


def test_a_part_without_a_class_is_an_error():
    manifest = toy(1, 30, False)
    table = manifest.table.assign(label=[1] + [0] * 29)
    with pytest.raises(DataError, match=r"every part of a split has images of every class, but .* has no 'melanoma'"):
        make_split(
            Manifest(name="toy", root=None, table=table, classes=("a", "melanoma")), Scheme(), index=0, fraction=1
        )


def test_a_split_is_written_and_read_with_its_digest(tmp_path):
    split = make_split(datasets.load(DataRef(source="synthetic")), Scheme(), index=0, fraction=0.1)
    split.write(tmp_path / "splits" / "0-0.1.csv")
    assert Split.read(tmp_path / "splits" / "0-0.1.csv").digest == split.digest
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="got another file"):
        Split.read(tmp_path / "x.csv")
    with pytest.raises(DataError, match="cannot be read"):
        Split.read(tmp_path / "y.csv")
