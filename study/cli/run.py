"""`study run`, `study status` and the stages alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

Directory = Annotated[Path, typer.Argument(help="Study directory, e.g. runs/demo.", show_default=False)]
Address = Annotated[
    str | None,
    typer.Option(help="Ray cluster (`auto`, `host:6379`, `ray://…`); without it RAY_ADDRESS, else this machine."),
]

Reopen = Annotated[
    str | None,
    typer.Option(metavar="REASON", help="Accept what changed after test labels were read; the report shows why."),
]


@app.command("run")
def run(
    spec: Annotated[
        Path, typer.Argument(help="Spec file (YAML), or the name of a shipped one, e.g. demo.", show_default=False)
    ],
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Study directory; default runs/<study>.", show_default=False)
    ] = None,
    address: Address = None,
    extend: Annotated[bool, typer.Option("--extend", help="Accept a spec with larger budgets of the search.")] = False,
    reopen: Reopen = None,
) -> None:
    """Run a whole study: search, select, replicate, calibrate, evaluate, compare, report. Goes on where it ended."""
    from study import api
    from study.console.summary_table import print_summary

    study = api.run(spec, directory, address=address, extend=extend, reopen=reopen)
    print_summary(study.plan, study.directory)


@app.command("status")
def status(directory: Directory) -> None:
    """How far a study is: stages, cells, what waits to be tracked, disk use. Starts nothing."""
    from study.console.status_table import print_status
    from study.protocol.opening import open_study

    print_status(*open_study(directory))


@app.command("search", rich_help_panel="One stage alone")
def search(directory: Directory, address: Address = None, reopen: Reopen = None) -> None:
    """Tune every cell to its budget."""
    _stage(directory, "search", address, reopen)


@app.command("select", rich_help_panel="One stage alone")
def select(
    directory: Directory,
    reopen: Reopen = None,
) -> None:
    """Freeze the winners of every cell by the spec's rule, from validation results alone."""
    _stage(directory, "select", reopen=reopen)


@app.command("replicate", rich_help_panel="One stage alone")
def replicate(directory: Directory, address: Address = None, reopen: Reopen = None) -> None:
    """Train the winners anew on fresh (split, seed) pairs."""
    _stage(directory, "replicate", address, reopen)


@app.command("calibrate", rich_help_panel="One stage alone")
def calibrate(directory: Directory, address: Address = None, reopen: Reopen = None) -> None:
    """Score every replicate on its own validation images and freeze its thresholds and temperature."""
    _stage(directory, "calibrate", address, reopen)


@app.command("evaluate", rich_help_panel="One stage alone")
def evaluate(directory: Directory, address: Address = None, reopen: Reopen = None) -> None:
    """Score every replicate on every test set."""
    _stage(directory, "evaluate", address, reopen)


def _stage(directory: Path, name: str, address: str | None = None, reopen: str | None = None) -> None:
    from study import api

    api.open(directory, reopen=reopen).run_stage(name, address=address, reopen=reopen)
