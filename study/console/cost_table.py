"""What `study plan --costs` prints: the size and work of every method, and what the search may spend on it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from study.plan.cells import Cell, plan
from study.spec.loading import load_spec


def print_costs(path: Path) -> None:
    """Print a row a method. `trained` is a range where the search space decides it; the head is that of two classes.

    Raises `EncoderError` for a backbone that cannot be made, `TrainingError` for one that its pipeline cannot adapt.
    """
    made = plan(load_spec(path))
    table = Table(title="what each method costs", title_justify="left")
    table.add_column("method", no_wrap=True)
    for name in ("million weights", "million trained", "GMACs an image", "epochs ≤"):
        table.add_column(name, justify="right")
    for method in made.spec.methods:
        cells = [cell for cell in made.cells if cell.method == method]
        epochs = sum(cell.trials * cell.max_epochs for cell in cells)
        table.add_row(method.name, *_size(cells[0]), str(epochs))
    Console(highlight=False, soft_wrap=True).print(table)


def _size(cell: Cell) -> tuple[str, str, str]:
    from trainables.pipelines.model_size import model_size

    low, high = (
        model_size(
            cell.backbone, cell.image_size, 2, cell.method.pipeline, cell.space.at([end] * cell.space.dimensions)
        )
        for end in (0.0, 1.0)
    )
    if low.trained is None or high.trained is None:
        trained = "not said"
    else:
        trained = " to ".join(dict.fromkeys(f"{count / 1e6:.3g}" for count in sorted((low.trained, high.trained))))
    return f"{low.parameters / 1e6:.3g}", trained, f"{low.macs / 1e9:.3g}"
