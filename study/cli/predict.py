"""`study predict` and `study export`: a winner out of the study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

Method = Annotated[str, typer.Option(help="Method, e.g. simclr:ft.", show_default=False)]
Fraction = Annotated[float | None, typer.Option(help="Training fraction; default the largest.", show_default=False)]
Replicate = Annotated[int, typer.Option(help="Which of the re-trained models, from 1.", min=1)]


@app.command("predict")
def predict(
    directory: Annotated[Path, typer.Argument(help="Study directory, e.g. runs/demo.", show_default=False)],
    images: Annotated[list[Path], typer.Argument(help="Picture files, or folders of them.", show_default=False)],
    method: Method,
    out: Annotated[Path, typer.Option(help="Where the scores go (CSV).")] = Path("scores.csv"),
    fraction: Fraction = None,
    replicate: Replicate = 1,
    copies: Annotated[int | None, typer.Option(help="Augmented copies; default the study's.", min=1)] = None,
) -> None:
    """Score images of one's own with a study's winner, as its evaluation scores a test set. Not for diagnosis."""
    from datasets.base.atomic_files import write_text
    from study import api
    from study.evaluation.image_files import picture_files, score_files

    files = picture_files(images)
    study = api.open(directory)
    share = max(cell.fraction for cell in study.plan.cells) if fraction is None else fraction
    scores = score_files(study.model(method, share, replicate=replicate), files, copies=copies)
    write_text(out, scores.to_csv(index=False))
    print(f"{len(scores)} images scored by {method} at {share:g}, replicate {replicate}: {out}")


@app.command("export")
def export(
    directory: Annotated[Path, typer.Argument(help="Study directory, e.g. runs/demo.", show_default=False)],
    method: Method,
    to: Annotated[str, typer.Option(help="safetensors, torchscript, onnx or hub-folder (timm).")] = "safetensors",
    out: Annotated[Path, typer.Option(help="A new folder for weights, config.json and model card.")] = Path("model"),
    fraction: Fraction = None,
    replicate: Replicate = 1,
) -> None:
    """Write a winner for use elsewhere, with a model card, and check that its scores are the study's."""
    from study import api
    from study.evaluation.export import export as export_model

    study = api.open(directory)
    share = max(cell.fraction for cell in study.plan.cells) if fraction is None else fraction
    model = study.model(method, share, replicate=replicate)
    done = export_model(model, study.directory, method, share, to=to, out=out)
    print(f"{method} at {share:g}, replicate {replicate}: {done.folder}")
    print(
        f"largest difference of the scores of {done.images} test images: {done.arithmetic:.2g} from the checkpoint in"
    )
    print(f"float32, {done.study:.2g} from the study's evaluation in its own arithmetic")
