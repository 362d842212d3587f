"""Images are chosen by their scores alone."""

from __future__ import annotations

import pandas as pd

from study.evaluation.qualitative.choose import (
    confident_errors,
    confident_errors_of_classes,
    mean_scores,
    telling,
    telling_of_classes,
)


def predictions() -> pd.DataFrame:
    """Two methods, two replicates; `a` and `b` are positive."""
    scores = {"a": (0.9, 0.8), "b": (0.2, 0.1), "c": (0.7, 0.9), "d": (0.1, 0.6), "e": (0.1, 0.1)}
    return pd.DataFrame(
        [
            {"dataset": "set", "image_id": image, "label": int(image in "ab"), "method": method, "score": score + shift}
            for image, both in scores.items()
            for method, score in zip(("one", "two"), both, strict=True)
            for shift in (-0.05, 0.05)
        ]
    )


def test_scores_are_means_over_replicates() -> None:
    scores = mean_scores(predictions(), "set").set_index("image_id")
    assert scores.loc["c", "two"] == 0.9
    assert len(mean_scores(predictions(), "other")) == 0


def test_telling_images() -> None:
    found = telling(mean_scores(predictions(), "set"), "set")
    assert [(item.why, item.image_id) for item in found] == [
        ("seen best", "a"),
        ("missed most", "b"),
        ("worst false alarm", "c"),
        ("methods disagree most", "d"),
    ]
    assert found[0].scores.keys() == {"one", "two"}


def test_confident_errors_are_errors() -> None:
    found = confident_errors(mean_scores(predictions(), "set"), "set", "two")
    assert [(item.why, item.image_id) for item in found] == [
        ("missed", "b"),
        ("false alarm", "c"),
        ("false alarm", "d"),
    ]


def test_a_set_without_positives_has_no_missed_image() -> None:
    benign = predictions().query("label == 0")
    assert [item.why for item in telling(mean_scores(benign, "set"), "set")] == [
        "worst false alarm",
        "methods disagree most",
    ]


def many() -> pd.DataFrame:
    """Two methods on four images of three classes: the probability of the own class, and the highest other."""
    own = {"a": (0.9, 0.8), "b": (0.2, 0.1), "c": (0.5, 0.1), "d": (0.6, 0.6)}
    return pd.DataFrame(
        [
            {"dataset": "set", "image_id": image, "label": place % 3, "method": method, "score": score,
             "rival": 0.9 * (1 - score)}
            for place, (image, both) in enumerate(own.items())
            for method, score in zip(("one", "two"), both, strict=True)
        ]
    )  # fmt: skip


def test_of_many_classes_the_own_class_counts() -> None:
    found = telling_of_classes(mean_scores(many(), "set"), "set")
    assert [(item.why, item.image_id, item.label) for item in found] == [
        ("seen best", "a", 0),
        ("missed most", "b", 1),
        ("methods disagree most", "c", 2),
    ]


def test_an_error_among_many_classes_is_another_class_that_is_more_probable() -> None:
    scores, rivals = mean_scores(many(), "set"), mean_scores(many(), "set", "rival")
    one = confident_errors_of_classes(scores, rivals, "set", "one")
    assert [(item.image_id, item.scores) for item in one] == [("b", {"one": 0.2})]
    two = confident_errors_of_classes(scores, rivals, "set", "two")
    assert [item.image_id for item in two] == ["b", "c"]
