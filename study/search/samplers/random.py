"""Uniform random points."""

from __future__ import annotations

from datasets.base.seeds import rng
from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.search.samplers.sampler import Request, Sampler


def random_point(space: SearchSpace, number: int, study_seed: int) -> dict[str, Value]:
    """A uniform random point: by number, the same for every cell whose space has this digest."""
    return space.at(rng(study_seed, "random", space.digest, number).random(space.dimensions).tolist())


class Random(Sampler):
    """Uniform random points after the shared design."""

    def suggest(self, request: Request) -> dict[str, Value]:
        """By number, the same for every cell whose space has this digest."""
        return random_point(request.space, request.number, request.study_seed)


SAMPLER = Random()
