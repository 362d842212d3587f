"""What a spec chooses by name: samplers, schedulers and selection rules. Each is loaded when it is first used."""

from __future__ import annotations

from typing import Any

from datasets.base.registry import Registry
from study.base.errors import StudyError

# What is registered stands on higher floors and is loaded by name, hence Any: a `Sampler` of `study.search.samplers`, a
# subclass of `Scheduler` of `study.search.schedulers`, and a `SelectionRule` of `study.selection.rules`.
SAMPLERS: Registry[Any] = Registry(
    "samplers",
    StudyError,
    {
        "tpe": "study.search.samplers.tpe:SAMPLER",
        "gp": "study.search.samplers.gp:SAMPLER",
        "random": "study.search.samplers.random:SAMPLER",
        "grid": "study.search.samplers.grid:SAMPLER",
        "sobol": "study.search.samplers.sobol:SAMPLER",
    },
)
SCHEDULERS: Registry[Any] = Registry("schedulers", StudyError, {"asha": "study.search.schedulers.asha:Asha"})
SELECTION_RULES: Registry[Any] = Registry(
    "selection_rules",
    StudyError,
    {
        "best": "study.selection.rules.best:BEST",
        "top_k": "study.selection.rules.best:TOP_K",
        "best_smoothed": "study.selection.rules.best_smoothed:RULE",
        "one_standard_error": "study.selection.rules.one_standard_error:RULE",
    },
)
