"""The columns that hold scores."""

from datasets.base.score_columns import SD, score_columns, scored_classes


def test_two_classes_have_one_column_and_more_have_one_each():
    assert score_columns(["benign", "melanoma"]) == ["score"]
    assert score_columns(["a", "b", "c"]) == ["score.a", "score.b", "score.c"]
    assert score_columns(["a", "b", "c"], SD) == ["score_sd.a", "score_sd.b", "score_sd.c"]


def test_a_table_says_its_classes_in_their_order():
    assert scored_classes(["image_id", "label", "score.NV", "score.MEL", "score_sd.NV", "n_copies"]) == ("NV", "MEL")
    assert scored_classes(["image_id", "label", "score", "score_sd"]) == ()
