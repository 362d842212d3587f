"""A sampler and a selection rule."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats.qmc import Halton

from datasets.base.seeds import rng
from search_spaces.domains import Value
from study.preparation.validation_size import ValidationSize
from study.search.samplers.sampler import Request, Sampler
from study.selection.rules.rule import SelectionRule, signed
from study.store.trial import TrialRecord


class HaltonSampler(Sampler):
    """A scrambled Halton sequence; trial n is its n-th point."""

    def suggest(self, request: Request) -> dict[str, Value]:
        """By number, the same for every cell whose space has this digest."""
        random = rng(request.study_seed, "halton", request.space.digest)
        points = Halton(request.space.dimensions, rng=random).random(request.number + 1)
        return request.space.at(points[-1].tolist())


class LastEpoch(SelectionRule):
    """The best value of the last epoch."""

    def order(self, trials: Sequence[TrialRecord], objective: str, size: ValidationSize) -> list[TrialRecord]:
        """Best value first; the earlier trial wins a tie."""
        return sorted(trials, key=lambda trial: (-signed(trial.epochs[-1].metrics[objective], objective), trial.number))


HALTON, LAST_EPOCH = HaltonSampler(), LastEpoch()
