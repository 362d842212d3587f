"""The tracking server: every call to MLflow, made so that a lost answer never leaves anything twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from study.tracking.backend.target import Target
from study.tracking.desired.runs import Input, Point, Run

# Retries are ours: MLflow's own repeat a request whose answer was lost, which can create a run twice.
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
METRICS_AT_ONCE = 800  # a batch takes 1,000 entries in all: leaves room for 100 parameters and 100 tags
OTHERS_AT_ONCE = 100
PAGE = 1000
LONGEST_PARAM, LONGEST_TAG = 6000, 5000
STUDY_TAG, KEY_TAG = "study_id", "study_key"
REFUSALS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS")

LOCKED_OUT = ("CUSTOMER_UNAUTHORIZED", "UNAUTHENTICATED", "PERMISSION_DENIED")


class Refused(Exception):
    """The server understood and said no: asking again changes nothing."""


class Server:
    """One experiment on one tracking server."""

    def __init__(self, target: Target, study_id: str):
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        os.environ.update({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", **target.credentials})
        from mlflow import MlflowClient, set_registry_uri, set_tracking_uri

        set_tracking_uri(target.uri)  # registering a model resolves `models:/…` by these, not by the client's
        set_registry_uri(target.uri)
        self.client = MlflowClient(tracking_uri=target.uri, registry_uri=target.uri)
        self.study_id = study_id
        self.experiment = ""

    def open(self, name: str, artifacts: str | None, tags: Mapping[str, str]) -> None:
        """Find the study's experiment, or create it: under its name, or, where another study has that, with its id.

        `tags` are the experiment's; those that it has already stay as they are. `artifacts`: where artifacts go, where
        that is not the server's to say. Raises `Refused` when the experiment was deleted, or keeps its artifacts
        elsewhere because the study directory was moved.
        """
        from mlflow.entities import ViewType

        query = f"tags.{STUDY_TAG} = '{self.study_id}'"
        found = list(self.client.search_experiments(view_type=ViewType.ALL, filter_string=query))
        for experiment in found:
            if experiment.lifecycle_stage != "active":
                raise Refused(
                    f"the experiment {experiment.name!r} of this study was deleted. Restore it with `mlflow "
                    f"experiments restore -x {experiment.experiment_id}`, or remove it for good with `mlflow gc`"
                )
            if artifacts is not None and not str(experiment.artifact_location).startswith(artifacts):
                raise Refused(
                    f"the study directory was moved: mlflow.db keeps artifacts at {experiment.artifact_location}. Move "
                    "mlflow.db away and run `study track` to write it anew"
                )
            self.experiment = experiment.experiment_id
            for tag in set(tags) - set(experiment.tags):
                self.client.set_experiment_tag(self.experiment, tag, tags[tag])
            return
        if self.client.get_experiment_by_name(name) is not None:
            name = f"{name} ({self.study_id.rpartition('-')[2]})"
        mine = {STUDY_TAG: self.study_id, "mlflow.experimentKind": "custom_model_development", **tags}
        self.experiment = self.client.create_experiment(name, artifact_location=artifacts, tags=mine)

    def runs(self, key: str | None = None) -> dict[str, list[str]]:
        """Run ids by key, oldest first: of all runs of the study, or of those under one key."""
        query = f"tags.{STUDY_TAG} = '{self.study_id}'" + (f" and tags.{KEY_TAG} = '{key}'" if key else "")
        found: dict[str, list[str]] = {}
        token = None
        while True:
            page = self.client.search_runs(
                [self.experiment], query, max_results=PAGE, order_by=["attributes.created ASC"], page_token=token
            )
            for run in page:
                found.setdefault(run.data.tags[KEY_TAG], []).append(run.info.run_id)
            token = page.token
            if not token:
                return found

    def create(self, run: Run, tags: Mapping[str, str]) -> str:
        """A new run with all its tags; returns its id."""
        mine = {STUDY_TAG: self.study_id, KEY_TAG: run.key} | dict(shown(tags))
        made = self.client.create_run(self.experiment, milliseconds(run.started), mine, run.name)
        return str(made.info.run_id)

    def delete(self, run_id: str) -> None:
        """Move a run to the server's trash."""
        self.client.delete_run(run_id)

    def write(
        self,
        run_id: str,
        points: Sequence[Point],
        params: Mapping[str, str],
        tags: Mapping[str, str],
        scored: tuple[str, Input] | None = None,
    ) -> None:
        """Points, parameters and tags in as few batches as the limits allow. `scored`: the id of the model that the
        points measure, and the data set that they measure it on."""
        from mlflow.entities import Metric, Param, RunTag

        about: dict[str, str] = {}
        if scored is not None:
            model_id, data = scored
            about = {"model_id": model_id, "dataset_name": data.name, "dataset_digest": data.digest}
        metrics = [Metric(p.key, p.value, milliseconds(p.at), p.step, run_id=run_id, **about) for p in points]
        others = [Param(name, value[:LONGEST_PARAM]) for name, value in params.items()]
        labels = [RunTag(name, value) for name, value in shown(tags)]
        while metrics or others or labels:
            self.client.log_batch(run_id, metrics[:METRICS_AT_ONCE], others[:OTHERS_AT_ONCE], labels[:OTHERS_AT_ONCE])
            metrics, others, labels = metrics[METRICS_AT_ONCE:], others[OTHERS_AT_ONCE:], labels[OTHERS_AT_ONCE:]

    def steps(self, run_id: str, names: Iterable[str]) -> dict[tuple[str, int], float]:
        """What a run holds of these metrics: values by (name, step)."""
        present = self.client.get_run(run_id).data.metrics
        return {
            (name, point.step): point.value
            for name in set(names) & set(present)
            for point in self.client.get_metric_history(run_id, name)
        }

    def inputs(self, run_id: str, inputs: Sequence[Input]) -> None:
        """Link data sets to a run. Linking one again changes nothing."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        self.client.log_inputs(
            run_id,
            [
                DatasetInput(
                    Dataset(found.name, found.digest, "manifest", found.source, profile=found.profile),
                    [InputTag("mlflow.data.context", found.context)],
                )
                for found in inputs
            ],
        )

    def end(self, run_id: str, status: str, ended: float | None) -> None:
        """Set the status and, of a run that has ended, when it did."""
        if ended is None:
            self.client.update_run(run_id, status=status)
        else:
            self.client.set_terminated(run_id, status, milliseconds(ended))

    def upload(self, run_id: str, path: Path, folder: str) -> None:
        """Write one artifact."""
        self.client.log_artifact(run_id, str(path), folder or None)


def shown(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tags that say something, no longer than a server takes."""
    return [(name, value[:LONGEST_TAG]) for name, value in tags.items() if value]


def milliseconds(seconds: float) -> int:
    """Unix time as MLflow counts it."""
    return round(seconds * 1000)


def refuses(error: Exception) -> bool:
    """Whether the server said no for good, as opposed to being away, busy, or closed to our credentials for now."""
    return isinstance(error, Refused) or getattr(error, "error_code", "") in REFUSALS


def locks_out(error: Exception) -> bool:
    """Whether the server does not take our credentials, which may change, or does not want the study at all."""
    return refuses(error) or getattr(error, "error_code", "") in LOCKED_OUT
