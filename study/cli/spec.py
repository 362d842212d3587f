"""`study plan` and `study spec`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

group = typer.Typer(help="About spec files.", no_args_is_help=True)
app.add_typer(group, name="spec")

SpecFile = Annotated[Path, typer.Argument(help="Spec file (YAML), e.g. study/specs/demo.yaml.", show_default=False)]


@group.command("schema")
def schema() -> None:
    """Print the JSON schema of a spec, for editors (`# yaml-language-server: $schema=…`)."""
    import json

    from study.spec.model import StudySpec

    print(json.dumps(StudySpec.model_json_schema(), indent=1))


@app.command("plan")
def plan(
    spec: SpecFile,
    data: Annotated[bool, typer.Option("--data", help="Also read every manifest, as `study run` does first.")] = False,
) -> None:
    """Print the cells of a study and what each is given; refuse a plan that treats methods unequally."""
    from study.console.plan_table import print_data, print_plan

    print_plan(spec)
    if data:
        print_data(spec)
