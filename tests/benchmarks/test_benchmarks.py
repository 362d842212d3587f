"""That benchmarks run and write what they should; not what they measure."""

import json
import time

import pytest
import torch

from tests.benchmarks import __main__ as main
from tests.benchmarks import document, gpu, gpu_sharing, images, pairs, step_memory


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


def test_the_parts_of_the_gpu_benchmark_run_on_the_cpu(monkeypatch):
    """Their numbers mean nothing there; their code is what a GPU runs. The whole study is a test of its own."""
    monkeypatch.delenv("SKIN_BENCH_IMAGES", raising=False)
    left = ("study", "compile", "several trials")  # each takes a minute of its own
    chosen = {name: part for name, part in gpu.parts(gpu.TINY).items() if not any(word in name for word in left)}
    rows = gpu._measured(chosen, torch.device("cpu"), time.monotonic() + 300)
    assert [row for row in rows if "failed" in row] == []
    found = {row["what"]: row for row in rows}
    assert found["test_resnet, 32 px: losses of 10 steps"]["largest relative difference"] == 0
    assert found["test_vit, 32 px: fine-tuning"]["images/s"] > 0
    assert "%" in found["test_resnet, 32 px: TTA-3, views"]["share of the limit"]


@pytest.mark.slow
def test_trials_that_share_a_device_train_at_the_same_time():
    rows = gpu_sharing.rows(*gpu.TINY.shared)
    assert [row["what"].rpartition(": ")[2] for row in rows] == ["1 trial on one device", "2 trials on one device"]
    assert all(row["images/s"] > 0 for row in rows)


def test_a_trial_of_few_weights_holds_states_of_few_weights():
    device = torch.device("cpu")
    rows = {row["what"].rpartition(" ")[2]: row for row in step_memory.rows(("test_vit",), 32, 2, device)}
    states, kept = "gradients and states of the trained, MB", "kept for the backward pass, MB"
    assert rows["linear"][states] < rows["bitfit"][states] < rows["lora"][states] < rows["ft"][states] / 2
    assert rows["linear"][kept] == 0
    assert rows["bitfit"][kept] < rows["ft"][kept]


def test_a_part_that_fails_or_comes_too_late_is_said_and_the_others_go_on():
    def broken(device, folder):
        raise RuntimeError("no memory")

    def whole(device, folder):
        return [{"what": "whole", "images/s": 1.0}]

    rows = gpu._measured({"a": broken, "b": whole}, torch.device("cpu"), time.monotonic() + 60)
    assert rows == [{"what": "a", "failed": "RuntimeError: no memory"}, {"what": "whole", "images/s": 1.0}]
    assert gpu._measured({"b": whole}, torch.device("cpu"), 0.0)[0]["failed"] == "not measured: the time was over"


def test_without_a_gpu_the_numbers_are_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(gpu, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(gpu, "_measured", lambda *_: [])
    found = gpu.run(short=True)
    assert {row["found"] for row in found["rows"]} == {"not measured: no GPU here"}
    assert "resnet50: fine-tuning, TTA, frozen features" in {row["what"] for row in found["rows"]}
    assert "missing" in found["note"]
