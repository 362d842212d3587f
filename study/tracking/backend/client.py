"""The tracking server: every call to MLflow, made so that a lost response never leaves a duplicate."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from study.tracking.backend.target import Target
from study.tracking.desired.runs import Input, Point, Run

# Retries are ours: MLflow's own repeat a request whose response was lost, which can create a run twice.
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
MAX_METRICS, MAX_PARAMS, MAX_TAGS = 800, 100, 100  # in a batch, which takes 1,000 entries in all
PAGE_SIZE = 1000
MAX_PARAM_LENGTH, MAX_TAG_LENGTH = 6000, 5000
STUDY_TAG, KEY_TAG = "study_id", "study_key"
REJECTIONS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS")

ACCESS_ERRORS = ("CUSTOMER_UNAUTHORIZED", "UNAUTHENTICATED", "PERMISSION_DENIED")


class RequestRejected(Exception):
    """The server rejects the request for good: a retry changes nothing."""


def _make_tables(uri: str) -> None:
    """A local file is there with all its tables or not at all. MLflow makes them in many steps, and a writer that was
    killed in between left a file that MLflow could never open again."""
    path = Path(uri.removeprefix("sqlite:///"))
    if not uri.startswith("sqlite:///") or path.exists():
        return
    from mlflow import MlflowClient

    for stale in path.parent.glob(f".{path.name}.*"):
        stale.unlink()  # its writer died: there is one at a time
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments(max_results=1)
    os.replace(draft, path)


class Server:
    """One experiment on one tracking server."""

    def __init__(self, target: Target, study_id: str):
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        os.environ.update({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", **target.credentials})
        from mlflow import MlflowClient, set_registry_uri, set_tracking_uri

        _make_tables(target.uri)
        set_tracking_uri(target.uri)  # registering a model resolves `models:/…` by these, not by the client's
        set_registry_uri(target.uri)
        self.client = MlflowClient(tracking_uri=target.uri, registry_uri=target.uri)
        self.study_id = study_id
        self.experiment = ""

    def open(self, name: str, artifacts: str | None, tags: Mapping[str, str]) -> None:
        """Find the study's experiment, or create it: under its name, or, where another study has that, with its id.

        `tags` are the experiment's; those that it has already stay as they are. `artifacts`: where artifacts go, if the
        server does not decide that. Raises `RequestRejected` when the experiment was deleted, or when it keeps its
        artifacts elsewhere because the study directory was moved.
        """
        from mlflow.entities import ViewType

        query = f"tags.{STUDY_TAG} = '{self.study_id}'"
        experiments = list(self.client.search_experiments(view_type=ViewType.ALL, filter_string=query))
        for experiment in experiments:
            if experiment.lifecycle_stage != "active":
                raise RequestRejected(
                    f"the experiment {experiment.name!r} of this study was deleted. Restore it with `mlflow "
                    f"experiments restore -x {experiment.experiment_id}`, or remove it for good with `mlflow gc`"
                )
            if artifacts is not None and not str(experiment.artifact_location).startswith(artifacts):
                raise RequestRejected(
                    f"the study directory was moved: mlflow.db keeps artifacts at {experiment.artifact_location}. Move "
                    "mlflow.db away and run `study track` to write it anew"
                )
            self.experiment = experiment.experiment_id
            for tag in set(tags) - set(experiment.tags):
                self.client.set_experiment_tag(self.experiment, tag, tags[tag])
            return
        if self.client.get_experiment_by_name(name) is not None:
            name = f"{name} ({self.study_id.rpartition('-')[2]})"
        all_tags = {STUDY_TAG: self.study_id, "mlflow.experimentKind": "custom_model_development", **tags}
        self.experiment = self.client.create_experiment(name, artifact_location=artifacts, tags=all_tags)

    def runs(self, key: str | None = None) -> dict[str, list[str]]:
        """Run ids by key, oldest first: of all runs of the study, or of those under one key."""
        query = f"tags.{STUDY_TAG} = '{self.study_id}'" + (f" and tags.{KEY_TAG} = '{key}'" if key else "")
        run_ids: dict[str, list[str]] = {}
        token = None
        while True:
            page = self.client.search_runs(
                [self.experiment], query, max_results=PAGE_SIZE, order_by=["attributes.created ASC"], page_token=token
            )
            for run in page:
                run_ids.setdefault(run.data.tags[KEY_TAG], []).append(run.info.run_id)
            token = page.token
            if not token:
                return run_ids

    def create(self, run: Run, tags: Mapping[str, str]) -> str:
        """A new run with all its tags; returns its id."""
        all_tags = {STUDY_TAG: self.study_id, KEY_TAG: run.key} | dict(valid_tags(tags))
        created = self.client.create_run(self.experiment, milliseconds(run.started), all_tags, run.name)
        return str(created.info.run_id)

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

        model_of: dict[str, str] = {}
        if scored is not None:
            model_id, data = scored
            model_of = {"model_id": model_id, "dataset_name": data.name, "dataset_digest": data.digest}
        metrics = [Metric(p.key, p.value, milliseconds(p.at), p.step, run_id=run_id, **model_of) for p in points]
        parameters = [Param(name, value[:MAX_PARAM_LENGTH]) for name, value in params.items()]
        run_tags = [RunTag(name, value) for name, value in valid_tags(tags)]
        while metrics or parameters or run_tags:
            self.client.log_batch(run_id, metrics[:MAX_METRICS], parameters[:MAX_PARAMS], run_tags[:MAX_TAGS])
            metrics, parameters, run_tags = metrics[MAX_METRICS:], parameters[MAX_PARAMS:], run_tags[MAX_TAGS:]

    def steps(self, run_id: str, names: Iterable[str]) -> dict[tuple[str, int], float]:
        """The points that a run has of these metrics: values by (name, step)."""
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
                    Dataset(data.name, data.digest, "manifest", data.source, profile=data.profile),
                    [InputTag("mlflow.data.context", data.context)],
                )
                for data in inputs
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


def valid_tags(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """The tags that are not empty, cut to the length that a server takes."""
    return [(name, value[:MAX_TAG_LENGTH]) for name, value in tags.items() if value]


def milliseconds(seconds: float) -> int:
    """Unix time in milliseconds, as MLflow stores it."""
    return round(seconds * 1000)


def is_rejection(error: Exception) -> bool:
    """Whether the server rejects the request for good, as opposed to being away, busy, or refusing our credentials."""
    return isinstance(error, RequestRejected) or getattr(error, "error_code", "") in REJECTIONS


def denies_access(error: Exception) -> bool:
    """Whether the server refuses our credentials, or rejects the study itself."""
    return is_rejection(error) or getattr(error, "error_code", "") in ACCESS_ERRORS
