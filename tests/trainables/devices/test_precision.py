import json
import os
from types import SimpleNamespace

import pytest
import torch

from trainables.devices import bfloat16, precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A machine that was never asked."""
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path))
    bfloat16.pays_on_this_cpu.cache_clear()
    yield tmp_path
    bfloat16.pays_on_this_cpu.cache_clear()


def test_a_cpu_without_instructions_computes_in_float32_and_is_not_timed(fresh, monkeypatch):
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: False)
    monkeypatch.setattr(bfloat16, "speedup", lambda: pytest.fail("timed"))
    assert precision.autocast_dtype(CPU) is None
    assert list(fresh.iterdir()) == []


@pytest.mark.parametrize(("speedup", "dtype"), [(2.1, torch.bfloat16), (1.1, None), (0.4, None)])
def test_bfloat16_where_it_clearly_wins(fresh, monkeypatch, speedup, dtype):
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: True)
    monkeypatch.setattr(bfloat16, "speedup", lambda: speedup)
    assert precision.autocast_dtype(CPU) is dtype


def test_a_machine_answers_once(fresh, monkeypatch):
    """Two runs of a study compute alike, however busy the machine is during the second."""
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: True)
    monkeypatch.setattr(bfloat16, "speedup", lambda: 2.0)
    assert bfloat16.pays_on_this_cpu()
    bfloat16.pays_on_this_cpu.cache_clear()  # another process
    monkeypatch.setattr(bfloat16, "speedup", lambda: 0.5)
    assert bfloat16.pays_on_this_cpu()
    (record,) = fresh.glob("bfloat16-*.json")
    assert json.loads(record.read_text()) == {"speedup": 2.0}


@pytest.mark.parametrize("content", [b"", b'{"speedup": 2', b"null", b"{}", b'{"speedup": "fast"}', b"\xff"])
def test_a_damaged_answer_is_asked_for_again(fresh, monkeypatch, content):
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: True)
    monkeypatch.setattr(bfloat16, "speedup", lambda: 2.0)
    assert bfloat16.pays_on_this_cpu()
    (record,) = fresh.glob("bfloat16-*.json")
    record.write_bytes(content)
    bfloat16.pays_on_this_cpu.cache_clear()  # another process
    assert bfloat16.pays_on_this_cpu()
    assert json.loads(record.read_text()) == {"speedup": 2.0}


def test_an_answer_is_written_whole_or_not_at_all(fresh, monkeypatch):
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: True)
    monkeypatch.setattr(bfloat16, "speedup", lambda: 2.0)

    def killed(*_places):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            bfloat16.pays_on_this_cpu()
    assert [path.suffix for path in fresh.iterdir()] in ([], [".lock"])
    assert bfloat16.pays_on_this_cpu()


def test_the_measurement_agrees_with_the_instructions():
    """Emulation loses on every machine; real instructions win, in the best of three tries where others compute too."""
    best = max(bfloat16.speedup() for _ in range(3))
    assert (best >= bfloat16.MARGIN) == bfloat16.has_instructions()


def test_the_measurement_leaves_no_trace():
    torch.manual_seed(0)
    expected, threads = torch.rand(1), torch.get_num_threads()
    torch.manual_seed(0)
    with torch.inference_mode():
        bfloat16.speedup()
    assert torch.rand(1) == expected
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [
        ((9, 0), torch.bfloat16),
        ((8, 0), torch.bfloat16),
        ((7, 5), torch.float16),
        ((7, 0), torch.float16),
        ((6, 1), None),
    ],
)
def test_gpus_compute_in_what_they_have_tensor_cores_for(monkeypatch, capability, dtype):
    precision._of_gpu.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert precision.autocast_dtype(GPU) is dtype
    precision._of_gpu.cache_clear()


@pytest.mark.parametrize(("pays", "words"), [(True, "cpu, bfloat16"), (False, "cpu, float32")])
def test_a_cpu_is_described_with_its_arithmetic(monkeypatch, pays, words):
    monkeypatch.setattr(precision, "pays_on_this_cpu", lambda: pays)
    assert precision.describe(CPU) == words


def test_threads_are_those_of_the_trial():
    before = torch.get_num_threads()
    precision.prepare(CPU, 3)
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


@pytest.mark.parametrize("repeatable", [False, True])
def test_a_gpu_computes_in_tf32_and_by_rule_where_asked(monkeypatch, repeatable):
    settings = SimpleNamespace(allow_tf32=False, benchmark=None)
    monkeypatch.setattr(torch.backends, "cudnn", settings)
    before, threads = torch.get_float32_matmul_precision(), torch.get_num_threads()
    precision.prepare(GPU, threads, repeatable=repeatable)
    assert torch.get_float32_matmul_precision() == "high"
    assert settings.allow_tf32
    assert settings.benchmark is not repeatable
    torch.set_float32_matmul_precision(before)


def test_the_context_is_plain_in_float32(fresh, monkeypatch):
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: False)
    with precision.autocast(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    monkeypatch.setattr(bfloat16, "has_instructions", lambda: True)
    monkeypatch.setattr(bfloat16, "speedup", lambda: 2.0)
    bfloat16.pays_on_this_cpu.cache_clear()
    with precision.autocast(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16


@pytest.mark.parametrize(
    ("told", "dtype"), [("float32", None), ("bfloat16", torch.bfloat16), ("float16", torch.float16)]
)
def test_a_study_computes_in_one_arithmetic_on_every_device(monkeypatch, told, dtype):
    monkeypatch.setattr(precision, "pays_on_this_cpu", lambda: told == "float32")
    threads = torch.get_num_threads()
    precision.prepare(CPU, threads, precision=told)
    assert precision.autocast_dtype(CPU) is dtype
    precision.prepare(CPU, threads)  # the next job of this process may be of another study
    assert precision.autocast_dtype(CPU) is (torch.bfloat16 if told == "float32" else None)
