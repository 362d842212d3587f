"""Getting a release: by a stand-in for the archive's client, by hand, and what is written and checked. No network."""

import json
import stat
import sys

import pandas as pd
import pytest

from datasets.base.errors import DataError
from datasets.download import get, isic_client, publications
from datasets.download.croissant import RECORD, TABLE
from datasets.sources import SOURCES
from tests.datasets import releases

CLIENT = """#!{python}
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from tests.datasets import releases
assert sys.argv[1:5] == ["image", "download", "--collections", "{collection}"], sys.argv
if {code}:
    raise SystemExit({code})
to = Path(sys.argv[5])
releases.isic_archive(to)
"""


@pytest.fixture
def client(tmp_path, monkeypatch):
    """A program in place of `isic`, which answers for one collection."""

    def make(collection, code=0):
        path = tmp_path / "isic"
        path.write_text(CLIENT.format(python=sys.executable, path=sys.path, collection=collection, code=code))
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setattr(isic_client, "program", lambda: str(path))

    return make


def test_a_collection_is_downloaded_checked_and_described(tmp_path, client):
    client(17)
    to, said = tmp_path / "data", []
    found = get("isic_archive", to, collection=17, say=said.append)
    assert found.source == "isic_archive"
    assert said[0] == f"downloading collection 17 of the ISIC archive into {to}"
    sums = (to / "SHA256SUMS").read_text().splitlines()
    assert len(sums) == found.files == len(list(to.rglob("*.jpg"))) + 1  # the table too
    record = json.loads((to / RECORD).read_text())
    assert record["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    table = pd.read_csv(to / TABLE)
    assert len(table) == found.images
    assert {f"{sha}  {path}" for sha, path in zip(table["sha256"], table["path"], strict=True)} <= set(sums)
    assert [field["name"] for field in record["recordSet"][0]["field"]] == list(table.columns)


def test_a_second_time_nothing_is_downloaded_and_every_file_is_compared(tmp_path, client):
    client(17)
    to = tmp_path / "data"
    get("isic_archive", to, collection=17)
    client(17, code=3)  # would fail
    assert get("isic_archive", to, collection=17).files
    picture = next(to.rglob("*.jpg"))
    picture.write_bytes(picture.read_bytes() + b"x")
    with pytest.raises(DataError, match=f"{picture.name} holds other bytes"):
        get("isic_archive", to, collection=17)


def test_a_client_that_fails_or_is_missing_is_said(tmp_path, client, monkeypatch):
    client(251, code=3)
    with pytest.raises(DataError, match="exit code 3"):
        get("hiba", tmp_path / "data")
    monkeypatch.setattr(isic_client, "program", lambda: None)
    with pytest.raises(DataError, match=r"skin-lesion-study\[archive\].*collections/251/ by hand"):
        get("hiba", tmp_path / "data")
    with pytest.raises(DataError, match=r"ISIC_2019_Training_Input.zip.*from https://challenge.isic-archive.com"):
        get("isic2019", tmp_path / "data")


def test_what_no_client_has_is_fetched_by_hand_and_then_checked(tmp_path):
    with pytest.raises(DataError, match=r"fetch imgs_part_1.zip, .* from https://doi.org/10.17632/zr7vgbcyr2.1"):
        get("pad_ufes_20", tmp_path / "data")
    to = tmp_path / "there"
    to.mkdir()
    releases.pad_ufes_20(to)
    with pytest.raises(DataError, match="the tables list 4 images where the official release has 2298"):
        get("pad_ufes_20", to)
    assert (to / "SHA256SUMS").exists()  # what is there is recorded before it is judged


def test_every_release_names_a_source_a_page_and_a_licence():
    for name, each in publications().items():
        assert name in SOURCES
        assert each.page.startswith("https://")
        assert each.licence
    drawn_or_own = {"folder", "csv", "indexed"} | {name for name in SOURCES if name.startswith("synthetic")}
    assert set(SOURCES) - drawn_or_own <= set(publications())


def test_an_unknown_release_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(DataError, match=r"ham1000.*ham10000"):
        get("ham1000", tmp_path)
