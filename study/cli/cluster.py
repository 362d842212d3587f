"""`study doctor`, `study submit` and `study simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from study.cli import app

Spec = Annotated[
    Path, typer.Argument(help="Spec file (YAML), or the name of a shipped one, e.g. demo.", show_default=False)
]


@app.command("doctor", rich_help_panel="On a cluster")
def doctor(
    spec: Annotated[Path | None, typer.Argument(help="Also check what this spec needs.", show_default=False)] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Study directory; default runs/<study>.", show_default=False)
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Ray cluster; without it RAY_ADDRESS, else this machine.", show_default=False)
    ] = None,
) -> None:
    """Probe every node: same code and versions, data readable, storage shared, MLflow reachable, clock, GPUs."""
    from study.cluster.doctor import Request, diagnose, needs
    from study.console.doctor_table import print_findings

    request = Request()
    if spec is not None:
        from study.plan.cells import plan
        from study.protocol.opening import default_root
        from study.spec.loading import load_spec
        from study.store.directory import at

        study_spec = load_spec(spec)
        request = needs(plan(study_spec), at(directory or default_root(study_spec)).root)
    findings = diagnose(request, address)
    print_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command("submit", rich_help_panel="On a cluster")
def submit(
    spec: Spec,
    address: Annotated[str, typer.Option(help="Dashboard of the cluster, e.g. http://127.0.0.1:8265.")],
    directory: Annotated[Path, typer.Option("--dir", help="Study directory on storage that all nodes share.")],
    install: Annotated[
        bool, typer.Option("--install", help="Install the versions of constraints.txt on every node.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not follow the job's output.")] = False,
) -> None:
    """Run a study on a cluster as a Ray job, with the code in the working directory."""
    from study.cluster.submit import submit as submit_job

    job = submit_job(spec, directory, address, install=install, say=None if detach else typer.echo)
    typer.echo(job)


@app.command("simulate")
def simulate(
    repetitions: Annotated[
        int, typer.Option(min=1, help="Benchmark problems, each with its own full grid; of each cell of a bank.")
    ] = 200,
    sampler: Annotated[
        str, typer.Option(help="What suggests trials; gp takes some twenty times as long as tpe.")
    ] = "tpe",
    curves: Annotated[
        Path | None, typer.Option(help="Real learning curves: a bank that `study curves` wrote.", show_default=False)
    ] = None,
    space: Annotated[str, typer.Option(help="Of the bank: the cells that search this space.")] = "ft",
    surrogate: Annotated[
        Literal["forest", "process", "nearest"], typer.Option(help="Of the bank: what predicts unseen configurations.")
    ] = "process",
    recorded: Annotated[
        Path | None, typer.Option(help="Take the curves of this study's trials instead.", show_default=False)
    ] = None,
    slots: Annotated[int, typer.Option(min=1, help="Devices that train at once.")] = 4,
    null: Annotated[
        bool, typer.Option("--null", help="Instead: how often two like methods are found to differ, by search.repeats.")
    ] = False,
) -> None:
    """Play searches with the real engine: on a bank of real curves, or on drawn ones (smooth by construction: a stress
    test, not evidence about skin)."""
    if null:
        from study.console.null_table import print_null

        print_null(repetitions, sampler=sampler, curves=curves, space=space, kind=surrogate)
        return
    if curves is not None:
        from study.console.bank_table import print_bank

        print_bank(curves, space=space, kind=surrogate, sampler=sampler, repetitions=repetitions, slots=slots)
        return
    from study.console.simulation_table import print_simulation

    print_simulation(repetitions, sampler=sampler, study=recorded, slots=slots)
