"""Progress of a running study: a live table on a terminal; elsewhere one line an event, for `grep`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from study.plan.cells import Plan
from study.store.stage import Observer
from study.store.trial import TrialRecord

MESSAGE_INTERVAL = 5.0  # seconds between lines about epochs when output is not a terminal


class Progress(Observer):
    """Prints the events of a study. Use it as a context manager, which restores the terminal."""

    def __init__(self, plan: Plan, console: Console | None = None):
        self._plan = plan
        self._console = console or Console(file=sys.stdout, highlight=False)
        self._trials: dict[tuple[str, int], TrialRecord] = {}
        self._initial_epochs: dict[tuple[str, int], int] = {}  # by trial, when this run began
        self._started = time.monotonic()
        self._last_message = 0.0
        self._pieces, self._stage_started = 0, 0.0
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._end_live()

    def on_message(self, text: str) -> None:
        """Print one line as it is: a key such as `ungrouped:train:` is no emoji."""
        self._console.print(text, markup=False, emoji=False, soft_wrap=True)

    def on_stage_start(self, stage: str) -> None:
        """Print the stage's name and start to count its pieces."""
        self.on_message(f"stage {stage}")
        self._pieces, self._stage_started = 0, time.monotonic()
        self._last_message = time.monotonic()

    def on_stage_end(self, stage: str, seconds: float) -> None:
        """Print the duration of the stage."""
        self.on_message(f"stage {stage} done after {duration(seconds)}")

    def on_piece(self, stage: str, key: str) -> None:
        """The number of pieces done, at most every `MESSAGE_INTERVAL` seconds."""
        self._pieces += 1
        if time.monotonic() - self._last_message > MESSAGE_INTERVAL:
            self._last_message = time.monotonic()
            after = duration(time.monotonic() - self._stage_started)
            self.on_message(f"{stage} done={self._pieces} last={key!r} after={after}")

    def on_search_start(self, trials: Sequence[TrialRecord]) -> None:
        """Start the live table, on a terminal."""
        self._trials = {(trial.cell, trial.number): trial for trial in trials}
        self._initial_epochs = {key: len(trial.epochs) for key, trial in self._trials.items()}
        self._started, self._last_message = time.monotonic(), 0.0
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._table)
            self._live.start()

    def on_trial(self, trial: TrialRecord) -> None:
        """A trial started, reported an epoch, or ended."""
        self._trials[trial.cell, trial.number] = trial
        if self._live is None and (trial.finished or time.monotonic() - self._last_message > MESSAGE_INTERVAL):
            self._last_message = time.monotonic()
            self.on_message(self._line(trial))

    def on_search_end(self) -> None:
        """The table's last state stays on the terminal."""
        self._end_live()

    def _end_live(self) -> None:
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
            self._live.stop()
            self._live = None

    def _line(self, trial: TrialRecord) -> str:
        value = "-" if trial.value is None else f"{trial.value:.4f}"
        done = sum(other.finished for other in self._trials.values())
        best = self._best(trial.cell)
        return (
            f"search cell={trial.cell} trial={trial.number} state={trial.state} epoch={len(trial.epochs)} "
            f"value={value} best={'-' if best is None else f'{best:.4f}'} finished={done}/{self._plan.trials} "
            f"left={self._time_left()}"
        )

    def _best(self, cell: str) -> float | None:
        values = [t.value for (key, _), t in self._trials.items() if key == cell and t.value is not None]
        if not values:
            return None
        return max(values) if self._plan.spec.search.direction == "maximize" else min(values)

    def _time_left(self) -> str:
        """Time left, extrapolated from the epochs of this run; those of earlier runs do not count."""
        finished = [key for key, trial in self._trials.items() if trial.finished]
        new = sum(len(trial.epochs) - self._initial_epochs.get(key, 0) for key, trial in self._trials.items())
        if not finished or not new:
            return "?"
        epochs = sum(len(self._trials[key].epochs) for key in finished) / len(finished)
        remaining = epochs * self._plan.trials - sum(len(trial.epochs) for trial in self._trials.values())
        return duration(max(0.0, remaining) * (time.monotonic() - self._started) / new)

    def _table(self) -> Table:
        spec = self._plan.spec
        done = sum(trial.finished for trial in self._trials.values())
        title = f"{spec.study}: {done}/{self._plan.trials} trials, about {self._time_left()} left"
        table = Table(title=title, title_justify="left")
        for name in ("cell", "done", "pruned", "failed", "running", f"best {spec.search.objective}", "epochs"):
            table.add_column(name, justify="left" if name == "cell" else "right", overflow="fold")
        for cell in self._plan.cells:
            trials = [trial for (key, _), trial in self._trials.items() if key == cell.key]
            states = [trial.state for trial in trials]
            best = self._best(cell.key)
            table.add_row(
                cell.title,
                f"{sum(trial.finished for trial in trials)}/{cell.trials}",
                str(states.count("PRUNED")),
                str(states.count("FAIL")),
                str(states.count("RUNNING")),
                "" if best is None else f"{best:.4f}",
                f"{sum(len(trial.epochs) for trial in trials)}/{cell.trials * cell.max_epochs}",
            )
        return table


def duration(seconds: float) -> str:
    """`42 s`, `3.5 min`, `1.2 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
