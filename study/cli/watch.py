"""`study watch`: look at a study while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app


@app.command("watch")
def watch(
    directory: Annotated[Path, typer.Argument(help="Study directory, e.g. runs/demo.", show_default=False)],
    port: Annotated[int, typer.Option(help="0: any free one.", min=0, max=65535)] = 8765,
) -> None:
    """A live page of a study, for this machine alone; needs the study directory and nothing that runs."""
    from study.pipeline.live_server import HOST, server

    with server(directory, port) as serving:
        print(f"http://{HOST}:{serving.server_port}   (Ctrl-C ends it)", flush=True)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            print("ended")
