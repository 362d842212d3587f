"""The stage *search*: every cell tuned to its budget."""

from __future__ import annotations

from study.cluster import connection
from study.search.budget import Budget
from study.search.ray_tune.tuner import run_search
from study.store.stage import Count, Stage, StageContext
from study.store.trial_storage import study_trials
from study.training import study_precision
from study.training.jobs import trial_job


class Search(Stage):
    """Tune every cell to its budget."""

    name = "search"
    needs = ("prepare",)

    def run(self, context: StageContext) -> None:
        """Go on until no cell has budget left."""
        plan, directory = context.plan, context.directory
        connection.connect(context.address)
        study_precision.choose(plan.spec, directory)
        trials = study_trials(plan, directory)
        for observer in context.observers:
            observer.on_search_start(trials)
        run_search(
            plan,
            directory,
            lambda cell, number, params: trial_job(plan, directory, cell, number, params),
            address=context.address,
            on_event=context.trial,
        )
        for observer in context.observers:
            observer.on_search_end()

    def status(self, context: StageContext) -> Count:
        """Finished trials against planned ones; a cell whose cap is reached wants no more than it has."""
        search = context.plan.spec.search
        trials = study_trials(context.plan, context.directory)
        wanted = done = 0
        for cell in context.plan.cells:
            of_cell = [trial for trial in trials if trial.cell == cell.key]
            budget = Budget(trials=cell.trials, epochs=search.epochs_per_cell, seconds=search.seconds_per_cell)
            wanted += cell.trials if budget.open(of_cell) else len(of_cell)
            done += sum(trial.finished for trial in of_cell)
        return Count(done=done, wanted=wanted)


STAGE = Search()
