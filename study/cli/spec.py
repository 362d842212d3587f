"""`study plan` and `study spec`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

group = typer.Typer(help="About spec files.", no_args_is_help=True)
app.add_typer(group, name="spec")

SpecFile = Annotated[
    Path, typer.Argument(help="Spec file (YAML), or the name of a shipped one, e.g. demo.", show_default=False)
]


@group.command("schema")
def schema() -> None:
    """Print the JSON schema of a spec, for editors (`# yaml-language-server: $schema=…`)."""
    import json

    from study.spec.model import StudySpec

    print(json.dumps(StudySpec.model_json_schema(), indent=1))


@group.command("show")
def show(
    name: Annotated[
        str, typer.Argument(help="demo, demo-all, ham10000, … (another name lists all).", show_default=False)
    ],
) -> None:
    """Print a shipped spec, to copy from; every command also takes its name instead of a file."""
    from study.spec import shipped

    print(shipped.text(name), end="")


@app.command("plan")
def plan(
    spec: SpecFile,
    data: Annotated[bool, typer.Option("--data", help="Also read every manifest, as `study run` does first.")] = False,
    costs: Annotated[bool, typer.Option("--costs", help="Also print parameters and work of every method.")] = False,
) -> None:
    """Print the cells of a study and what each is given; refuse a plan that treats methods unequally."""
    from study.console.plan_table import print_data, print_plan

    print_plan(spec)
    if costs:
        from study.console.cost_table import print_costs

        print_costs(spec)
    if data:
        print_data(spec)
