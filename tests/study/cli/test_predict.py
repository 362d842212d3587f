"""`study predict`: scores of files of one's own."""

import re

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app

METHOD = "simclr:ft"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (40, 50, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), pixels)
    return folder


def predict(*arguments):
    result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_folder_is_scored_and_a_score_depends_on_the_picture_alone(small_study, pictures, tmp_path):
    (pictures / "._0.png").write_bytes(b"left behind by a Mac")
    said = predict(small_study, pictures, "--method", METHOD, "--out", tmp_path / "all.csv")
    assert "3 images scored by simclr:ft, trained on 100 % of the training images, re-training 1 of 2" in said
    assert "score: probability of melanoma, mean over" in said
    scores = pd.read_csv(tmp_path / "all.csv")
    assert scores["image"].tolist() == [str(pictures / f"{number}.png") for number in range(3)]
    assert scores["score"].between(0, 1).all()
    assert (scores["score_sd"] > 0).any()
    (tmp_path / "renamed.png").write_bytes((pictures / "2.png").read_bytes())
    predict(small_study, tmp_path / "renamed.png", "--method", METHOD, "--out", tmp_path / "one.csv")
    columns = ["score", "score_sd"]
    alone = pd.read_csv(tmp_path / "one.csv").loc[0, columns]
    assert alone.tolist() == scores.loc[2, columns].tolist()
    predict(small_study, pictures / "2.png", "--method", METHOD, "--copies", 1, "--out", tmp_path / "view.csv")
    assert pd.read_csv(tmp_path / "view.csv").loc[0, "score_sd"] == 0


def test_what_is_no_picture_is_named_and_nothing_is_written(small_study, pictures, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    for images, message in (
        ([pictures / "0.png", tmp_path / "bad.png"], "bad.png: the content is none of JPEG"),
        ([tmp_path / "gone.png"], "gone.png', which does not exist"),
    ):
        with pytest.raises(StudyError, match=re.escape(message)):
            predict(small_study, *images, "--method", METHOD, "--out", tmp_path / "scores.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="there are none in"):
        predict(small_study, tmp_path / "empty", "--method", METHOD, "--out", tmp_path / "scores.csv")
    with pytest.raises(StudyError, match="got 'byol:ft' at 1"):
        predict(small_study, pictures, "--method", "byol:ft", "--out", tmp_path / "scores.csv")
    assert not (tmp_path / "scores.csv").exists()
