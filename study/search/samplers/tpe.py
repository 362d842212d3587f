"""TPE (Bergstra et al. 2011; multivariate, Falkner et al. 2018): models where good trials lie.

Running trials count as bad near their own point (the constant liar), so none is suggested twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from datasets.base.seeds import seed
from search_spaces.domains import Value
from study.search.samplers.sampler import Request, Sampler


class Tpe(Sampler):
    """Optuna's `TPESampler`, after the shared design."""

    learns = True
    arguments: ClassVar[Mapping[str, object]] = {
        "n_startup_trials": 1,
        "n_ei_candidates": 24,
        "multivariate": True,
        "constant_liar": True,
    }

    def suggest(self, request: Request) -> dict[str, Value]:
        """The point that the model of the cell's trials prefers."""
        from study.search.samplers.optuna_study import suggest

        return suggest(
            "tpe",
            request.space,
            request.trials,
            random_state=seed(request.study_seed, "tpe", request.cell, request.number) % 2**32,
            direction=request.direction,
            arguments=self.arguments,
        )


SAMPLER = Tpe()
