"""Comparisons beyond one study: several studies together, or anyone's prediction tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from datasets.base.atomic_files import file_digest, write_text
from datasets.base.registry import nearest
from study.analysis.compare_stage import write_tables
from study.analysis.prediction_files import read_tables, table_files
from study.base.errors import StudyError
from study.evaluation import prediction_tables
from study.protocol.opening import open_study
from study.report import ReportError, write_report
from study.report.inputs.context import Budget, Context

NO_MARGIN = 1e-12  # no interval lies within it


def compare_folders(
    folders: Sequence[Path],
    out: Path,
    *,
    baseline: str | None = None,
    in_distribution: str | None = None,
    metric: str = "auroc",
    margin: float | None = None,
    prevalence: float | None = None,
) -> dict[str, pd.DataFrame]:
    """Compare all prediction tables below `folders`; writes the tables and `context.json` into `out`.

    A method that several studies have becomes `study/method`. Without a margin nothing counts as equivalent. Raises
    `StudyError` when there are no tables, when the baseline is unknown, or when the tables cannot be compared (other
    images, other pairs).
    """
    from study.comparison import ComparisonError, compare

    paths = table_files(folders)
    predictions = distinct_methods(read_tables(paths))
    methods = list(dict.fromkeys(predictions["method"]))
    tests = list(dict.fromkeys(predictions["dataset"]))
    for option, name, names in (("--baseline", baseline, methods), ("--in-distribution", in_distribution, tests)):
        if name is not None and name not in names:
            raise StudyError(f"{option} names what the tables hold, got {name!r}; {nearest(name, names)}.")
    chosen = baseline or next((name for name in methods if name.endswith("supervised:ft")), methods[0])
    try:
        tables = compare(
            predictions,
            baseline=chosen,
            in_distribution=in_distribution,
            metric=metric,
            margin=margin or NO_MARGIN,
            prevalence=prevalence,
        )
    except ComparisonError as error:
        raise StudyError(str(error)) from error
    write_tables(out, tables)
    context = Context(
        study=" + ".join(dict.fromkeys(predictions["study"].astype(str))),
        baseline=chosen,
        methods=tuple(methods),
        tests=tuple(tests),
        in_distribution=in_distribution,
        metric=metric,
        margin=margin,
        budget=Budget(repeats=predictions["search"].nunique() if "search" in predictions.columns else 1),
        sources={str(path): file_digest(path) for path in paths},
        notes=("Made from prediction tables alone: budget, selection and leaks of these studies are not known here.",),
    )
    write_text(out / "context.json", context.model_dump_json(indent=1) + "\n")
    return tables


def study_folders(roots: Sequence[Path]) -> tuple[list[Path], tuple[str, float] | None]:
    """The prediction folders of several studies, verified, and the metric with its margin that all their specs name
    (None: they differ). Raises `StudyError` for a directory without a study, and for a table that was altered."""
    named, folders = set(), []
    for root in roots:
        plan, directory = open_study(root)
        prediction_tables.verify(directory)
        named.add((plan.spec.compare.metric, plan.spec.compare.margin))
        folders.append(directory.predictions)
    return folders, named.pop() if len(named) == 1 else None


def distinct_methods(predictions: pd.DataFrame) -> pd.DataFrame:
    """The same rows with `study/method` for methods whose name several studies use at the same fraction."""
    studies = predictions.groupby(["method", "fraction"])["study"].nunique()
    shared = {method for method, _ in studies[studies > 1].index}
    names = predictions["study"].astype(str) + "/" + predictions["method"].astype(str)
    return predictions.assign(method=predictions["method"].where(~predictions["method"].isin(shared), names))


def report_folder(comparison: Path) -> Path:
    """Write `report.html` and `tables/` beside the comparison tables of a folder; returns the report's path."""
    out = comparison / "report.html"
    try:
        write_report(comparison, out, comparison / "tables", comparison / "figures")
    except ReportError as error:
        raise StudyError(str(error)) from error
    return out


def paper_files(
    page: Path, comparison: Path, *, checklist: str | None = None, pdf: bool = False
) -> Iterator[tuple[str, Path]]:
    """Write the wanted files beside a report, and name them. Raises `StudyError`."""
    from study.report.checklists.checklist import write_checklist
    from study.report.print_pdf import print_pdf

    try:
        if checklist is not None:
            written = page.with_name(f"checklist-{checklist}.md")
            write_checklist(checklist, comparison, written)
            yield "checklist", written
        if pdf:
            print_pdf(page, page.with_suffix(".pdf"))
            yield "pdf", page.with_suffix(".pdf")
    except ReportError as error:
        raise StudyError(str(error)) from error
