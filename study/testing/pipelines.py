"""What every pipeline must pass."""

from __future__ import annotations

from search_spaces import load
from trainables.pipelines.registry import PIPELINES


def check_pipeline(name: str) -> None:
    """It can be run, and its search space has parameters and, where it is not the shared one, says why."""
    pipeline = PIPELINES.get(name)
    assert callable(pipeline.run)
    space = load(pipeline.space)
    assert space.domains or space.fixed
    assert space.reason or pipeline.space == "ft"
