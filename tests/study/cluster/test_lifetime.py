"""What a process starts ends with it, however it ends; and a lost Ray is replaced a bounded number of times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from study.cluster.lifetime import guardian, own_ray

DRIVER = """
import os, subprocess, sys, time
from study.cluster.lifetime import guarding

child = subprocess.Popen([sys.executable, "-c", "import subprocess, sys, time; "
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True).pid,"
    " flush=True); time.sleep(600)"], stdout=subprocess.PIPE, text=True, start_new_session=True)
guarding.guard(child.pid)
with guarding.scratch("study-test-") as where:
    print(child.pid, child.stdout.readline().strip(), where, flush=True)
    time.sleep(float(sys.argv[1]))
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), 9)
"""


def alive(pid: int) -> bool:
    return bool(guardian.start_time(pid))


@pytest.mark.parametrize("how", ["kill", "end"])
def test_children_grandchildren_and_scratch_folders_end_with_a_process(how):
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, "2", how], stdout=subprocess.PIPE, text=True)
    child, grandchild, where = driver.stdout.readline().split()
    assert alive(int(child))
    assert alive(int(grandchild))
    assert Path(where).is_dir()
    assert driver.wait(60) == (-signal.SIGKILL if how == "kill" else 0)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (alive(int(child)) or alive(int(grandchild)) or Path(where).exists()):
        time.sleep(0.1)
    assert not alive(int(child))
    assert not alive(int(grandchild))
    assert not Path(where).exists()


SESSION = """
import os, subprocess, sys, time
from pathlib import Path
from study.cluster.lifetime import guarding

guarding.guard_ray()
log = Path(sys.argv[1]) / f"session_2026-01-01_00-00-00_000000_{os.getpid()}" / "worker.log"
log.parent.mkdir()
writes = f"import time; file = open({str(log)!r}, 'a'); time.sleep(600)"
# Its parent is gone at once, as a raylet may be: nobody can know it by its descent.
orphan = subprocess.run(["sh", "-c", 'setsid "$0" -c "$1" >/dev/null & echo $!', sys.executable, writes],
                        stdout=subprocess.PIPE, text=True)
while not log.exists():
    time.sleep(0.05)
print(orphan.stdout.strip(), guarding._started[os.getpid()].pid, flush=True)
time.sleep(600)
"""


def test_what_writes_into_a_session_of_its_ray_ends_with_a_driver_though_its_guardian_was_killed(tmp_path):
    driver = subprocess.Popen([sys.executable, "-c", SESSION, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    orphan, first = map(int, driver.stdout.readline().split())
    os.kill(first, signal.SIGKILL)
    time.sleep(2.0)  # another guardian comes
    assert alive(orphan)
    driver.kill()
    driver.wait(60)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and alive(orphan):
        time.sleep(0.1)
    assert not alive(orphan)


def test_a_number_that_is_used_again_is_another_process():
    mine = (os.getpid(), guardian.start_time(os.getpid()))
    assert guardian.living({mine, (os.getpid(), "1"), (2**22, "1")}) == {mine}


def test_a_process_that_has_ended_but_was_not_waited_for_is_gone():
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 30
    while alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child.pid)
    child.wait()


AGAIN = """
import os, signal, sys
from study.cluster.lifetime import own_ray

print("begins", os.getpid(), sys.argv[1:], flush=True)
own_ray.restart_when_lost()
own_ray._watched[:] = [1]
if sys.argv[1].startswith("SIG"):
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    own_ray.guarding.end_all = lambda: os.kill(os.getpid(), getattr(signal, sys.argv[1]))
own_ray.start_another("Ray has lost its raylet")
"""


@pytest.mark.parametrize(("name", "code", "said"), [("SIGTERM", 143, "terminated"), ("SIGINT", 130, "interrupted")])
def test_a_signal_while_another_ray_is_started_is_obeyed(name, code, said, tmp_path):
    """A signal to the whole group ends Ray before this process has heard of it."""
    script = tmp_path / "again.py"
    script.write_text(AGAIN)
    done = subprocess.run([sys.executable, str(script), name], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.count("begins")) == (code, 1), done.stderr
    assert f"{said}; run the same command again to go on" in done.stderr


def test_a_process_becomes_another_a_bounded_number_of_times_then_says_run_again(tmp_path):
    script = tmp_path / "again.py"
    script.write_text(AGAIN)
    done = subprocess.run(
        [sys.executable, str(script), "run", "a spec.yaml"], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 75
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + own_ray.MAX_RESTARTS
    assert len(set(lines)) == 1, "the same process with the same arguments"
    assert done.stderr.splitlines()[0] == "Ray has lost its raylet; starting another (1 of 5)"
    assert done.stderr.splitlines()[-1].endswith("Run the same command again: it goes on from here.")


def test_where_nobody_asked_for_it_nothing_is_started_again():
    own_ray.start_another("a cluster's node was lost")  # returns: this process has no Ray of its own
