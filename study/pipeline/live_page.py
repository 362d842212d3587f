"""The page of `study watch`: how far a study is, out of its directory alone. Nothing in it is a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from study.pipeline.status import status
from study.plan.cells import Cell, Plan
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord
from study.store.trial_storage import study_trials

REFRESH = 5  # seconds
WIDTH, HEIGHT = 320, 140  # of a figure's viewBox
STYLE = """
:root{color-scheme:light dark;--line:#8886;--mark:#2563eb}
@media(prefers-color-scheme:dark){:root{--mark:#7dabff}}
body{font:16px/1.45 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}progress{width:7rem}
.cells{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem}
figure{margin:0}figcaption{font-size:.85rem}svg{width:100%;height:auto}
svg text{font-size:11px;fill:currentColor}.a{stroke:var(--line);fill:none}
.c{stroke:var(--mark);fill:none;opacity:.7}.PRUNED,.FAIL{stroke:#888;opacity:.5}.d{fill:var(--mark)}
"""


def live_page(plan: Plan, directory: StudyDirectory) -> str:
    """HTML: stages, cells with the estimated end of the search, and two figures a cell: curves, and learning rates."""
    trials = study_trials(plan, directory)
    of_cell = {cell.key: [trial for trial in trials if trial.cell == cell.key] for cell in plan.cells}
    title = f"{plan.spec.study}: {sum(trial.finished for trial in trials)} of {plan.trials} trials"
    best = max if plan.spec.search.direction == "maximize" else min
    body = [
        Markup("<h1>{}</h1><p>{}</p>").format(title, plan.spec.question),
        Markup("<p>{}. Read anew every {} seconds.</p>").format(time_left(trials, plan.trials), REFRESH),
        _report(directory),
        _stages(plan, directory),
        _table(
            ("cell", "trials", "running", "stopped", "failed", f"best {plan.spec.search.objective}", "epochs"),
            [_cell_row(cell, of_cell[cell.key], best) for cell in plan.cells],
        ),
        Markup('<div class="cells">{}</div>').format(
            Markup("").join(_figures(cell, of_cell[cell.key], plan.spec.search.objective) for cell in plan.cells)
        ),
    ]
    head = Markup(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{}">'
        '<meta name="viewport" content="width=device-width"><title>{}</title><style>{}</style>'
    ).format(REFRESH, title, Markup(STYLE))
    return str(head + Markup("\n").join(body))


def _report(directory: StudyDirectory) -> Markup:
    """Where the answer is, once there is one."""
    done = directory.report.is_file()
    return Markup("<p>The report: <code>{}</code></p>").format(directory.report) if done else Markup("")


def time_left(trials: Sequence[TrialRecord], wanted: int) -> str:
    """When the search ends, by the rate at which trials have finished since the first started."""
    done = [trial for trial in trials if trial.finished]
    started = [trial.started for trial in trials if trial.started is not None]
    ended = [trial.ended for trial in done if trial.ended is not None]
    if len(done) >= wanted:
        return "The search is done"
    if not started or not ended:
        return "The end of the search cannot be estimated before a trial has finished"
    seconds = (max(ended) - min(started)) / len(done) * (wanted - len(done))
    return f"The search takes about {seconds / 60:.0f} more minutes, at the rate so far"


def _stages(plan: Plan, directory: StudyDirectory) -> Markup:
    rows = []
    for name, count in status(plan, directory).items():
        if count.wanted is None:
            rows.append((name, "", "waits for an earlier stage"))
        else:
            bar = Markup('<progress value="{}" max="{}"></progress>').format(count.done, max(count.wanted, 1))
            rows.append((name, bar, f"{count.done} / {count.wanted}"))
    return _table(("stage", "", "pieces"), rows)


def _cell_row(cell: Cell, trials: Sequence[TrialRecord], best: object) -> tuple[object, ...]:
    assert callable(best)
    states = [trial.state for trial in trials]
    values = [trial.value for trial in trials if trial.value is not None]
    return (
        cell.title,
        f"{sum(trial.finished for trial in trials)} / {cell.trials}",
        states.count("RUNNING"),
        states.count("PRUNED"),
        states.count("FAIL"),
        f"{best(values):.4f}" if values else "",
        sum(len(trial.epochs) for trial in trials),
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in names)
    lines = [Markup("").join(Markup("<td>{}</td>").format(value) for value in row) for row in rows]
    body = Markup("").join(Markup("<tr>{}</tr>").format(line) for line in lines)
    return Markup('<div class="scroll"><table><tr>{}</tr>{}</table></div>').format(head, body)


def _figures(cell: Cell, trials: Sequence[TrialRecord], objective: str) -> Markup:
    curves = [
        (trial.state, [(float(e.epoch), e.metrics[objective]) for e in trial.epochs if objective in e.metrics])
        for trial in trials
    ]
    rates = [
        (math.log10(float(trial.params["lr"])), trial.value)
        for trial in trials
        if trial.value is not None and isinstance(trial.params.get("lr"), (int, float)) and trial.params["lr"]
    ]
    lines = _svg([curve for _, curve in curves], [f"c {state}" for state, _ in curves])
    dots = _svg([[dot] for dot in rates], ["d"] * len(rates), unit=lambda exponent: f"{10**exponent:.2g}")
    figure = Markup("<figure><figcaption>{}: {}</figcaption>{}</figure>")
    return figure.format(cell.title, f"{objective} by epoch", lines) + figure.format(
        cell.title, f"{objective} by learning rate", dots
    )


def _svg(
    series: Sequence[Sequence[tuple[float, float]]],
    classes: Sequence[str],
    unit: Callable[[float], str] = lambda value: f"{value:.3g}",
) -> Markup:
    """Lines and dots in their own range; `unit` says what the ends of the horizontal axis stand for."""
    points = [point for one in series for point in one if all(map(math.isfinite, point))]
    if not points:
        return Markup("<p>Nothing yet.</p>")
    low, high = [min(axis) for axis in zip(*points, strict=True)], [max(axis) for axis in zip(*points, strict=True)]

    def at(point: tuple[float, float]) -> tuple[float, float]:
        shares = [(v - a) / (b - a) if b > a else 0.5 for v, a, b in zip(point, low, high, strict=True)]
        return round(40 + shares[0] * (WIDTH - 55), 1), round(HEIGHT - 22 - shares[1] * (HEIGHT - 34), 1)

    drawn = Markup("")
    for one, kind in zip(series, classes, strict=True):
        places = [at(point) for point in one if all(map(math.isfinite, point))]
        if kind != "d":
            drawn += Markup('<polyline class="{}" points="{}"/>').format(kind, " ".join(f"{x},{y}" for x, y in places))
        if kind == "d" or len(places) == 1:
            drawn += Markup("").join(Markup('<circle class="d" cx="{}" cy="{}" r="3"/>').format(*p) for p in places)
    base = HEIGHT - 4
    labels = Markup("").join(
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(*text)
        for text in (
            (0, 16, "start", f"{high[1]:.3g}"),
            (0, HEIGHT - 22, "start", f"{low[1]:.3g}"),
            (40, base, "start", unit(low[0])),
            (WIDTH - 8, base, "end", unit(high[0])),
        )
    )
    axes = Markup('<path class="a" d="M36 8V{0}H{1}"/>').format(HEIGHT - 18, WIDTH - 8)
    return Markup('<svg viewBox="0 0 {} {}" role="img">{}</svg>').format(WIDTH, HEIGHT, axes + drawn + labels)


def error_page(error: Exception) -> str:
    """What is shown when the directory cannot be read at this moment."""
    return f'<!doctype html><meta http-equiv="refresh" content="{REFRESH}"><p>{escape(str(error))}</p>'
