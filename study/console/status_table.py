"""What `study status` prints."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from study.pipeline.status import status
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.disk import disk_use
from study.store.trial_storage import study_trials
from study.tracking import read_backlog


def print_status(plan: Plan, directory: StudyDirectory) -> None:
    """Print stages, cells, the backlog of MLflow, and disk use."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{plan.spec.study} in {directory.root}", style="bold")
    for name, count in status(plan, directory).items():
        total = "?" if count.wanted is None else count.wanted
        console.print(f"{name:10} {'done' if count.complete else 'open':5} {count.done}/{total}")
    if (directory.root / "trials.db").exists():
        console.print(_cells(plan, directory))
    console.print(str(read_backlog(directory)))
    usage = disk_use(directory)
    parts = ", ".join(f"{name} {size(count)}" for name, count in usage.items())
    console.print(f"disk {size(sum(usage.values()))}: {parts}")


def size(count: int) -> str:
    """Bytes as people read them: `512 B`, `3.4 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def _cells(plan: Plan, directory: StudyDirectory) -> Table:
    trials = study_trials(plan, directory)
    table = Table()
    for name in ("cell", "trials", "pruned", "failed", f"best {plan.spec.search.objective}", "epochs"):
        table.add_column(name, justify="left" if name == "cell" else "right", overflow="fold", no_wrap=name == "cell")
    for cell in plan.cells:
        in_cell = [trial for trial in trials if trial.cell == cell.key]
        states = [trial.state for trial in in_cell]
        values = [trial.value for trial in in_cell if trial.value is not None]
        best = max if plan.spec.search.direction == "maximize" else min
        table.add_row(
            cell.title,
            f"{sum(trial.finished for trial in in_cell)}/{cell.trials}",
            *(str(states.count(state)) for state in ("PRUNED", "FAIL")),
            f"{best(values):.4f}" if values else "",
            str(sum(len(trial.epochs) for trial in in_cell)),
        )
    return table
