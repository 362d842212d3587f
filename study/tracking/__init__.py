"""A study in MLflow: written by a process of its own, from the study directory, and never in training's way.

Nothing that the driver or `study status` imports from here loads MLflow; `server`, `models` and `scorer` do.
"""

from study.tracking.sync.backlog import Backlog, behind
from study.tracking.sync.tracker import Tracker, open_tracker

__all__ = ["Backlog", "Tracker", "behind", "open_tracker"]
