"""`study pretrain`: pre-train an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app


@app.command("pretrain")
def pretrain(
    spec: Annotated[
        Path, typer.Argument(help="Spec file: its backbone, image size and training images.", show_default=False)
    ],
    method: Annotated[
        str,
        typer.Option(
            help="supervised, simclr, supcon, swav, byol, moco_v2, infomin, dino, mae, barlow_twins, vicreg, "
            "rotation or colourisation.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.", show_default=False)],
    pool: Annotated[
        str | None,
        typer.Option(
            help="Source of unlabelled images. Default: the training images that no split of the study validates or "
            "tests on."
        ),
    ] = None,
    pool_root: Annotated[str | None, typer.Option(help="Directory or URI of the pool.")] = None,
    start: Annotated[
        str | None, typer.Option(help="Go on from an encoder: NAME or NAME=WEIGHTS. Default: fresh weights.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of the recipe, e.g. epochs=100; may be repeated.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one train as a Ray Train group.")] = 1,
    address: Annotated[str | None, typer.Option(help="Ray cluster for more than one worker.")] = None,
) -> None:
    """Pre-train an encoder; use it as `{encoder: METHOD, weights: FILE}`. Goes on where an earlier run was stopped.

    It sees nothing that the search or a replicate validates or tests on. The more `replicate.pairs` a spec has, the
    fewer images that leaves; with more pairs than it was made for, an encoder has to be made anew.
    """
    from study.spec.data_sources import DataSource
    from study.spec.loading import load_spec
    from study.training.pretraining import pretraining_job, run
    from study.training.pretraining_images import in_words

    study_spec = load_spec(spec)
    source = None if pool is None else DataSource(source=pool, root=pool_root)
    job = pretraining_job(study_spec, method=method, out=out, pool=source, start=start, settings=settings or ())
    images = in_words(study_spec, job.pool)
    typer.echo(f"pre-training on {images}")
    run(job, workers=workers, gpus=study_spec.resources.gpus_per_trial, address=address)
    typer.echo(f"{out}: {method}, {job.recipe.epochs} epochs on {images}")
