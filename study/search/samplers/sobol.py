"""Quasi-random points without a model, every third of them twice: for recording banks of learning curves.

Of every four trials the last one repeats the first with another training seed. So a record that ends anywhere holds the
same share of repeated configurations, from which the deviation between two runs of one configuration is known.
"""

from __future__ import annotations

from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.search.samplers.designs import design_point
from study.search.samplers.sampler import Request, Sampler

REPEAT = 3  # one of so many configurations is trained twice


def trials_of(configurations: int) -> int:
    """How many trials hold this many different configurations."""
    whole, rest = divmod(configurations, REPEAT)
    return whole * (REPEAT + 1) + rest


def point_number(trial: int) -> int:
    """Which point of the design a trial gets, both counted from 0."""
    block, place = divmod(trial, REPEAT + 1)
    return block * REPEAT + (place if place < REPEAT else 0)


class Sobol(Sampler):
    """Points of the shared design to the end; by number, the same for every cell whose space has this digest."""

    shares_design = False

    def suggest(self, request: Request) -> dict[str, Value]:
        """The next point, or one of the last three again."""
        return design_point(request.space, point_number(request.number), request.study_seed)

    def points(self, space: SearchSpace) -> int | None:
        """No limit where anything is searched; a space without domains has one point."""
        return None if space.domains else REPEAT + 1


SAMPLER = Sobol()
