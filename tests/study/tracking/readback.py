"""Read a study back from a tracking server and hold it, value by value, against the study directory."""

from __future__ import annotations

import math

from mlflow import MlflowClient

from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.trial_storage import read_trials
from study.tracking.desired import identity

STATUS = {"COMPLETE": "FINISHED", "PRUNED": "FINISHED", "FAIL": "FAILED", "RUNNING": "RUNNING"}


def runs(client: MlflowClient, directory: StudyDirectory) -> dict[str, list]:
    """All active runs of the study by key."""
    study = identity.load(directory).id
    (experiment,) = client.search_experiments(filter_string=f"tags.study_id = '{study}'")
    found: dict[str, list] = {}
    token = None
    while True:
        page = client.search_runs([experiment.experiment_id], max_results=1000, page_token=token)
        for run in page:
            assert run.data.tags["study_id"] == study
            found.setdefault(run.data.tags["study_key"], []).append(run)
        token = page.token
        if not token:
            return found


def check(client: MlflowClient, plan: Plan, directory: StudyDirectory) -> dict[str, int]:
    """Assert that trials are tracked once, with every epoch's metrics once; returns how much was compared."""
    found = runs(client, directory)
    twice = {key: len(those) for key, those in found.items() if len(those) != 1}
    assert not twice, f"one run each, got {twice}"
    trials = read_trials(directory.storage_url, plan.spec.study)
    assert {key for key in found if key.startswith("trial/")} == {f"trial/{t.cell}/{t.number}" for t in trials}
    compared = 0
    for trial in trials:
        (run,) = found[f"trial/{trial.cell}/{trial.number}"]
        assert run.data.tags["state"] == trial.state
        assert run.info.status == STATUS[trial.state]
        assert abs(run.info.start_time / 1000 - trial.started) < 2
        if trial.finished:
            assert abs(run.info.end_time / 1000 - trial.ended) < 2
        for name, value in trial.params.items():
            shown = run.data.params[name]
            assert shown == (str(value).lower() if isinstance(value, bool) else str(value))
        assert run.data.params["method"] == plan.cell(trial.cell).method.name
        assert run.data.tags["attempts"] == str(trial.attempts)
        assert run.data.tags.get("reason", "") == trial.reason
        wanted = {name for record in trial.epochs for name in record.metrics}
        assert set(run.data.metrics) - {f"best_{plan.spec.search.objective}"} == wanted
        for name in wanted:
            points = client.get_metric_history(run.info.run_id, name)
            assert sorted((p.step, p.value) for p in points) == [
                (record.epoch, float(record.metrics[name])) for record in trial.epochs if name in record.metrics
            ], (run.info.run_name, name)
            compared += len(points)
        if trial.value is not None:
            assert run.data.metrics[f"best_{plan.spec.search.objective}"] == trial.value
    for cell in plan.cells:
        own = [trial for trial in trials if trial.cell == cell.key]
        _check_summary(client, found[f"cell/{cell.key}"][0], own)
        assert found[f"cell/{cell.key}"][0].data.tags["mlflow.parentRunId"] == found["study"][0].info.run_id
        for trial in own:
            parent = found[f"trial/{cell.key}/{trial.number}"][0].data.tags["mlflow.parentRunId"]
            assert parent == found[f"cell/{cell.key}"][0].info.run_id
    _check_summary(client, found["study"][0], trials)
    return {"runs": len(found), "trials": len(trials), "points": compared}


def _check_summary(client: MlflowClient, run, trials) -> None:
    ended = [trial for trial in trials if trial.finished]
    for name, state in (("complete", "COMPLETE"), ("pruned", "PRUNED"), ("failed", "FAIL")):
        assert run.data.metrics[f"trials_{name}"] == sum(trial.state == state for trial in ended)
    assert run.data.metrics["epochs"] == sum(len(trial.epochs) for trial in ended)
    assert math.isclose(run.data.metrics["device_seconds"], sum(t.seconds for t in ended), abs_tol=1e-6)
    steps = [point.step for point in client.get_metric_history(run.info.run_id, "epochs")]
    assert sorted(steps) == list(range(1, len(ended) + 1)), "one point for each trial that ended"
