"""How a writer hears of its driver: a pipe that the driver holds."""

from __future__ import annotations

import select
import sys
import time


class Leash:
    """Standard input, held by the driver: a line `close SECONDS` lets the writer finish within that time; its end
    without one means that the driver has died."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.cut = False

    @property
    def closing(self) -> bool:
        """Whether the driver waits for the writer to finish."""
        return self.deadline is not None

    @property
    def over(self) -> bool:
        """Whether the writer must end now, whatever is left."""
        return self.cut or (self.deadline is not None and time.monotonic() > self.deadline)

    def listen(self, timeout: float) -> bool:
        """Wait for news for up to `timeout` seconds; whether there were any."""
        if self.closing or self.cut:
            time.sleep(timeout)
            return False
        ready, _, _ = select.select([sys.stdin], [], [], timeout)
        if not ready:
            return False
        line = sys.stdin.readline()
        if line:
            self.deadline = time.monotonic() + float(line.split()[1])
        else:
            self.cut = True
        return True
