"""`study predict` and `study export`: a winner out of the study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.cli import app

if TYPE_CHECKING:
    from study.api import Study

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
    from study.evaluation.copies import scored_on
    from study.evaluation.image_files import picture_files, score_files
    from study.protocol import holdings

    files = picture_files(images)
    study = api.open(directory)
    share = max(cell.fraction for cell in study.plan.cells) if fraction is None else fraction
    model = study.model(method, share, replicate=replicate)
    scores = score_files(model, files, copies=copies)
    write_text(out, scores.to_csv(index=False))
    count = "1 image" if len(scores) == 1 else f"{len(scores)} images"
    print(f"{count} scored by {_named(study, method, share, replicate)}: {out}")
    classes = holdings.classes(study.directory, study.plan.spec.train.source)
    means = scored_on(copies or model.copies)
    if len(classes) > 2:
        print(f"score.<class>: its probability, {means}")
        return
    print(f"score: probability of {classes[1]}, {means}; score_sd: its deviation over them")
    for name, threshold in model.thresholds.items():
        print(f"{name}: the study's frozen threshold of this model is {threshold:.3g}")


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
    print(f"{_named(study, method, share, replicate)}: {done.folder}")
    print(
        f"largest difference of the scores of {done.images} test images: {done.arithmetic:.2g} from the checkpoint in"
    )
    print(f"float32, {done.study:.2g} from the study's evaluation in its own arithmetic")


def _named(study: Study, method: str, share: float, replicate: int) -> str:
    of = study.plan.spec.replicate.pairs
    return f"{method}, trained on {100 * share:g} % of the training images, re-training {replicate} of {of}"
