"""A study from Python: what `import study` offers. The command line calls the same functions."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from study.base.errors import StudyError
from study.pipeline.status import status
from study.plan.cells import Plan
from study.protocol.opening import default_root, open_study, start_study
from study.spec.loading import load_spec
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory
from study.store.trial_storage import study_trials

if TYPE_CHECKING:
    from study.evaluation.trained_model import TrainedModel


@dataclass(frozen=True)
class Study:
    """A study in a directory. Tables are read anew at each call, so they are those of this moment."""

    plan: Plan
    directory: StudyDirectory

    def run_stage(
        self, name: str, *, address: str | None = None, reopen: str | None = None, progress: bool = True
    ) -> None:
        """Run one stage by its name in `status()`, whatever has been done before."""
        from study.console.progress import Progress
        from study.pipeline.run import run_stage

        with Progress(self.plan) if progress else nullcontext() as shown:
            observers = () if shown is None else (shown,)
            run_stage(self.directory.root, name, observers=observers, address=address, reopen=reopen)

    def status(self) -> pd.DataFrame:
        """How far each stage is: `stage`, `done`, `wanted` (missing while an earlier stage decides it), `complete`."""
        counts = status(self.plan, self.directory)
        rows = [(name, count.done, count.wanted, count.complete) for name, count in counts.items()]
        return pd.DataFrame(rows, columns=["stage", "done", "wanted", "complete"]).astype({"wanted": "Int64"})

    def trials(self) -> pd.DataFrame:
        """One row a trial: cell, state, parameters, validation value, epochs, seconds."""
        from study.analysis.trial_tables import trials_table

        return trials_table(self.plan, study_trials(self.plan, self.directory))

    def best(self, method: str, fraction: float) -> pd.Series:
        """The trial with the best validation value so far of a method at a training fraction; a row of `trials()`.

        Raises `StudyError` where the cell has no trial with a value.
        """
        table = self.trials()
        table = table[(table["method"] == method) & (table["fraction"] == fraction) & table["value"].notna()]
        if table.empty:
            raise StudyError(f"No trial of {method!r} at fraction {fraction:g} has a validation value. See `trials()`.")
        maximize = self.plan.spec.search.direction == "maximize"
        return table.sort_values("value", ascending=not maximize, kind="stable").iloc[0]

    def predictions(self) -> pd.DataFrame:
        """All prediction tables: one row an image of a test set for one replicate.

        Raises `StudyError` when a table is missing or was altered.
        """
        from study.analysis.compare_stage import read_predictions

        return read_predictions(self.plan, self.directory)

    def estimates(self) -> pd.DataFrame:
        """Every metric of every method on every test set, with its 95 % interval."""
        return self._comparison("estimates")

    def differences(self) -> pd.DataFrame:
        """Paired differences between methods, with intervals and p-values before and after Holm's correction."""
        return self._comparison("differences")

    def model(self, method: str, fraction: float, *, replicate: int = 1, winner: int = 0) -> TrainedModel:
        """A trained winner that scores images as the study's own evaluation does."""
        from study.evaluation.trained_model import trained_model

        return trained_model(self.plan, self.directory, method, fraction, replicate=replicate, winner=winner)

    def report(self) -> Path:
        """Write the report from the comparison tables as they are, and return its path."""
        self.run_stage("report", progress=False)
        return self.directory.report

    def _repr_html_(self) -> str:
        """What a notebook shows for a study as the last value of a cell."""
        from study.console.notebook_view import notebook_view

        return notebook_view(self.plan, self.directory)

    def _comparison(self, table: str) -> pd.DataFrame:
        path = self.directory.comparison / f"{table}.parquet"
        if not path.is_file():
            raise StudyError(f"There is no {path} yet. Run `study compare {self.directory.root}`.")
        return pd.read_parquet(path)


def run(
    spec: StudySpec | str | Path,
    directory: str | Path | None = None,
    *,
    address: str | None = None,
    extend: bool = False,
    reopen: str | None = None,
    progress: bool = True,
) -> Study:
    """Run a whole study and return it. `spec`: a spec or the path of its file; `directory`: default `runs/<study>`.

    What is done already is skipped: run it again after any interruption. `address`: a Ray cluster, default this
    machine. `extend` accepts larger budgets of the search; `reopen` says why a selection may change after test labels
    were read, and any other deviation from the sealed protocol. Raises `StudyError` for bad input, before anything
    starts."""
    from study.console.progress import Progress
    from study.pipeline.run import run_study

    read = spec if isinstance(spec, StudySpec) else load_spec(Path(spec))
    plan, where = start_study(read, Path(directory) if directory else default_root(read), extend=extend, reopen=reopen)
    with Progress(plan) if progress else nullcontext() as shown:
        observers = () if shown is None else (shown,)
        run_study(plan, where, observers=observers, address=address, reopen=reopen)
    return Study(plan, where)


def open(directory: str | Path, *, reopen: str | None = None) -> Study:
    """The study in a directory, verified along its chain. Raises `StudyError` where there is none, and where what was
    decided has changed; `reopen` says why it may, which the report will show."""
    return Study(*open_study(Path(directory), reopen=reopen))
