"""Whether the fast way of test-time augmentation gives the published way's AUC: same real images, same weights."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score

from datasets.base.seeds import rng
from tests.benchmarks import published
from tests.benchmarks.images import cached
from tests.benchmarks.models import saved
from trainables.augmentation.parameters import uniforms
from trainables.augmentation.policies import policy
from trainables.job import EncoderRef
from trainables.models.classifier import Classifier, classifier
from trainables.predict import predict
from trainables.training.loader import Renderer
from trainables.training.step import Stepper

SIZE, COPIES = 64, 50
TRAINED = 300  # images of each class that the network is fine-tuned on
TITLE = f"Test-time augmentation, {COPIES} copies: AUC of both ways"


def run(short: bool) -> dict:
    """AUCs over several seeds on images of ISIC 2019, half of them melanomas."""
    if "SKIN_DATA" not in os.environ:
        missing = {"way": "not measured: SKIN_DATA, the folder that holds isic2019/, is not set", "AUC": None}
        return {"title": TITLE, "rows": [missing], "note": "This needs real, labelled images."}
    torch.set_num_threads(1)
    paths, labels = _images(TRAINED + (40 if short else 150))
    model = _trained(paths[: 2 * TRAINED], labels[: 2 * TRAINED])
    paths, labels = paths[2 * TRAINED :], labels[2 * TRAINED :]
    with tempfile.TemporaryDirectory() as folder:
        path, store = saved(model, "test_resnet", SIZE, Path(folder), 1), cached(paths, round(1.15 * SIZE))
        ours = [_ours(path, store, seed) for seed in range(3 if short else 10)]
    theirs = [_theirs(model, paths, seed) for seed in range(2 if short else 5)]
    rows = [_row("published", theirs, labels), _row("ours", ours, labels)]
    difference = rows[1]["AUC"] - rows[0]["AUC"]
    error = float(np.hypot(rows[0]["sd over seeds"], rows[1]["sd over seeds"]))
    scores = np.corrcoef(np.mean(ours, axis=0), np.mean(theirs, axis=0))[0, 1]
    return {
        "title": TITLE,
        "rows": rows,
        "note": f"{len(paths)} images of ISIC 2019 (200×150), a small network fine-tuned on others. "
        f"AUCs differ by {difference:+.4f}; the Monte-Carlo error of such a difference is {error:.4f}. Scores "
        f"correlate with r = {scores:.4f}. Ours reads the cache at a short side of {round(1.15 * SIZE)} px, turns by "
        "one warp, and has 256 steps of hue; the published way turns to the nearest pixel after resizing the file.",
    }


def _row(way: str, scores: list[np.ndarray], labels: np.ndarray) -> dict:
    found = [roc_auc_score(labels, one) for one in scores]
    return {
        "way": way,
        "AUC": float(np.mean(found)),
        "sd over seeds": float(np.std(found, ddof=1)),
        "seeds": len(found),
    }


def _images(of_each: int) -> tuple[list[Path], np.ndarray]:
    """Paths and labels (1: melanoma), both classes in turns."""
    root = Path(os.environ["SKIN_DATA"]) / "isic2019"
    table = pd.read_csv(root / "ISIC_2019_Training_GroundTruth.csv")
    folder = root / "ISIC_2019_Training_Input"
    there = table[[(folder / f"{name}.jpg").exists() for name in table["image"]]]
    chosen = [there[there["MEL"] == label].sample(of_each, random_state=0)["image"] for label in (0, 1)]
    names = [name for pair in zip(*chosen, strict=True) for name in pair]
    return [folder / f"{name}.jpg" for name in names], np.tile([0, 1], of_each)


def _trained(paths: list[Path], labels: np.ndarray) -> Classifier:
    """The demo's SimCLR encoder, fine-tuned for a few epochs."""
    model = classifier(EncoderRef(name="simclr"), "test_resnet", SIZE, 2).train()
    renderer = Renderer(cached(paths, round(1.15 * SIZE)), SIZE, threads=1)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
    stepper = Stepper(model, optimiser, torch.device("cpu"))
    for epoch in range(8):
        order = rng("order", epoch).permutation(len(paths))
        u = uniforms(len(paths), "views", epoch)
        for start in range(0, len(paths), 30):
            rows = order[start : start + 30]
            stepper.step(renderer.batch(rows, policy("published"), u[start : start + 30]), labels[rows])
    return model.eval()


def _ours(path: str, store: list[np.ndarray], seed: int) -> np.ndarray:
    return predict(path, store, np.arange(len(store)), copies=COPIES, seed=seed, threads=1).mean[:, 1]


def _theirs(model: Classifier, paths: list[Path], seed: int) -> np.ndarray:
    torch.manual_seed(seed)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    loader, scores = published.loader([path for path in paths for _ in range(COPIES)], SIZE, COPIES, workers=1), []
    with torch.inference_mode():
        for batch in loader:
            pixels = (batch * std + mean) * 255  # the network brings its own normalisation
            logits = model.head(model.encoder((pixels - model.mean) / model.std))
            scores.append(float(logits.softmax(dim=1)[:, 1].mean()))
    return np.array(scores)
