"""The audit: it finds each kind of leak, and nothing where there is none."""

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.audit import audit, near_pairs, parts_of
from datasets.audit.balance import balance
from datasets.audit.near import DISTANCE, hashes
from datasets.base.manifest import COLUMNS, Manifest
from datasets.cache.build_store import perceptual_hash
from datasets.drawing.sets import COLLECTIONS
from datasets.splits.make import make_split
from datasets.splits.split import Scheme


def manifest(rows, name="toy"):
    table = pd.DataFrame({column: [None] * len(rows) for column in COLUMNS})
    for position, (image_id, lesion, patient, label) in enumerate(rows):
        table.loc[position, ["image_id", "lesion_id", "patient_id", "label"]] = [image_id, lesion, patient, label]
    table = table.assign(path=table["image_id"], label=table["label"].astype("int64"))
    return Manifest(name=name, root="/r", table=table, classes=("benign", "melanoma"))


def content(ids, shas, phashes):
    return pd.DataFrame({"image_id": ids, "sha256": shas, "phash": phashes})


ROWS = [("a", "L1", "P1", 1), ("b", "L1", "P1", 1), ("c", "L2", "P1", 0), ("d", "L3", "P2", 0), ("e", None, None, 0)]
CLEAN = {"train": ["a", "b", "c"], "validation": ["d"], "test": ["e"]}
FAR = ["0" * 64, "f" * 64, "f" * 32 + "0" * 32, "0" * 32 + "f" * 32, "ff00" * 16]


def keys(found, severity="error"):
    return {finding.key: finding.count for finding in found if finding.severity == severity}


def test_a_clean_split_has_nothing_but_notes():
    found = audit(manifest(ROWS), {"0": CLEAN}, {}, {"train": content(list("abcde"), list("12345"), FAR)})
    assert keys(found) == keys(found, "warning") == {}
    assert keys(found, "note") == {"ungrouped:train": 1}
    assert found[0].message == "1 of 5 train images have no known lesion or patient: each counts alone."


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            {"train": ["a"], "validation": ["d"], "test": ["b"]},
            {"lesion_overlap:train-test": 1, "patient_overlap:train-test": 1},
        ),
        ({"train": ["a", "b"], "validation": ["c"], "test": ["e"]}, {"patient_overlap:train-validation": 1}),
        (
            {"train": ["a"], "validation": ["d"], "test": ["d"]},
            {f"{kind}_overlap:validation-test": 1 for kind in ("image", "lesion", "patient")},
        ),
    ],
)
def test_each_kind_of_overlap_between_parts_is_counted(parts, expected):
    found = audit(manifest(ROWS), {"0": parts}, {})
    assert keys(found) == expected


def test_the_message_counts_the_positive_class():
    found = audit(manifest(ROWS), {"0": {"train": ["a"], "validation": ["d"], "test": ["b", "e"]}}, {})
    assert found[0].message == "1 of 2 test images (1 of 1 melanoma) show a lesion that is also in train."


def test_copies_and_near_duplicates_are_found_by_content():
    near = "1" + FAR[0][1:]
    train = content(list("abcde"), ["1", "2", "3", "1", "5"], [FAR[0], FAR[1], FAR[2], FAR[0], near])
    found = audit(manifest(ROWS), {"0": CLEAN}, {}, {"train": train})
    assert keys(found) == {
        "copies:train-validation": 1,
        "near_duplicates:train-test": 1,
        "near_duplicates:validation-test": 1,
    }
    assert "look the same as one in train (1 of them by no known common lesion)" in found[1].message
    assert keys(found, "warning") == {
        "label_conflict:copies": 1,
        "label_conflict:near_duplicates": 2,
        "copies_across_lesions:train": 1,
    }


def test_duplicates_by_their_pixels_are_leaks_and_lookalikes_are_told():
    rows = [("a", "L1", None, 1), ("b", "L2", None, 1), ("c", "L3", None, 0), ("d", None, None, 0)]
    parts = {"train": ["a", "b"], "validation": ["c"], "test": ["d"]}
    hashes = content(list("abcd"), list("1234"), FAR[:4])
    outside = manifest([("x", None, None, 1), ("y", None, None, 0)], "outside")
    other = content(["x", "y"], ["8", "9"], ["0f" * 32, "3c" * 32])
    found = audit(
        manifest(rows),
        {"0": parts},
        {"outside": outside},
        {"train": hashes, "outside": other},
        duplicates={
            "train": pd.DataFrame({"image_id": ["a", "b"], "other_id": ["d", "c"], "kind": ["copy", "copy"]}),
            "outside": pd.DataFrame({"image_id": ["x", "y"], "other_id": ["b", "c"], "kind": ["copy", "photograph"]}),
        },
    )
    assert keys(found) == {"near_duplicates:train-test": 1, "near_duplicates:train-outside": 1}
    assert keys(found, "warning") == {
        "copies_across_lesions:train": 1,
        "lookalikes:train-validation": 1,  # a copy by its pixels that the release calls another lesion
        "lookalikes:validation-outside": 1,
        "label_conflict:near_duplicates": 1,
    }
    told = {finding.key: finding.message for finding in found}
    assert told["lookalikes:validation-outside"].startswith("1 of 2 outside images (0 of 1 melanoma) look like another")


