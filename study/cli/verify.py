"""`study verify`: whether a study is still what was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app


@app.command("verify")
def verify(
    directory: Annotated[Path, typer.Argument(help="Study directory, e.g. runs/demo.", show_default=False)],
) -> None:
    """Look at every link from the spec to the report, and say which one does not hold. Changes nothing."""
    from study.console.verify_table import print_links
    from study.pipeline.verify import verify as verify_links
    from study.protocol.opening import load_study

    links = verify_links(*load_study(directory))
    print_links(links)
    if any(link.answer == "broken" for link in links):
        raise typer.Exit(1)
