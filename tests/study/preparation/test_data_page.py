"""Decoding ahead, and the page about the data."""

import re

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from study.preparation import data_page
from study.preparation.decode_on_nodes import prepare
from tests.datasets.releases import picture
from tests.study import example_study


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_prepare_decodes_once_and_says_what(tmp_path):
    spec = example_study.spec()
    said = []
    first = prepare(spec, say=said.append)
    assert [each.name for each in first] == ["synthetic", "synthetic_device"]
    assert any(line.startswith("decode data=synthetic_device done=") for line in said)
    again = prepare(spec, say=lambda line: pytest.fail(f"decoded again: {line}"))
    assert [each.images for each in again] == [each.images for each in first]


def test_prepare_lists_the_faults_of_all_data_sets_at_once(tmp_path):
    for name in ("one", "two"):
        for number in range(3):
            picture(tmp_path / name / "nevus" / f"{name}{number}.jpg", number)
        (tmp_path / name / "nevus" / f"{name}1.jpg").write_bytes(b"GIF89a")
    train = {"source": "folder", "root": str(tmp_path / "one")}
    test = {"name": "two", "source": "folder", "root": str(tmp_path / "two")}
    with pytest.raises(StudyError) as error:
        prepare(example_study.spec(train=train, tests=[test]))
    assert "nevus/one1.jpg (the content is none of" in str(error.value)
    assert "nevus/two1.jpg (the content is none of" in str(error.value)
    train["on_bad_image"] = test["on_bad_image"] = "skip"
    assert [each.skipped for each in prepare(example_study.spec(train=train, tests=[test]))] == [1, 1]


def test_the_page_shows_every_set_and_class_and_fetches_nothing(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(example_study.raw(question="Is it <b>fair</b>?")))
    done = CliRunner().invoke(app, ["data", "show", str(path), "--out", str(tmp_path / "data.html")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "data.html").read_text()
    assert "Is it &lt;b&gt;fair&lt;/b&gt;?" in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    for title in ("train, melanoma:", "validation, benign:", "test, melanoma:"):
        assert title in page
    assert page.count("data:image/jpeg;base64,") == 8 * (3 * 2 + 2)
    assert "104 × 80" in page
    assert "skin_tone" in page


def test_sizes_beyond_the_most_frequent_are_counted_together():
    index = pd.DataFrame({"native_width": [10] * 5 + list(range(20, 40)), "native_height": 8})
    sizes = data_page.sizes(index)
    assert (sizes[0].name, sizes[0].images) == ("10 × 8", 5)
    assert sizes[-1].name == "9 other sizes"
    assert sum(size.images for size in sizes) == 25
    assert max(size.share for size in sizes) == 1
