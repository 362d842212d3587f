"""That benchmarks run and write what they should; not what they measure."""

import json

import pytest
import torch

from tests.benchmarks import __main__ as main
from tests.benchmarks import document, gpu, images, pairs


def test_ratios_are_taken_turn_by_turn_and_the_order_alternates():
    order = []
    spent = pairs.in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, turns=2)
    assert order == ["a", "b", "a", "b", "b", "a"]
    assert [len(taken) for taken in spent.values()] == [2, 2]
    assert pairs.ratios([4.0, 9.0, 8.0], [1.0, 3.0, 1.0]) == [3.0, 4.0, 8.0]
    assert pairs.times([3.0, 4.0, 8.0]) == "4× (3–8)"


def test_the_document_keeps_what_was_not_measured_again(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "DOCS", tmp_path)
    monkeypatch.setattr(document, "RECORD", tmp_path / "benchmarks.json")
    monkeypatch.setattr(document, "DOCUMENT", tmp_path / "benchmarks.md")

    def found(title):
        return {"title": title, "rows": [{"what": "x|y", "s": 0.123456}], "note": "n", "form": "short"} | {
            "seconds": 1,
            "machine": "m",
        }

    document.write({"one": found("One"), "two": found("Two")}, complete={"one", "two"})
    document.write({"two": found("Again")}, complete={"one", "two"})
    text = (tmp_path / "benchmarks.md").read_text()
    assert "## One" in text
    assert "## Again" in text
    assert "## Two" not in text
    assert "| x\\|y | 0.1235 |" in text
    document.write({}, complete={"two"})
    assert list(json.loads((tmp_path / "benchmarks.json").read_text())) == ["two"]


def test_benchmarks_are_found_by_their_run():
    assert {"views", "tta", "step", "start", "gpu"} <= set(main.names())
    assert not {"pairs", "document", "images"} & set(main.names())


def test_a_benchmark_that_hangs_or_fails_is_ended_and_said(monkeypatch):
    monkeypatch.setitem(main.LIMIT_SECONDS, "short", 1)
    monkeypatch.setattr(main, "CHILD", "import time; time.sleep(60)")
    assert main.measure("views", "short") == "stopped after 1 s, the limit of the short form"
    monkeypatch.setitem(main.LIMIT_SECONDS, "short", 60)
    monkeypatch.setattr(main, "CHILD", "raise SystemExit(3)")
    assert main.measure("views", "short") == "ended with exit code 3"


def test_too_few_images_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIN_BENCH_IMAGES", str(tmp_path))
    with pytest.raises(SystemExit, match="needs 3 JPEGs, got 0 in"):
        images.jpegs("600×450", 3, tmp_path)


def test_the_gpu_benchmark_runs_on_the_cpu(tmp_path, monkeypatch):
    """Its numbers mean nothing there; its code is what a GPU runs."""
    monkeypatch.delenv("SKIN_BENCH_IMAGES", raising=False)
    monkeypatch.setattr(gpu, "BATCH", 4)
    monkeypatch.setattr(gpu, "COPIES", 3)
    store = gpu._Repeated(images.cached(images.jpegs("600×450", 1, tmp_path), 40), rows=8)
    training, copies = gpu.measure("test_resnet", 32, store, torch.device("cpu"), tmp_path, 1, 1)
    assert training["images/s"] > 0
    assert "%" in copies["share of the limit"]


def test_without_a_gpu_the_number_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = gpu.run(short=True)
    assert found["rows"][0]["images/s"] == "not measured: no GPU here"
    assert "missing" in found["note"]
