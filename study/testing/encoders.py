"""What every encoder must pass."""

from __future__ import annotations

from trainables.encoders import registry


def check_encoder(name: str) -> None:
    """Its recipe has the name it is registered under, its paper, and where its weights come from."""
    recipe = registry.recipe(name)
    assert recipe.name == name
    assert recipe.paper
    assert recipe.obtain
    assert recipe.mean is None or len(recipe.mean) == 3
    assert (recipe.mean is None) == (recipe.std is None)
