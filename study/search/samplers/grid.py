"""The whole grid of a space, in an order that all cells share."""

from __future__ import annotations

from datasets.base.seeds import rng
from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.search.samplers.sampler import Request, Sampler


def grid_point(space: SearchSpace, number: int, study_seed: int) -> dict[str, Value]:
    """Point `number` of the full grid in an order that all cells with this space share: shuffled, so that a search
    stopped early has seen all of the grid's regions."""
    order = rng(study_seed, "grid", space.digest).permutation(len(space.grid_points()))
    return space.grid_points()[order[number]]


class Grid(Sampler):
    """Every point of the grid once. It has no use for a shared design: the order is shared."""

    shares_design = False

    def suggest(self, request: Request) -> dict[str, Value]:
        """The next point of the order."""
        return grid_point(request.space, request.number, request.study_seed)

    def points(self, space: SearchSpace) -> int | None:
        """As many as the grid has."""
        return len(space.grid_points())


SAMPLER = Grid()