def test_external_sets_are_compared_with_training_and_validation():
    other = manifest([("x", "L1", "P1", 0), ("y", "L9", "P9", 1), ("a", "L8", "P8", 0)], name="elsewhere")
    contents = {
        "train": content(list("abcde"), list("12345"), FAR),
        "elsewhere": content(["x", "y"], ["1", "9"], [FAR[0], "0" * 63 + "3"]),
    }
    found = audit(manifest(ROWS), {"0": CLEAN}, {"elsewhere": other}, contents)
    # ids of another source mean nothing; its bytes do
    assert keys(found) == {"copies:train-elsewhere": 1, "near_duplicates:train-elsewhere": 1}
    assert keys(found, "note")["unread:elsewhere"] == 1
    same = audit(manifest(ROWS, "derm7pt_dermoscopic"), {"0": CLEAN}, {"clinical": manifest(ROWS, "derm7pt_clinical")})
    assert keys(same)["lesion_overlap:train-clinical"] == 3


def test_identical_subsamples_are_named():
    chosen = {"1": frozenset("ab"), "2": frozenset("ac"), "3": frozenset("ab")}
    found = audit(manifest(ROWS), {"0": CLEAN}, {}, {}, {0.1: chosen, 0.01: {"1": frozenset("a"), "2": frozenset("b")}})
    assert [finding.message for finding in found if finding.severity == "error"] == [
        "10 % subsamples 1 and 3 are identical."
    ]


def test_a_lesion_under_two_labels_is_a_warning():
    found = audit(manifest([*ROWS, ("f", "L1", "P1", 0)]), {"0": CLEAN}, {})
    assert [finding.message for finding in found if finding.severity == "warning"] == [
        "1 lesions have images of different classes (the first: L1)."
    ]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(0, 80))
def test_the_search_for_near_hashes_is_exact(seed, bits):
    random = np.random.default_rng(seed)
    left = random.integers(0, 2**63, (40, 4), dtype=np.uint64)
    right = left[random.permutation(40)].copy()
    for row in right:
        for bit in random.choice(256, random.integers(0, bits + 1), replace=False):
            row[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    found = set(zip(*(side.tolist() for side in near_pairs(left, right)), strict=True))
    distance = np.bitwise_count(left[:, None] ^ right[None]).sum(axis=2)
    assert found == set(zip(*(side.tolist() for side in np.nonzero(distance <= DISTANCE)), strict=True))


def test_a_picture_is_found_again_in_another_size_coding_and_light_and_others_are_not():
    pictures = [COLLECTIONS["synthetic"].draw(patient, 1, 1) for patient in range(12)]
    again = []
    for pixels in pictures:
        small = cv2.resize(pixels, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        coded = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
        again.append(np.clip(coded * 0.9 + 12, 0, 255).astype(np.uint8))
    first, second = (hashes(pd.Series([perceptual_hash(pixels) for pixels in side])) for side in (pictures, again))
    i, j = near_pairs(first, second)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [(row, row) for row in range(12)]


def test_balance_counts_classes_and_subgroups():
    toy = manifest(ROWS)
    table = toy.table.assign(age=[10, 40, 69, 70, None], sex=["male", None, "female", "male", "male"])
    counts = balance({"train": (Manifest(name="t", root=None, table=table, classes=toy.classes), list("abcd"))})
    whole = counts[counts["subgroup"] == "all"].iloc[0]
    assert whole[["images", "lesions", "patients", "benign", "melanoma"]].tolist() == [4, 3, 2, 2, 2]
    ages = counts[counts["subgroup"] == "age"].set_index("value")["images"].to_dict()
    assert ages == {"0–29": 1, "30–49": 1, "50–69": 1, "70+": 1}
    assert counts[counts["subgroup"] == "sex"].set_index("value")["melanoma"].to_dict() == {
        "female": 0,
        "male": 1,
        "unknown": 1,
    }


def test_drawn_splits_pass():
    import datasets
    from datasets.base.manifest import DataRef

    toy = datasets.load(DataRef(source="synthetic"))
    splits = {str(index): parts_of(make_split(toy, Scheme(), index=index, fraction=1.0)) for index in range(3)}
    assert keys(audit(toy, splits, {"other": datasets.load(DataRef(source="synthetic_device"))})) == {}
