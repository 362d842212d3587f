"""How the writer learns that its driver ends or has died: a pipe whose other end the driver holds."""

from __future__ import annotations

import select
import sys
import time


class ParentWatch:
    """Watches standard input. The line `close SECONDS` lets the writer finish within that time; an end of file without
    that line means that the driver has died."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.parent_died = False

    @property
    def closing(self) -> bool:
        """Whether the driver waits for the writer to finish."""
        return self.deadline is not None

    @property
    def expired(self) -> bool:
        """Whether the writer must end now, even with writes left."""
        return self.parent_died or (self.deadline is not None and time.monotonic() > self.deadline)

    def poll(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a message; whether there was one."""
        if self.closing or self.parent_died:
            time.sleep(timeout)
            return False
        ready, _, _ = select.select([sys.stdin], [], [], timeout)
        if not ready:
            return False
        line = sys.stdin.readline()
        if line:
            self.deadline = time.monotonic() + float(line.split()[1])
        else:
            self.parent_died = True
        return True
