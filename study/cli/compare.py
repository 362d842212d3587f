"""`study compare` and `study report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from study.cli import app
from study.cli.run import Reopen


@app.command("compare", rich_help_panel="One stage alone")
def compare(
    directories: Annotated[
        list[Path] | None, typer.Argument(help="Study directory; several are joined into one comparison.")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="Instead of a study: prediction tables (parquet, CSV), a file or a folder, anyone's."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where a joined comparison goes; default ./comparison.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Joined comparisons: the method to compare with.")] = None,
    in_distribution: Annotated[str | None, typer.Option(help="Joined comparisons: the unshifted test set.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="Joined comparisons: the main metric; default the specs', else auroc.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Joined comparisons: difference of that metric that counts as none; default the specs'."),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(help="Joined comparisons: share of positives for predictive values; default each test set's own."),
    ] = None,
    reopen: Reopen = None,
) -> None:
    """Statistics over prediction tables: of one study, of several studies together, or of a folder of tables."""
    from study import api
    from study.console.summary_table import print_table

    studies = list(directories or [])
    if len(studies) == 1 and predictions is None and out is None:
        api.open(studies[0], reopen=reopen).run_stage("compare")
        print_table(studies[0] / "comparison")
        return
    from study.analysis.joint import compare_folders, study_folders

    folders, named = study_folders(studies)
    if predictions is not None:  # of which no spec is known
        folders, named = [*folders, predictions], None
    comparison, main = out or Path("comparison"), metric or (named[0] if named else "auroc")
    if margin is None and named is not None and named[0] == main:
        margin = named[1]
    compare_folders(
        folders,
        comparison,
        baseline=baseline,
        in_distribution=in_distribution,
        metric=main,
        margin=margin,
        prevalence=prevalence,
    )
    print_table(comparison)


@app.command("report", rich_help_panel="One stage alone")
def report(
    directory: Annotated[Path, typer.Argument(help="Study directory, or a folder of comparison tables.")],
    checklist: Annotated[
        Literal["claim", "tripod-ai"] | None,
        typer.Option(help="Also write this reporting checklist, filled in with what the study knows, and the methods."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print the report to report.pdf (by Chromium).")] = False,
    reopen: Reopen = None,
) -> None:
    """Write the HTML report and its tables (CSV, Markdown, LaTeX)."""
    from study import api
    from study.analysis.joint import paper_files, report_folder

    if (directory / "spec.yaml").is_file():
        api.open(directory, reopen=reopen).run_stage("report")
        page, comparison = directory / "report.html", directory / "comparison"
    else:
        page, comparison = report_folder(directory), directory
    print(f"report: {page}")
    for kind, path in paper_files(page, comparison, checklist=checklist, pdf=pdf):
        print(f"{kind}: {path}")
