"""Contradictions in the tables, and what is published about images that releases share."""

import pandas as pd
import pytest

from datasets import sources
from datasets.audit import audit
from datasets.audit.conflict_table import conflict_table
from datasets.audit.known_overlaps import known_overlaps
from datasets.base.manifest import COLUMNS, Manifest


def manifest(name, rows):
    """Rows of image, lesion, patient, label, sex, age."""
    table = pd.DataFrame({column: [None] * len(rows) for column in COLUMNS})
    facts = ["image_id", "lesion_id", "patient_id", "label", "sex", "age"]
    for position, row in enumerate(rows):
        table.loc[position, facts] = row
    table = table.assign(path="x", label=table["label"].astype("int64"), age=table["age"].astype("float64"))
    return Manifest(name=name, root="/r", table=table, classes=("benign", "melanoma"))


TRAIN = manifest(
    "isic2019",
    [
        ("I1", "L1", None, 0, "male", 50),
        ("I2", "L1", None, 1, "female", 50),
        ("I3", "L2", "P1", 0, "male", 30),
        ("I4", "L2", "P1", 0, "female", 55),
        ("I5", None, "P2", -1, None, None),
        ("I6", None, "P2", 0, "male", 40),
    ],
)
TEST = manifest("isic2020", [("I6", None, None, 1, "male", 40), ("I7", "L3", None, 0, "male", 40)])


def test_every_contradiction_is_a_row():
    table = conflict_table({"train": TRAIN, "test": TEST})
    assert table.to_numpy().tolist() == [
        ["image under two labels", "I6", "benign and melanoma", "I6"],
        ["lesion under two labels", "L1", "benign and melanoma", "I1, I2"],
        ["lesion of two sexes", "L1", "female and male", "I1, I2"],
        ["lesion of two sexes", "L2", "female and male", "I3, I4"],
        ["patient of two sexes", "P1", "female and male", "I3, I4"],
        ["lesion at impossible ages", "L2", "30 and 55 years", "I3, I4"],
    ]
    assert conflict_table({"test": TEST}).empty


def test_contradictions_are_warnings_of_the_audit():
    parts = {"train": ["I1", "I2", "I3", "I4"], "validation": ["I6"], "test": []}
    found = {finding.key: finding for finding in audit(TRAIN, {"0": parts}, {})}
    assert found["sex_conflict:patients"].message == "1 patients are of two sexes (the first: P1)."
    assert found["sex_conflict:lesions"].count == 2
    assert found["age_conflict:lesions"].severity == "warning"


@pytest.mark.parametrize(
    ("other", "compared", "severity"),
    [
        ("bcn20000", False, "error"),
        ("bcn20000", True, "note"),
        ("isic2020", False, "warning"),
        ("ham10000", False, "note"),
        ("pad_ufes_20", False, None),
    ],
)
def test_what_is_published_is_told_without_images(other, compared, severity):
    test = manifest(other, [("B1", None, None, 0, None, None)])
    pairs = pd.DataFrame({"image_id": [], "other_id": [], "kind": [], "transform": []})
    found = audit(
        TRAIN,
        {"0": {"train": [], "validation": [], "test": []}},
        {"there": test},
        duplicates={"there": pairs} if compared else None,
    )
    told = [finding for finding in found if finding.key == "known_overlap:train-there"]
    assert [finding.severity for finding in told] == ([severity] if severity else [])
    if other == "bcn20000":
        assert "doi 10.1038/s41597-024-03387-w" in told[0].message


def test_known_overlaps_name_known_sources_and_whoever_says_so():
    assert len({overlap.sets for overlap in known_overlaps()}) == len(known_overlaps())
    for overlap in known_overlaps():
        assert overlap.sets <= set(sources.names())
        assert overlap.ids in ("same", "partly", "other")
        assert overlap.source
