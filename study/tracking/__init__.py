"""A study in MLflow, written from the study directory by a separate process, so that training never waits for it.

Nothing that the driver or `study status` imports from here loads MLflow; `backend.client`, `models` and `scorer` do.
"""

from study.tracking.sync.backlog import Backlog, read_backlog
from study.tracking.sync.tracker import Tracker, open_tracker

__all__ = ["Backlog", "Tracker", "open_tracker", "read_backlog"]
