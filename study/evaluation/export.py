"""A winner as a folder that leaves the study: weights, what they need to be used, and a model card."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import datasets
from datasets.base.atomic_files import write_json, write_text
from datasets.base.seeds import seed
from datasets.cache.store import open_store
from study.base.errors import StudyError
from study.evaluation.model_card import model_card
from study.evaluation.trained_model import TrainedModel
from study.preparation import manifests
from study.store.directory import StudyDirectory

IMAGES = 32  # of the first test set, whose scores are compared
LARGEST_DIFFERENCE = 1e-4  # float32 sums in another order differ by 1e-6
LARGEST_ROUNDING = 0.05  # bfloat16 has 8 bits: scores around 0.5 differ by 0.005 from those in float32


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written, and by how much its scores differ, at most, on some test images.

    `arithmetic`: from the checkpoint's, both in float32. `study`: from those of the study's evaluation on this
    machine, which may compute in bfloat16.
    """

    folder: Path
    images: int
    arithmetic: float
    study: float


def export(
    model: TrainedModel, directory: StudyDirectory, method: str, fraction: float, *, to: str, out: Path
) -> Exported:
    """Write `out`: weights in the form `to`, `config.json` and a model card (`README.md`).

    The file is read back and scores images of the first test set as the study does, without reading a label. Raises
    `StudyError` for an unknown form, for packages that it needs and that are absent, a folder that holds something, a
    network that the form cannot express, and where a score differs from the study's by more than `LARGEST_DIFFERENCE`.
    """
    from trainables.export import FORMS

    if to not in FORMS:
        raise StudyError(f"An export is one of {', '.join(FORMS)}, got {to!r}. Choose one of them.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"An export goes into an empty or a new folder, got {str(out)!r}. Name another with --out.")
    form = FORMS[to]
    lacking = [name for name in form.needs if importlib.util.find_spec(name) is None]
    if lacking:
        raise StudyError(
            f"{to} needs {', '.join(lacking)}, which this environment lacks. "
            f"Run `pip install 'skin-lesion-study[{to}]'`, or export another form."
        )
    out.mkdir(parents=True, exist_ok=True)
    file = out / form.file
    try:
        form.write(model.checkpoint, file)
        exported = _compare(model, out, to)
    except (RuntimeError, NotImplementedError) as error:
        _clear(out)
        raise StudyError(f"{to} cannot express this network: {error!s:.300}. Export another form.") from error
    if not (exported.arithmetic <= LARGEST_DIFFERENCE and exported.study <= LARGEST_ROUNDING):
        _clear(out)
        raise StudyError(
            f"An exported model scores as the study does, but {to} differs by {exported.arithmetic:.2g} from the "
            f"checkpoint in float32 (at most {LARGEST_DIFFERENCE:g}) and by {exported.study:.2g} from the evaluation "
            f"(at most {LARGEST_ROUNDING:g}); {file} is removed. Export another form."
        )
    path = out / "config.json"
    config = _config(model)
    write_json(
        path, (json.loads(path.read_text()) if path.exists() else {}) | config
    )  # some forms have keys of their own
    check = _check_in_words(exported)
    card = model_card(model, directory, method, fraction, to, check, classes=len(config["classes"]))
    write_text(out / "README.md", card)
    return exported


def _clear(out: Path) -> None:
    for file in out.iterdir():
        file.unlink()


def _compare(model: TrainedModel, out: Path, to: str) -> Exported:
    """The exported file, read back, against the study's checkpoint and evaluation."""
    from trainables.export import FORMS, scores
    from trainables.predict import load_model, predict

    spec = model.plan.spec
    test = spec.tests[0]
    source = manifests.test_source(spec, test)
    manifest = datasets.load(manifests.reference(source))
    store = open_store(manifest, short_side=spec.cache_side, on_bad_image=source.on_bad_image)
    rows = np.arange(min(IMAGES, len(store)))
    copies, random_state = model.copies, seed(spec.seed, "copies", test.name)
    evaluation = predict(str(model.checkpoint), store, rows, copies=copies, seed=random_state).mean
    original, job = load_model(model.checkpoint)
    job = dataclasses.replace(job, precision="float32")
    expected = scores(original, job, store, rows, copies=copies, seed=random_state)
    found = scores(FORMS[to].load(out / FORMS[to].file), job, store, rows, copies=copies, seed=random_state)
    # The first class's probability is one minus the others', and says nothing of its own.
    arithmetic, of_study = (float(np.abs(found - other)[:, 1:].max()) for other in (expected, evaluation))
    return Exported(folder=out, images=len(rows), arithmetic=arithmetic, study=of_study)


def _check_in_words(exported: Exported) -> str:
    return (
        f"Read back, this file scored {exported.images} test images. Largest differences: {exported.arithmetic:.2g} "
        f"from the study's checkpoint in float32, {exported.study:.2g} from its evaluation in its own arithmetic."
    )


def _config(model: TrainedModel) -> dict[str, Any]:
    """What a program needs to feed the model."""
    from trainables.training import checkpoint

    found = checkpoint.load(model.checkpoint)
    job = json.loads(found["job"])
    return {
        "input": "uint8 RGB [n, height, width, 3]; normalisation is inside the model",
        "output": "logits [n, classes]; softmax gives the scores",
        "image_size": job["image_size"],
        "short_side": model.plan.spec.cache_side,
        "classes": list(found["classes"]),
        "backbone": job["backbone"],
        "augmentation": job["augmentation"],
        "copies": model.copies,
    }
