"""The search engine: every cell tuned by its own sampler, scheduler and budget, all of them in one Ray Tune run."""

from study.search.ray_tune.tuner import run_search
from study.store.trial_storage import read_trials

__all__ = ["read_trials", "run_search"]
