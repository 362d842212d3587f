"""Random weights, under their own name: the untrained control that a probe is compared with."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="random",
    licence="none",
    pretrained_on="nothing",
    overlap="no",
    paper="the initialisation of the backbone's own paper",
    obtain="nothing: they are drawn anew from each job's seed",
    mean=None,
    std=None,
    trained=False,
)
