"""`study data`: get a release; audit, decode and show the images of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.cli import app

group = typer.Typer(
    help="About data: get a release; audit, decode ahead and look at those of a spec.", no_args_is_help=True
)
app.add_typer(group, name="data")

SpecFile = Annotated[
    Path, typer.Argument(help="Spec file (YAML), or the name of a shipped one, e.g. demo.", show_default=False)
]


@group.command("audit")
def audit(spec: SpecFile) -> None:
    """Print every leak, conflict and imbalance of a spec's data and splits. Exit code 2 for leaks it does not accept.

    Works from ids alone; pictures are compared too where `study data prepare` has decoded them.
    """
    from study.console.audit_table import print_audit
    from study.spec.loading import load_spec

    print_audit(load_spec(spec))


@group.command("prepare")
def prepare(
    spec: SpecFile,
    address: Annotated[
        str | None,
        typer.Option(
            help="Ray cluster (`auto`, `host:6379`): decode on every node; without it RAY_ADDRESS, else here."
        ),
    ] = None,
) -> None:
    """Decode all images ahead of a study, once a node; every bad one is listed."""
    from study.console.audit_table import print_decoded
    from study.preparation.decode_on_nodes import prepare
    from study.spec.loading import load_spec

    print_decoded(prepare(load_spec(spec), address, say=typer.echo))


@group.command("get")
def get(
    name: Annotated[
        str | None, typer.Argument(help="A release, e.g. ham10000; without one: all, and how to get each.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder of the release; default data/NAME.", show_default=False)
    ] = None,
    collection: Annotated[
        int | None, typer.Option(help="Number of a collection in the ISIC archive; default that of the release.")
    ] = None,
) -> None:
    """Get a public release and check it; writes SHA256SUMS and croissant.json beside the images.

    Downloads by the ISIC archive's own client (pip install 'skin-lesion-study[archive]'). Says what to fetch from the
    publisher where there is no client; run it again then, and it checks what is there.
    """
    from study.console.releases_table import print_fetched, print_releases
    from study.preparation.published_release import fetch

    if name is None:
        print_releases()
    else:
        print_fetched(name, fetch(name, to or Path("data") / name, collection, say=typer.echo))


@group.command("show")
def show(
    spec: SpecFile,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("data.html"),
) -> None:
    """Write a page with samples of every set and class, prevalence, subgroups and image sizes."""
    from study.preparation.data_page import write_page
    from study.spec.loading import load_spec

    typer.echo(write_page(load_spec(spec), out))
