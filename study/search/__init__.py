"""The search engine: every cell tuned by its own sampler, scheduler and budget, all of them in one Ray Tune run."""

from study.search.record import read_trials
from study.search.run import run_search

__all__ = ["read_trials", "run_search"]
