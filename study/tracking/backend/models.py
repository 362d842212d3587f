"""Winners as MLflow 3 logged models: logged once, registered, and loadable on any machine."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from study.base.versions import MODEL_REQUIREMENTS
from study.tracking.backend.client import KEY_TAG, STUDY_TAG
from study.tracking.desired.runs import Model, Run

if TYPE_CHECKING:
    from study.tracking.backend.client import Server

CODE_PACKAGES = ("trainables", "datasets")
ALIASES = ("champion", "selected")
"""What the model of a cell is called in the registry: by the usual name, and by this project's earlier one."""


def log_model(server: Server, run_id: str, run: Run, model: Model, *, trial_run: str | None = None) -> str:
    """Log the model of a run, link it as the run's output and register it; returns its id. What an earlier, interrupted
    attempt has left is continued. `trial_run`: id of the trial whose configuration it was trained with, linked too."""
    tags = {**model.tags, STUDY_TAG: server.study_id, KEY_TAG: run.key, "checkpoint": model.digest}
    logged = _find(server, tags) or server.client.create_logged_model(
        server.experiment, name=model.name, source_run_id=run_id, tags=tags, params=dict(model.params)
    )
    model_id = str(logged.model_id)
    if logged.status != "READY":
        with tempfile.TemporaryDirectory() as scratch:
            _save(Path(scratch) / "model", model, run_id, logged)
            server.client.log_model_artifacts(model_id, str(Path(scratch) / "model"))
        server.client.finalize_logged_model(model_id, "READY")
    for linked in (run_id, trial_run):
        if linked is not None:
            _link(server, linked, model_id)
    _register(server, run_id, model, model_id)
    return model_id


def _find(server: Server, tags: dict[str, str]) -> Any:
    """The logged model with these tags, a finished one first."""
    query = " and ".join(f"tags.{name} = '{tags[name]}'" for name in (STUDY_TAG, KEY_TAG, "checkpoint"))
    models = server.client.search_logged_models([server.experiment], filter_string=query)
    return next((model for model in models if model.status == "READY"), models[0] if models else None)


def _link(server: Server, run_id: str, model_id: str) -> None:
    from mlflow.entities import LoggedModelOutput

    outputs = server.client.get_run(run_id).outputs
    if model_id not in [output.model_id for output in (outputs.model_outputs if outputs else [])]:
        server.client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])


def _register(server: Server, run_id: str, model: Model, model_id: str) -> None:
    client, name = server.client, model.registered
    if not list(client.search_registered_models(f"name = '{name}'")):
        client.create_registered_model(name)
    versions = client.search_model_versions(f"name = '{name}'")
    registered = next((version for version in versions if version.tags.get("model_id") == model_id), None)
    if registered is None:
        registered = client.create_model_version(
            name,
            f"models:/{model_id}",
            run_id=run_id,
            tags={STUDY_TAG: server.study_id, "model_id": model_id},
            model_id=model_id,
        )
        # `mlflow.register_model` writes this tag, from which the model's page shows its version.
        tag = json.dumps([{"name": name, "version": str(registered.version)}])
        client.set_logged_model_tags(model_id, {"mlflow.modelVersions": tag})
    for alias in ALIASES:
        client.set_registered_model_alias(name, alias, registered.version)


def _save(path: Path, model: Model, run_id: str, logged: Any) -> None:
    """Write an MLflow model: scorer, packages, checkpoint. No pickle: MLflow runs the scorer as a file, and PyTorch
    reads the weights as tensors."""
    import mlflow
    from mlflow.models import Model as Metadata
    from mlflow.models.signature import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.binary, "image"), ColSpec(DataType.long, "row", required=False)]),
        outputs=Schema([ColSpec(DataType.double, name) for name in model.outputs]),
        params=ParamSchema(
            [ParamSpec("copies", DataType.long, model.copies), ParamSpec("seed", DataType.long, 0)],
        ),
    )
    code = [_copy_package(name, path.parent) for name in CODE_PACKAGES]
    mlflow.pyfunc.save_model(
        str(path),
        python_model=str(Path(__file__).with_name("scorer.py")),
        artifacts={"checkpoint": str(model.checkpoint)},
        model_config={"short_side": model.short_side},
        code_paths=code,
        signature=signature,
        input_example=_example(model.image_size),
        pip_requirements=[f"{name}=={version(name)}" for name in MODEL_REQUIREMENTS],
        mlflow_model=Metadata(model_id=logged.model_id, run_id=run_id, artifact_path=logged.artifact_location),
    )


def _copy_package(name: str, scratch: Path) -> str:
    """Copy a package's code, without the weights that trainings start from."""
    source = Path(__file__).parents[3] / name
    target = scratch / name
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    return str(target)


def _example(size: int) -> Any:
    """A drawn image, not a patient's: a dark disc on skin."""
    import pandas as pd
    from PIL import Image

    y, x = np.mgrid[:size, :size] / size - 0.5
    skin, lesion = np.array([224, 172, 150]), np.array([96, 56, 44])
    pixels = np.where((np.hypot(x, y) < 0.25)[..., None], lesion, skin).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return pd.DataFrame({"image": [file.getvalue()]})
