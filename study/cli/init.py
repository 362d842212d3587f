"""`study init`: a spec for any folder of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app


@app.command("init")
def init(
    root: Annotated[str, typer.Argument(help="Folder or URI with images, tables, or both.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Spec to write; default my-study.yaml here.", show_default=False)
    ] = None,
    budget: Annotated[str, typer.Option(help="small, laptop or cluster.")] = "small",
    counts_as: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD=DIAGNOSIS", help="What a word of yours for a diagnosis means; may be repeated."),
    ] = None,
    image_column: Annotated[
        str | None,
        typer.Option(help="Column of a table that names the pictures, where two could.", show_default=False),
    ] = None,
) -> None:
    """Look at a folder, say what was understood and what was not, and write a spec. Writes nothing among the images."""
    import sys

    from study.base.errors import StudyError
    from study.console.init_table import print_found, print_next
    from study.preparation import starter
    from study.preparation.budgets import BUDGETS

    if budget not in BUDGETS:
        raise StudyError(f"A budget is one of {', '.join(BUDGETS)}, got {budget!r}. Choose one.")
    if any("=" not in answer for answer in counts_as or []):
        raise StudyError(f"--counts-as has the form WORD=DIAGNOSIS, got {counts_as}. Write e.g. 'Lentigo=benign'.")
    answers = {word.strip(): said.strip() for word, _, said in (answer.rpartition("=") for answer in counts_as or [])}
    path = out or Path("my-study.yaml")
    starter.check_place(root, path, asked_for=out is not None)
    found = starter.look(root, answers, image_column)
    if found.classes and found.classes.unsure and sys.stdin.isatty():
        for unsure in found.classes.unsure:
            question = f"{unsure.word!r} ({unsure.images:,} images): which diagnosis is it, or 'left out'?"
            answers[unsure.word] = typer.prompt(question, default="left out")
        found = starter.look(root, answers, image_column)
    print_found(found)
    print_next(starter.write(found, path, budget))
