"""`study ui` and `study track`: a study in MLflow's browser, and in another tracking server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

StudyFolder = Annotated[Path, typer.Argument(help="Study directory, e.g. runs/demo.", show_default=False)]


@app.command("track")
def track(
    directory: StudyFolder,
    uri: Annotated[
        str | None,
        typer.Option(
            help="Tracking server or database; default: the spec's, MLFLOW_TRACKING_URI, SQLite.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a study into a tracking server from its directory alone; what the server has already stays as it is."""
    from study.protocol.opening import open_study
    from study.tracking.sync.replay import replay

    plan, study_directory = open_study(directory)
    replay(plan, study_directory, uri, typer.echo)


@app.command("ui")
def ui(
    directory: StudyFolder,
    port: Annotated[int, typer.Option(help="Port on this machine; 0: any that is free.")] = 5000,
) -> None:
    """Open a study in MLflow's browser interface, on this machine alone."""
    from study.protocol.opening import open_study
    from study.tracking.ui import serve

    plan, study_directory = open_study(directory)
    serve(plan, study_directory, port, typer.echo)
