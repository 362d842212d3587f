"""A Gaussian process with expected improvement: models the value itself.

It pays where a smooth function of few parameters is searched with tens of trials: `study simulate --sampler gp` shows
by how much. It takes tenths of a second a suggestion, and grows with the cube of the trials: beyond some hundred a
cell, take TPE. Running trials are integrated over, so none is suggested twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from datasets.base.seeds import seed
from search_spaces.domains import Value
from study.search.samplers.sampler import Request, Sampler


class GaussianProcess(Sampler):
    """Optuna's `GPSampler`, after the shared design."""

    learns = True
    arguments: ClassVar[Mapping[str, object]] = {"n_startup_trials": 1, "deterministic_objective": False}

    def suggest(self, request: Request) -> dict[str, Value]:
        """The point that the model of the cell's trials prefers."""
        from study.search.samplers.optuna_study import suggest

        return suggest(
            "gp",
            request.space,
            request.trials,
            random_state=seed(request.study_seed, "gp", request.cell, request.number) % 2**32,
            direction=request.direction,
            arguments=self.arguments,
        )


SAMPLER = GaussianProcess()
