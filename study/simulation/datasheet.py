"""The datasheet of a bank of curves: what was trained on what, how precise it is, and how AUC depends on the first
searched parameter."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from datasets.base.atomic_files import write_text
from search_spaces.domains import Choice
from study.base.versions import versions
from study.simulation.curve_bank import METADATA, BankCell, BankTrial, read_bank


def run_deviation(cell: BankCell) -> tuple[float, float, int]:
    """Standard deviation from run to run of the last epoch's and of the best epoch's AUC, and the pairs behind it.

    From configurations that were trained twice: the root mean square of their differences, over √2.
    """
    runs = defaultdict(list)
    for trial in cell.trials:
        if not trial.failed and len(trial.auc):
            runs[trial.configuration].append((trial.auc[-1], trial.auc.max()))
    pairs = np.array([np.subtract(found[0], found[1]) for found in runs.values() if len(found) > 1]).reshape(-1, 2)
    if not len(pairs):
        return math.nan, math.nan, 0
    last, best = np.sqrt((pairs**2).mean(axis=0) / 2)
    return float(last), float(best), len(pairs)


def summary(cell: BankCell) -> dict[str, Any]:
    """One row of the datasheet."""
    best = np.array([trial.auc.max() for trial in cell.trials if len(trial.auc)] or [math.nan])
    last_sd, best_sd, pairs = run_deviation(cell)
    return {
        "cell": cell.key,
        "backbone": cell.backbone,
        "configurations": len({trial.configuration for trial in cell.trials}),
        "trained twice": pairs,
        "epochs": sum(len(trial.auc) for trial in cell.trials),
        "diverged": sum(bool(trial.failed) for trial in cell.trials),
        "median AUC": f"{np.median(best):.3f}",
        "top decile": f"{np.quantile(best, 0.9):.3f}",
        "best AUC": f"{best.max():.3f}",
        "sd of a run, last epoch": f"{last_sd:.4f}",
        "sd of a run, best epoch": f"{best_sd:.4f}",
    }


def write_datasheet(bank: Path, data: Mapping[str, Any] | None = None) -> Path:
    """Write `<bank>.md` and the figure `<bank>.png` beside a bank. `data`: facts about its images by name."""
    cells = read_bank(bank)
    spec = json.loads(pq.read_schema(bank).metadata[METADATA])["spec"]
    facts = {
        "file": f"`{bank.name}`, {bank.stat().st_size / 1024:.0f} KiB, {sum(len(c.trials) for c in cells)} trainings, "
        f"{sum(len(t.auc) for c in cells for t in c.trials):,} epochs",
        "training data": f"{spec['train']['source']}, task {spec['train']['task']}, split by "
        f"{spec['train']['splits'] if isinstance(spec['train']['splits'], str) else 'files'}, "
        f"fractions {', '.join(f'{f:g}' for f in spec['train']['fractions'])}",
        **(data or {}),
        "image size": f"{spec['image_size']} px, augmentation {spec['augmentation']}",
        "epochs": f"{spec['search']['max_epochs']}, none stopped early",
        "versions": ", ".join(f"{name} {value}" for name, value in versions().items()),
    }
    lines = [
        f"# Learning curves: {spec['study']}",
        "",
        "Written by `study curves` beside the bank. It holds validation results alone: no image, no test label.",
        "",
        *[f"- {name}: {value}" for name, value in facts.items()],
        "",
        *_table([summary(cell) for cell in cells]),
        "",
        f"![AUC against the first searched parameter]({bank.stem}.png)",
        "",
        "Every dot is a training at its best epoch. Deviations from run to run come from the configurations that were",
        "trained twice, with other seeds on the same split; a search cannot tell configurations apart that differ by "
        "less.",
        "",
    ]
    _figure(cells, bank.with_suffix(".png"))
    out = bank.with_suffix(".md")
    write_text(out, "\n".join(lines))
    return out


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(rows[0])
    return [
        f"| {' | '.join(names)} |",
        f"| {' | '.join('---' for _ in names)} |",
        *[f"| {' | '.join(str(row[name]) for name in names)} |" for row in rows],
    ]


def _telling(cell: BankCell, trials: Sequence[BankTrial]) -> str | None:
    """The choice between whose values the mean AUC differs most; None where nothing is chosen."""

    def spread(name: str) -> float:
        groups = defaultdict(list)
        for trial in trials:
            groups[str(trial.params[name])].append(trial.auc.max())
        means = [float(np.mean(found)) for found in groups.values()]
        return max(means) - min(means)

    return max((n for n, d in cell.space.domains.items() if isinstance(d, Choice)), key=spread, default=None)


def _figure(cells: Sequence[BankCell], out: Path) -> None:
    """AUC against the first parameter that has a scale, one panel a cell; colour is the choice that matters most."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    wide = min(3, len(cells))
    high = math.ceil(len(cells) / wide)
    figure, axes = pyplot.subplots(high, wide, figsize=(3.4 * wide, 2.5 * high), squeeze=False, layout="constrained")
    for axis, cell in zip(axes.flat, cells, strict=False):
        scaled = next((n for n, d in cell.space.domains.items() if not isinstance(d, Choice)), None)
        trials = [trial for trial in cell.trials if len(trial.auc)]
        choice = _telling(cell, trials) if trials else None
        for value in sorted({str(trial.params[choice]) if choice else "" for trial in trials}):
            chosen = [trial for trial in trials if choice is None or str(trial.params[choice]) == value]
            axis.plot(
                [float(trial.params[scaled]) if scaled else 0.0 for trial in chosen],
                [trial.auc.max() for trial in chosen],
                ".",
                markersize=4,
                label=f"{choice} {value}" if choice else None,
            )
        axis.set_title(f"{cell.method} · {cell.fraction * 100:g} %", fontsize=9)
        axis.set_xlabel(scaled or "", fontsize=8)
        axis.tick_params(labelsize=7)
        if scaled and getattr(cell.space.domains[scaled], "log", False):
            axis.set_xscale("log")
        if choice:
            axis.legend(fontsize=6, loc="lower right")
    for axis in list(axes.flat)[len(cells) :]:
        axis.set_visible(False)
    figure.supylabel("validation AUC, best epoch", fontsize=9)
    figure.savefig(out, dpi=90, metadata={"Software": None})
    pyplot.close(figure)
