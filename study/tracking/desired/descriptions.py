"""Descriptions in Markdown, which MLflow shows above a run, a cell and an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from study.plan.cells import Cell, Plan
from study.store.trial import TrialRecord

HOW_TO_SEARCH = """Search strings that work in the box above the table:

- `params.method = 'simclr:ft' and metrics.val_auc > 0.8`
- `tags.state = 'PRUNED'` (also COMPLETE, FAIL, RUNNING)
- `tags.kind = 'cell'` (also study, trial, replicate, evaluation)
- `tags.selected = '1'` for the trials that won their cells
"""


def study_description(plan: Plan, files: Sequence[tuple[Path, str]]) -> str:
    """The question, the methods, the artifacts, and how to run the study again."""
    spec = plan.spec
    names = {path.name for path, _ in files}
    artifacts = [
        f"- `{name}`: {what}"
        for name, what in (
            ("report.html", "the report, one page (tab Artifacts)"),
            ("selection.json", "the frozen winners"),
            ("spec.yaml", "the spec as run"),
        )
        if name in names
    ]
    methods = "\n".join(f"- `{method.name}`" for method in spec.methods)
    return "\n".join(
        [
            f"# {spec.study}",
            spec.question,
            "",
            f"{len(plan.cells)} cells of {plan.cells[0].trials} trials, up to {spec.search.max_epochs} epochs each. "
            "Below this run: cells, and in each its trials, then its replicates with their evaluations.",
            "",
            "Methods, the baseline first:",
            "",
            methods,
            "",
            "Run again or go on: `study run spec.yaml`; read the result without MLflow: `report.html`.",
            "",
            *artifacts,
            "",
            HOW_TO_SEARCH,
        ]
    )


def experiment_description(plan: Plan) -> str:
    """The description above an experiment's table."""
    question = plan.spec.question or f"The study {plan.spec.study}."
    return f"{question}\n\n{HOW_TO_SEARCH}"


def cell_description(plan: Plan, cell: Cell, trials: Sequence[TrialRecord]) -> str:
    """A cell and its search space."""
    objective = plan.spec.search.objective
    rows = "\n".join(f"| `{name}` | {domain} |" for name, domain in cell.space.domains.items())
    ended = sum(trial.finished for trial in trials)
    return (
        f"# {cell.title}\n\n{cell.method.encoder} → {cell.method.pipeline} on {cell.fraction * 100:g} % of the "
        f"training images: {ended} of {cell.trials} trials ended. Curves: best `{objective}` and budget by trials "
        f"ended.\n\n"
        f"Select its trials and press **Compare** for parallel coordinates of hyperparameters against "
        f"`best_{objective}`.\n\n| parameter | tuned over |\n|---|---|\n{rows}\n"
    )
