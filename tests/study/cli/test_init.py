"""`study init`: from a folder to a spec that `study plan` takes, without writing among the images."""

import pytest
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from study.plan import fairness_rules
from study.plan.cells import plan
from study.preparation import manifests
from study.preparation.budgets import BUDGETS
from study.spec.loading import load_spec
from tests.datasets import releases
from tests.datasets.releases import picture


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "my images"
    for part in ("train", "test"):
        for word in ("Melanoma", "Nevus ", "Odd"):
            for number in range(4):
                picture(root / part / word / f"{number} (1).JPG", number)
    return root


def init(*arguments):
    result = CliRunner().invoke(app, ["init", *map(str, arguments)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.parametrize("budget", BUDGETS)
def test_every_budget_gives_a_spec_that_plan_takes(budget, folder, tmp_path):
    before = sorted(folder.rglob("*"))
    said = init(folder, "--out", tmp_path / "mine.yaml", "--budget", budget)
    assert "'Odd' (8 images) is left out" in said
    assert "8 benign, 8 melanoma, 8 left out" in said
    assert "the rarer class has 8 images, about 2 of them in a test part: too few to conclude from" in said
    assert "study run" in said
    spec = load_spec(tmp_path / "mine.yaml")
    fairness_rules.check(plan(spec))
    assert [test.name for test in spec.tests] == ["held_out", "test_part"]
    train, test = manifests.load_manifest(spec.train), manifests.load_manifest(spec.tests[1])
    assert train.table["label"].value_counts().to_dict() == {0: 4, 1: 4, -1: 4}
    assert set(train.table["image_id"]).isdisjoint(test.table["image_id"])
    assert (train.root, test.root) == (str(folder), str(folder))
    assert sorted(folder.rglob("*")) == before


def test_a_release_is_read_by_its_own_source(tmp_path):
    (tmp_path / "isic").mkdir()
    init(releases.isic2019(tmp_path / "isic"), "--out", tmp_path / "mine.yaml")
    spec = load_spec(tmp_path / "mine.yaml")
    assert (spec.train.source, spec.train.allow_missing) == ("isic2019", True)
    assert [test.name for test in spec.tests] == ["isic2019_test"]
    assert len(manifests.load_manifest(spec.train)) == 8
    assert not (tmp_path / "mine-data").exists()


def test_answers_change_what_words_count_as(folder, tmp_path):
    said = init(folder, "--out", tmp_path / "mine.yaml", "--counts-as", "Odd=nevus")
    assert "unsure" not in said
    assert "16 benign, 8 melanoma" in said


def test_nothing_is_overwritten_or_written_among_the_images_unasked(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(StudyError, match="writes nothing among the images unasked"):
        init(folder)
    init(folder, "--out", folder / "mine.yaml")  # asked for
    with pytest.raises(StudyError, match="overwrites nothing"):
        init(folder, "--out", folder / "mine.yaml")


def test_bad_options_are_one_error(folder, tmp_path):
    with pytest.raises(StudyError, match="A budget is one of small, laptop, cluster, got 'huge'"):
        init(folder, "--budget", "huge")
    with pytest.raises(StudyError, match="--counts-as has the form WORD=DIAGNOSIS"):
        init(folder, "--counts-as", "Odd")
    with pytest.raises(StudyError, match=r"looks at a folder of images, but .*nowhere is not there"):
        init(tmp_path / "nowhere", "--out", tmp_path / "mine.yaml")
