"""`study curves`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app
from study.cli.run import Address


@app.command("curves")
def curves(
    spec: Annotated[Path, typer.Argument(help="Spec file, e.g. study/specs/curves.yaml.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The bank (parquet); its datasheet is written beside it.")],
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Study directory; default runs/<study>.", show_default=False)
    ] = None,
    configurations: Annotated[int, typer.Option(min=1, help="Of each cell; a third of them are trained twice.")] = 150,
    cells: Annotated[str, typer.Option(help="Train these alone now, e.g. '*-ft-*'; others keep what they have.")] = "*",
    address: Address = None,
) -> None:
    """Train configurations spread over the search spaces to their last epoch, and keep their learning curves."""
    from study.console.progress import Progress
    from study.pipeline.record_curves import curves_spec, record_curves
    from study.plan.cells import plan
    from study.protocol.opening import default_root
    from study.spec.loading import load_spec

    read = load_spec(spec)
    with Progress(plan(curves_spec(read, configurations))) as progress:
        record_curves(
            read,
            directory or default_root(read),
            out,
            configurations=configurations,
            cells=cells,
            observers=(progress,),
            address=address,
        )
    print(f"curves: {out}")
