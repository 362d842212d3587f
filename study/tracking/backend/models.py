"""Winners as MLflow 3 logged models: found again instead of logged twice, registered, and loadable anywhere."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from study.tracking.backend.client import KEY_TAG, STUDY_TAG
from study.tracking.desired.runs import Model, Run

if TYPE_CHECKING:
    from study.tracking.backend.client import Server

ROOMS = ("trainables", "datasets")
PACKAGES = ("torch", "torchvision", "timm", "numpy", "pandas", "opencv-python-headless", "pillow", "simplejpeg")
MORE_PACKAGES = ("imagehash", "pyarrow", "fsspec", "filelock", "pyyaml", "safetensors")
ALIAS = "selected"


def log_model(server: Server, run_id: str, run: Run, model: Model) -> str:
    """Log the model of a run, link it as the run's output and register it; returns its id. What is there already, from
    an attempt that was cut short, is taken up."""
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
    _link(server, run_id, model_id)
    _register(server, run_id, model, model_id)
    return model_id


def _find(server: Server, tags: dict[str, str]) -> Any:
    """The logged model with these tags, a finished one first."""
    query = " and ".join(f"tags.{name} = '{tags[name]}'" for name in (STUDY_TAG, KEY_TAG, "checkpoint"))
    found = server.client.search_logged_models([server.experiment], filter_string=query)
    return next((model for model in found if model.status == "READY"), found[0] if found else None)


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
    known = next((found for found in versions if found.tags.get("model_id") == model_id), None)
    if known is None:
        known = client.create_model_version(
            name,
            f"models:/{model_id}",
            run_id=run_id,
            tags={STUDY_TAG: server.study_id, "model_id": model_id},
            model_id=model_id,
        )
        # What MLflow's own registering writes, for the model's page to show its version.
        shown = json.dumps([{"name": name, "version": str(known.version)}])
        client.set_logged_model_tags(model_id, {"mlflow.modelVersions": shown})
    client.set_registered_model_alias(name, ALIAS, known.version)


def _save(where: Path, model: Model, run_id: str, logged: Any) -> None:
    """An MLflow model in a directory: scorer, rooms, checkpoint. No pickle: the scorer is a file that is run, the
    weights are read as tensors."""
    import mlflow
    from mlflow.models import Model as Metadata
    from mlflow.models.signature import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.binary, "image"), ColSpec(DataType.long, "row", required=False)]),
        outputs=Schema([ColSpec(DataType.double, "score"), ColSpec(DataType.double, "score_sd")]),
        params=ParamSchema(
            [ParamSpec("copies", DataType.long, model.copies), ParamSpec("seed", DataType.long, 0)],
        ),
    )
    code = [_room(name, where.parent) for name in ROOMS]
    mlflow.pyfunc.save_model(
        str(where),
        python_model=str(Path(__file__).with_name("scorer.py")),
        artifacts={"checkpoint": str(model.checkpoint)},
        model_config={"short_side": model.short_side},
        code_paths=code,
        signature=signature,
        input_example=_example(model.image_size),
        pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", *PACKAGES, *MORE_PACKAGES)],
        mlflow_model=Metadata(model_id=logged.model_id, run_id=run_id, artifact_path=logged.artifact_location),
    )


def _room(name: str, scratch: Path) -> str:
    """A copy of a room's code, without the weights that trainings start from."""
    source = Path(__file__).parents[3] / name
    target = scratch / name
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    return str(target)


def _example(size: int) -> Any:
    """A drawn picture, and no patient's: a dark disc on skin."""
    import pandas as pd
    from PIL import Image

    y, x = np.mgrid[:size, :size] / size - 0.5
    skin, mole = np.array([224, 172, 150]), np.array([96, 56, 44])
    pixels = np.where((np.hypot(x, y) < 0.25)[..., None], mole, skin).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return pd.DataFrame({"image": [file.getvalue()]})
