"""The searches that are judged on a bank of curves."""

from __future__ import annotations

from study.simulation.simulate import SearchConfig


def bank_configs(sampler: str, max_epochs: int) -> list[SearchConfig]:
    """Both variants of ASHA with this sampler at graces that fit the epochs, none, and random points as reference."""
    graces = [grace for grace in (1, max_epochs // 4, max_epochs // 3) if 0 < grace < max_epochs]
    found = [
        SearchConfig(name=f"{sampler}, {variant}", sampler=sampler, asha={"eta": 3, "grace": grace, "variant": variant})
        for variant in ("stopping", "promotion")
        for grace in dict.fromkeys(graces)
    ]
    found += [SearchConfig(name=f"{sampler}, no scheduler", sampler=sampler)]
    if sampler != "random":
        found += [SearchConfig(name=f"random, {c.name.split(', ')[1]}", sampler="random", asha=c.asha) for c in found]
    return found
