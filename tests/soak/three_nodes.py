"""Three nodes on this machine, each with processes of its own: what a search waits for when they come and go.

    python -m tests.soak.three_nodes [--write]

A worker node is killed, another is added, and the head is killed and started again while a search runs. The search must
end as an undisturbed one; the times that it waited go into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from study.base.errors import StudyError
from study.cluster.lifetime import own_ray
from study.search.ray_tune.tuner import run_search
from study.store.directory import StudyDirectory
from tests.benchmarks.machine import describe
from tests.soak import reliability
from tests.study.search import crash
from tests.study.search.example_cells import job_maker
from tests.study.tracking.servers import free_port

TOY_SECONDS = "3.0"
Process = subprocess.Popen[bytes]


def drive(root: Path) -> int:
    """One driver, as `study run` would start it; returns its exit code."""
    own_ray.restart_when_lost()
    try:
        run_search(crash.crash_plan(), StudyDirectory(root), job_maker(root), train="tests.study.search.toys:train")
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


@dataclass
class Nodes(crash.Study):
    """A study, and the nodes that it runs on: a head and workers, each a process group."""

    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    nodes: list[Process] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        mine = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token, "TOY_SECONDS": TOY_SECONDS}
        return {**os.environ, **mine, "RAY_TMPDIR": str(self.root), "RAY_ADDRESS": f"127.0.0.1:{self.port}"}

    def add(self, *, head: bool = False) -> Process:
        """Start a node of one processor and wait until it is up."""
        ray = str(Path(sys.executable).with_name("ray"))
        where = ["--head", f"--port={self.port}"] if head else [f"--address=127.0.0.1:{self.port}"]
        more = ["--num-cpus=1", "--include-dashboard=false", "--node-ip-address=127.0.0.1", "--disable-usage-stats"]
        env = {name: value for name, value in self.environment().items() if name != "RAY_ADDRESS"}
        log = self.root / f"node-{len(self.nodes)}.txt"
        with log.open("wb") as out:
            node = subprocess.Popen(
                [ray, "start", *where, *(more if head else [m for m in more if "dashboard" not in m]), "--block"],
                env=env, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self.nodes.append(node)
        deadline = time.monotonic() + 120
        while "Ray runtime started" not in log.read_text(errors="replace"):
            assert node.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, "a node does not start"
            time.sleep(0.1)
        return node

    def kill(self, node: Process) -> float:
        """As a power cut would; returns when."""
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()
        return time.monotonic()

    def end(self) -> None:
        """Kill what still runs."""
        for node in self.nodes:
            if node.poll() is None:
                self.kill(node)

    def start(self) -> Process:
        command = [sys.executable, "-m", "tests.soak.three_nodes", "--drive", str(self.root)]
        with (self.root / "driver.txt").open("ab") as log:
            return subprocess.Popen(
                command, env=self.environment(), cwd=crash.ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def new_node(self, known: set[str]) -> set[str]:
        """Ids of nodes that have trained, but for those known."""
        return {line for path in self.root.rglob("nodes.txt") for line in path.read_text().split()} - known

    def wait_for(self, done, driver: Process, what: str) -> float:
        """Seconds until `done()`, while the driver runs."""
        started = time.monotonic()
        while not done():
            assert driver.poll() is None, f"{what}: {self.said()[-500:]}"
            assert time.monotonic() - started < 240, f"waited for {what}"
            time.sleep(0.1)
        return time.monotonic() - started


def attempts(study: crash.Study) -> int:
    return sum(trial.attempts for trial in study.trials())


def run(root: Path) -> tuple[dict[str, float], list[str]]:
    """Seconds of each wait, and what the drivers said at their ends."""
    study = Nodes(root)
    waits: dict[str, float] = {}
    said: list[str] = []
    try:
        study.add(head=True)
        workers = [study.add(), study.add()]
        driver = study.start()
        study.wait_for(lambda: len(study.new_node(set())) == 3 and study.epochs() > 6, driver, "three nodes in use")
        before, known = study.epochs(), study.new_node(set())
        lost = attempts(study)
        study.kill(workers[0])
        waits["a worker node killed: to the next epoch of any trial"] = study.wait_for(
            lambda: study.epochs() > before, driver, "an epoch"
        )
        waits["… until its trial is queued again"] = study.wait_for(lambda: attempts(study) > lost, driver, "the trial")
        began = time.monotonic()
        study.add()
        study.wait_for(lambda: bool(study.new_node(known)), driver, "the new node in use")
        waits["a node added: from its start to its first trial"] = time.monotonic() - began
        at = study.kill(study.nodes[0])
        driver.wait(240)
        waits["the head killed: until the driver has ended"] = time.monotonic() - at
        said.append(f"exit code {driver.returncode}: {_last(study.said())}")
        study.end()
        began = time.monotonic()
        study.add(head=True)
        _ = [study.add() for _ in range(2)]
        before = study.epochs()
        driver = study.start()
        study.wait_for(lambda: study.epochs() > before, driver, "an epoch on the new head")
        waits["a new head and two nodes: from their start to the next epoch"] = time.monotonic() - began
        assert driver.wait(crash.LIMIT) == 0, study.said()[-500:]
    finally:
        study.end()
    return waits, said


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("error:")]
    return lines[-1] if lines else (text.strip().splitlines() or ["nothing"])[-1][:200]


def main() -> int:
    """Run, compare with an undisturbed search, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--drive", type=Path)
    options = parser.parse_args()
    if options.drive:
        return drive(options.drive)
    where = Path(tempfile.mkdtemp(prefix="s"))
    try:
        reference = crash.Study(where / "r")
        reference.root.mkdir()
        reference.run_to_end()
        (where / "n").mkdir()
        waits, said = run(where / "n")
        crash.check(where / "n", reference.root)
    finally:
        shutil.rmtree(where, ignore_errors=True)
    lines = [f"\n{describe()}\n", "| what | seconds |", "|---|---|"]
    lines += [f"| {what} | {seconds:.1f} |" for what, seconds in waits.items()]
    text = (
        "\n".join(lines) + f"\n\nThe driver that lost its head: {said[0]}\nThe search ended as an undisturbed one.\n\n"
    )
    print(text)
    if options.write:
        reliability.replace("nodes", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
