"""`study encoders`: the encoders and their pre-trained weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

group = typer.Typer(help="About encoders and their weights.", no_args_is_help=True)
app.add_typer(group, name="encoders")


@group.command("list")
def list_() -> None:
    """Name every encoder: its paper, licence, what it was pre-trained on, and where its weights come from."""
    from trainables.encoders import names, registry

    for name in names():
        recipe = registry.recipe(name)
        kind = "" if recipe.is_open else " (not open)"
        print(f"{name}\n  {recipe.paper}\n  licence: {recipe.licence}{kind}\n  pre-trained on: {recipe.pretrained_on}")
        print(f"  weights: {recipe.obtain}")


@group.command("check")
def check(
    spec: Annotated[
        Path, typer.Argument(help="Spec file (YAML), or the name of a shipped one, e.g. demo.", show_default=False)
    ],
) -> None:
    """Load every encoder of a spec, and print keys, size, normalisation and features on sample images."""
    from study.plan.cells import plan
    from study.spec.loading import load_spec
    from study.training import encoder_checks

    cells = plan(load_spec(spec))
    for checked in encoder_checks.check(cells):
        images = encoder_checks.sample(cells, checked.image_size)
        print(", ".join(checked.methods))
        for name, fact in checked.facts.items():
            print(f"  {name}: {fact}")
        statistics = encoder_checks.statistics(checked.encoder, images)
        print(f"  on {len(images)} images: {', '.join(f'{name} {value:.3g}' for name, value in statistics.items())}")
