"""Several small trials on one device, each a process of its own: images per second of all of them together."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.models import model
from trainables.devices.precision import pick_device, prepare
from trainables.training.step import Stepper

ROOT = Path(__file__).parents[2]
START_SECONDS = 120  # until a process has its context and its first steps


def rows(backbone: str, size: int, batch: int, seconds: float, counts: tuple[int, ...]) -> list[dict]:
    """A row for each number of processes, with the gain over one."""
    found: list[dict] = []
    for count in counts:
        rate = _together(count, [backbone, str(size), str(batch), str(seconds)], seconds)
        first = found[0]["images/s"] if found else rate
        what = f"{backbone}, {size} px, batch {batch}: {count} trial{'s' * (count > 1)} on one device"
        found.append({"what": what, "images/s": rate, "against one": f"{rate / first:.2f}×"})
    return found


def _together(count: int, arguments: list[str], seconds: float) -> float:
    """Images per second of `count` processes that train at the same time."""
    command = [sys.executable, "-m", "tests.benchmarks.gpu_sharing", *arguments]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(count)]
    try:
        for child in children:
            assert child.stdout is not None
            if child.stdout.readline().strip() != "ready":
                raise RuntimeError(f"a process of {count} ended before it trained")
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        return sum(float(child.communicate(timeout=seconds + START_SECONDS)[0]) for child in children)
    finally:
        for child in children:
            child.kill()
            child.wait()


def _train(backbone: str, size: int, batch: int, seconds: float) -> None:
    """Say `ready`, wait for a line, train for `seconds`, and say the images per second."""
    device = pick_device()
    prepare(device, 1)
    made = model(backbone, size).to(device).train()
    stepper = Stepper(made, torch.optim.SGD(made.parameters(), lr=0.01, momentum=0.9), device)
    images = np.random.default_rng(0).integers(0, 255, (batch, size, size, 3), dtype=np.uint8)
    labels = np.arange(batch) % 2

    def steps(count: int) -> None:
        for _ in range(count):
            stepper.step(images, labels)
        if device.type == "cuda":
            torch.cuda.synchronize()

    steps(5)
    print("ready", flush=True)
    sys.stdin.readline()
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        steps(5)
        done += 5 * batch
    print(done / (time.perf_counter() - started))


if __name__ == "__main__":
    _train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
