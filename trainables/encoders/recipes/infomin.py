"""InfoMin, 800 epochs (PyContrast): `{'model': …}` with `module.encoder.*`; not the heads and the momentum copy."""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="infomin",
    licence="unknown",
    pretrained_on="ImageNet-1k",
    overlap="no",
    paper="Tian et al. 2020, What makes for good views for contrastive learning",
    obtain="InfoMin_800.pth of github.com/HobbitLong/PyContrast (docs/MODEL_ZOO.md)",
    containers=("model",),
    prefix="module.encoder.",
    ignored=("module.head.*", "module.head_jig.*"),
)
