"""A winner as a logged model: loaded in a fresh process, it gives the score of the prediction table."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient

import datasets
from datasets.base.manifest import DataRef
from datasets.cache.store import open_store
from study.store.selection_record import Winner
from study.tracking.desired import identity
from study.tracking.sync.replay import replay
from study.training.jobs import replicate_job
from tests.study.tracking.studies import finish, search, start
from trainables.models.classifier import classifier, state
from trainables.predict import predict
from trainables.training import checkpoint

SCORE = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/toy.random-ft.1@selected")
table = pd.read_pickle(sys.argv[2])
found = model.predict(table, params={"copies": 3, "seed": int(sys.argv[3])})
example = model.predict(model.input_example)
import trainables
print(json.dumps([found["score"].tolist(), found["score_sd"].tolist(), trainables.__file__, len(example)]))
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A tracked study whose replicates have a real checkpoint, of random weights."""
    root = tmp_path_factory.mktemp("study") / "toy"
    plan, directory = start(root, trials=2, methods=["random:ft"], tests=["synthetic_test"])
    search(plan, directory)
    winner = Winner(cell="random-ft-1", rank=0, trial=0, value=0.5, params={"lr": 0.01, "weight_decay": 1e-4})
    job = replicate_job(plan, directory, winner, 1)
    torch.manual_seed(0)
    model = classifier(job.encoder, job.backbone, job.image_size, 2)
    torch.nn.init.normal_(model.head.weight)
    path = root.parent / "best.pt"
    checkpoint.save(path, {"model": state(model), "job": job.to_json(), "classes": ["benign", "melanoma"]})
    finish(plan, directory, path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        replay(plan, directory, None, print)
    return plan, directory, path


def test_a_model_scores_images_as_the_prediction_table_does_in_a_process_of_its_own(study, tmp_path, monkeypatch):
    _, directory, path = study
    monkeypatch.setenv("SKIN_CACHE", str(tmp_path / "cache"))
    manifest = datasets.load(DataRef(source="synthetic"))
    few = manifest.where(manifest.table.index < 12)
    store = open_store(few, short_side=37)
    rows = np.array([2, 7, 11])
    wanted = predict(str(path), store, rows, copies=3, seed=77)
    assert np.ptp(wanted.mean[:, 1]) > 1e-3, "images differ"
    table = pd.DataFrame({"image": [png(few.table["image_id"][row]) for row in rows], "row": rows})
    table.to_pickle(tmp_path / "images.pickle")
    uri = f"sqlite:///{directory.root}/mlflow.db"
    command = [sys.executable, "-c", SCORE, uri, str(tmp_path / "images.pickle"), "77"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    mean, sd, code, examples = json.loads(done.stdout.splitlines()[-1])
    assert np.abs(np.array(mean) - wanted.mean[:, 1]).max() < 1e-6
    assert np.abs(np.array(sd) - wanted.sd[:, 1]).max() < 1e-6
    assert "/mlartifacts/" in code, "the code came with the model"
    assert examples == 1


def png(image_id: str) -> bytes:
    from PIL import Image

    from datasets.drawing.draw import draw

    file = io.BytesIO()
    Image.fromarray(draw("synthetic", image_id)).save(file, "PNG")
    return file.getvalue()


def test_one_model_a_cell_with_what_it_scored_on_which_data(study):
    _plan, directory, _ = study
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string=f"tags.study_id = '{identity.load(directory).id}'")
    (model,) = client.search_logged_models([experiment.experiment_id])
    assert model.status == "READY"
    assert model.tags["study_key"] == "replicate/random-ft-1/0-1"
    assert model.params["method"] == "random:ft"
    scored = {(m.key, m.dataset_name, m.dataset_digest, m.value) for m in model.metrics}
    assert ("auroc", "synthetic_test", "fedcba9876543210", 0.75) in scored
    for alias in ("champion", "selected"):
        version = client.get_model_version_by_alias("toy.random-ft.1", alias)
        assert version.source == f"models:/{model.model_id}"
    files = {item.path for item in client.list_logged_model_artifacts(model.model_id)}
    assert "MLmodel" in files
    assert not [name for name in files if name.endswith(".pkl")], "nothing is unpickled"


def test_the_trial_that_won_shows_the_model_too(study):
    _plan, directory, _ = study
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string=f"tags.study_id = '{identity.load(directory).id}'")
    (model,) = client.search_logged_models([experiment.experiment_id])
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'trial'")
    linked = {
        run.data.tags["study_key"]: [output.model_id for output in run.outputs.model_outputs]
        for run in runs
        if run.outputs and run.outputs.model_outputs
    }
    assert linked == {"trial/random-ft-1/0": [model.model_id]}


def test_logging_it_again_finds_it(study, monkeypatch):
    from study.tracking.sync import paths

    plan, directory, _ = study
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    paths.sync_states(directory).unlink()
    replay(plan, directory, None, print)
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string=f"tags.study_id = '{identity.load(directory).id}'")
    (model,) = client.search_logged_models([experiment.experiment_id])
    assert len(client.search_model_versions("name = 'toy.random-ft.1'")) == 1
    outputs = client.get_run(model.source_run_id).outputs.model_outputs
    assert [output.model_id for output in outputs] == [model.model_id]


def test_a_study_may_leave_models_out(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    plan, directory = start(tmp_path / "toy", trials=1, methods=["random:ft"], tracking={"models": False})
    search(plan, directory)
    finish(plan, directory, b"not even a checkpoint")
    replay(plan, directory, None, print)
    client = MlflowClient(f"sqlite:///{directory.root}/mlflow.db")
    assert not client.search_registered_models()
