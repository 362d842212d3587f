"""The Ray that this machine's driver has started itself: watched, ended with the driver, and started again when lost.

Ray's library in a driver whose Ray died can neither join another one nor always return: it waits for a minute and then
ends the process from within. So the driver becomes a new process image under its old number (`exec`) and goes on from
the study directory, as after any kill. Only the command line asks for this (`restart_when_lost`); in a program of
someone's own the loss is a `RunAgain`.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

from study.base.errors import RunAgain
from study.cluster.lifetime import guarding

MAX_RESTARTS = 5
RESTARTS = "STUDY_RAY_RESTARTS"  # environment: how often this driver has started another Ray
INTERVAL = 0.25  # seconds between looks
TERM_LIMIT = 15.0  # seconds that a driver gets to end by itself after SIGTERM or SIGINT
TERMINATED = 128 + signal.SIGTERM
_SAID: dict[int, str] = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted"}
FATAL = ("gcs_server", "raylet")  # Ray's processes without which nothing goes on; its agents take the raylet along
_signals: list[socket.socket] = []  # where the kernel's signals arrive; empty: nothing is restarted or ended here
_watched: list[Any] = []  # the Ray nodes that this process has started
_asked: dict[int, float] = {}  # when this process was asked to end, by signal
_ending = threading.Event()


def restart_when_lost() -> None:
    """Let this process start another Ray when its own is lost, and end within `TERM_LIMIT` of SIGTERM or SIGINT.

    To be called from the main thread, by a command whose arguments alone say what it does.
    """
    receiver, sender = socket.socketpair()
    receiver.setblocking(False)
    sender.setblocking(False)
    _signals[:] = [receiver, sender]
    # Python's handlers wait for the main thread, which may be deep inside Ray; this is written at once.
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)


def restarts() -> bool:
    """Whether `restart_when_lost` was called: this process may be ended, and started again, from within."""
    return bool(_signals)


def watch() -> None:
    """Guard and watch the Ray that was just started in this process."""
    import ray

    node: Any = ray._private.worker._global_node
    for processes in node.all_processes.values():
        for info in processes:
            guarding.guard(info.process.pid)
    guarding.remove_later(node.get_session_dir_path())
    if _signals:
        _watched.append(node)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminate)  # Ray's own handler ends the process with 1
        _ending.clear()
        atexit.register(_ending.set)  # after Ray's own handlers, hence before them: what they end was not lost
        threading.Thread(target=_watch, args=(node,), daemon=True, name="own-ray").start()


def lost(node: Any) -> list[str]:
    """Which of the processes that Ray cannot do without have ended."""
    return [kind for kind in FATAL for info in node.all_processes.get(kind, ()) if info.process.poll() is not None]


def _watch(node: Any) -> None:
    while not _ending.wait(INTERVAL):
        import ray

        if ray._private.worker._global_node is not node:
            return
        dead = lost(node)
        _hear()
        # Python drops a Ctrl-C that arrives inside a callback of its garbage collection.
        if any(time.monotonic() - asked > TERM_LIMIT for asked in _asked.values()) or dead:
            _leave_where_asked()
        if dead and not _ending.is_set():
            start_another(f"Ray on this machine has lost its {' and '.join(dead)}")


def _hear() -> None:
    """Note when this process was asked to end."""
    for number in _received():
        if number in _SAID:
            _asked.setdefault(number, time.monotonic())


def _leave_where_asked() -> None:
    """End at once if this process was asked to, by SIGTERM or SIGINT."""
    _hear()
    for number, said in _SAID.items():
        if number in _asked:
            leave(128 + number, f"{said}; run the same command again to go on")


def _terminate(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _received() -> bytes:
    try:
        return _signals[0].recv(4096)
    except BlockingIOError:
        return b""


def start_another(what: str) -> None:
    """Become a process that goes on with another Ray, where this one has started its own; `what` was lost.

    Returns where the Ray is not this process's, or nobody called `restart_when_lost`.
    """
    if not (_signals and _watched):
        return
    count = int(os.environ.get(RESTARTS, "0")) + 1
    if count > MAX_RESTARTS:
        often = f"error: {what}, after {MAX_RESTARTS} others were started"
        leave(RunAgain.exit_code, f"{often}. Run the same command again: it goes on from here.")
    print(f"{what}; starting another ({count} of {MAX_RESTARTS})", file=sys.stderr, flush=True)
    guarding.end_all()  # two processes must not train one trial
    _leave_where_asked()  # a signal to the whole group may end Ray before it reaches this process
    os.environ[RESTARTS] = str(count)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def say(text: str) -> None:
    """One line for whoever looks at the command."""
    print(text, file=sys.stderr, flush=True)


def leave(code: int, text: str) -> None:
    """End this process at once, from any thread. Its guardian ends the rest."""
    print(text, file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)
