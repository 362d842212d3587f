"""What `study status` prints."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from study import state
from study.layout import StudyDirectory
from study.plan import Plan
from study.search import read_trials


def print_status(plan: Plan, directory: StudyDirectory) -> None:
    """Stages and cells."""
    console = Console(highlight=False)
    console.print(f"{plan.spec.study} in {directory.root}", style="bold")
    for name, count in state.counts(plan, directory).items():
        wanted = "?" if count.wanted is None else count.wanted
        console.print(f"{name:10} {'done' if count.complete else 'open':5} {count.done}/{wanted}")
    if (directory.root / "trials.db").exists():
        console.print(_cells(plan, directory))


def _cells(plan: Plan, directory: StudyDirectory) -> Table:
    trials = read_trials(directory.storage_url, plan.spec.study)
    table = Table()
    for name in ("cell", "finished", "complete", "pruned", "failed", f"best {plan.spec.search.objective}", "epochs"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    for cell in plan.cells:
        own = [trial for trial in trials if trial.cell == cell.key]
        states = [trial.state for trial in own]
        values = [trial.value for trial in own if trial.value is not None]
        best = max if plan.spec.search.direction == "maximize" else min
        table.add_row(
            cell.title,
            f"{sum(trial.finished for trial in own)}/{cell.trials}",
            *(str(states.count(state)) for state in ("COMPLETE", "PRUNED", "FAIL")),
            f"{best(values):.4f}" if values else "",
            str(sum(len(trial.epochs) for trial in own)),
        )
    return table
