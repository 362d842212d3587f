"""What `study plan` prints: cells, parity, and what the authors accept."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.comparison.metrics.class_metric import metric_label
from study.plan import fairness_rules
from study.plan.cells import Plan
from study.plan.cells import plan as make_plan
from study.preparation.prepare import load_manifests
from study.spec.loading import load_spec
from study.spec.search_section import Search
from trainables.shipped_encoders import shipped
from trainables.training.objectives import OBJECTIVES

FAIRNESS_RULES = {
    "trials": "trials",
    "epochs": "epochs of fine-tuning",
    "space": "search space",
    "workers": "workers",
}
COLUMNS = {
    "cell": "cell",
    "backbone": "backbone",
    "image_size": "pixels",
    "trials": "trials",
    "repeats": "searches",
    "max_epochs": "epochs ≤",
    "dimensions": "searched",
    "space": "space",
    "shared_design": "shared design",
    "sampler": "sampler",
    "scheduler": "scheduler",
    "objective": "objective",
    "replicates": "replicates",
}


def print_plan(path: Path) -> None:
    """Print the plan of a spec file. Raises `StudyError` when it is malformed or breaks a rule that is not accepted."""
    plan = make_plan(load_spec(path))
    console = Console(highlight=False, soft_wrap=True)
    _print_cells(plan, console)
    _print_without_weights(plan, console)
    accepted = fairness_rules.check(plan)
    for violation in accepted:
        console.print(f"[yellow]differs[/] {violation.key}: {violation.message}. Reason: {violation.reason}")
    if not accepted:
        console.print("[green]fair[/] every method gets the same trials, epochs, search space, design and replicates")
    else:
        broken = {violation.key.partition(":")[0] for violation in accepted}
        same = [what for rule, what in FAIRNESS_RULES.items() if rule not in broken]
        console.print(f"[yellow]not all alike[/] every method gets the same {', '.join(same)}; what differs is above")


def print_data(path: Path) -> None:
    """Print size and classes of every data set of a spec. Raises `StudyError` for what `study run` would refuse."""
    console = Console(highlight=False, soft_wrap=True)
    for name, manifest in load_manifests(make_plan(load_spec(path))).items():
        counts = manifest.table["label"].value_counts()
        classes = ", ".join(f"{counts.get(label, 0)} {kind}" for label, kind in enumerate(manifest.classes))
        console.print(f"data {name}: {len(manifest.table)} images; {classes}", markup=False)


def _print_cells(plan: Plan, console: Console) -> None:
    """The cells in a table of what differs between them, and in a line what they all share."""
    spec = plan.spec
    rows = fairness_rules.parity(plan).to_dict("records")
    known = [name for name in COLUMNS if name in rows[0]]
    same = [name for name in known if len({str(row[name]) for row in rows}) == 1 and name != "cell"]
    table = Table(title=f"{spec.study}: {len(plan.cells)} cells, {plan.trials} trials", title_justify="left")
    different = [name for name in known if name not in same]
    for name in different:
        table.add_column(COLUMNS[name], overflow="fold")
    for row in rows:
        table.add_row(*(str(row[name]) for name in different))
    if spec.question:
        console.print(spec.question, style="bold")
    console.print(table)
    if same:
        console.print("every cell: " + ", ".join(f"{COLUMNS[name]} {rows[0][name]}" for name in same))
    grace = spec.search.scheduler.arguments.get("grace", 0)
    if grace >= spec.search.max_epochs:
        console.print(
            f"[yellow]careful[/] {spec.search.scheduler.name} looks first after epoch {grace}, and trials end after "
            f"{spec.search.max_epochs}: it stops nothing"
        )
    repeats = spec.search.repeats
    if repeats > 1:
        counts = sorted(
            {count for cell in plan.cells for count in (cell.trials // repeats, -(-cell.trials // repeats))}
        )
        console.print(
            f"each cell: {repeats} independent searches of {' or '.join(map(str, counts))} trials, each with a shared "
            f"design and a scheduler of its own; each search's winners train {spec.replicate.pairs // repeats} of the "
            f"{spec.replicate.pairs} pairs"
        )
    searched = OBJECTIVES.get(spec.search.objective).metric
    if searched != spec.compare.metric:
        console.print(
            f"searched and selected by {spec.search.objective}, reported by {metric_label(spec.compare.metric)} "
            "(compare.metric): say so, or let them agree"
        )
    winners = len(plan.cells) * spec.select.k * repeats
    replicates = len(plan.cells) * spec.select.k * spec.replicate.pairs
    epochs = sum(cell.trials * cell.max_epochs for cell in plan.cells)
    console.print(
        f"at most {epochs} epochs of search{_caps(spec.search)}; then {winners} winners by rule "
        f"{spec.select.rule!r} on validation alone, {replicates} replicates, "
        f"{replicates * len(spec.tests)} prediction tables of {spec.evaluate.copies} copies an image"
    )


def _print_without_weights(plan: Plan, console: Console) -> None:
    """Methods that begin with a small encoder of ours, and those that nothing ships for."""
    cells = {cell.method.name: cell for cell in plan.cells if cell.method.weights is None}
    there = {name: shipped(cell.method.encoder, cell.backbone).is_file() for name, cell in cells.items()}
    small = [name for name, ships in there.items() if ships]
    # `random` alone has no weights on purpose; its recipe would load torch.
    lacking = [name for name, ships in there.items() if not ships and cells[name].method.encoder != "random"]
    if small:
        console.print(
            f"[yellow]careful[/] {', '.join(small)}: no `weights`, so a small encoder that ships with the code, "
            "pre-trained on drawings; to see that all works, not to judge the method of that name"
        )
    if lacking:
        console.print(
            f"[yellow]careful[/] {', '.join(lacking)}: no `weights`, and none ship for that backbone; `study run` will "
            "refuse it. `study encoders check` says where they are to be had"
        )


def _caps(search: Search) -> str:
    """What ends a cell's search before its trials do, the same for every method."""
    caps = []
    if search.epochs_per_cell is not None:
        caps.append(f"{search.epochs_per_cell} epochs")
    if search.seconds_per_cell is not None:
        caps.append(f"{search.seconds_per_cell:g} device-seconds")
    return f", and no cell over {' or '.join(caps)}" if caps else ""
