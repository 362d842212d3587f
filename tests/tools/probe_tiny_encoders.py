"""Linear probes of the shipped tiny encoders on the drawn set.

`python -m tests.tools.probe_tiny_encoders` prints the table.

Frozen features of `synthetic`, standardised, logistic regression; whole lesions and patients are on one side. A seed is
a split and a random initialisation of the same backbone, which is probed alike. Takes about two minutes on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import datasets
from datasets.base.manifest import DataRef
from datasets.cache.store import ImageStore, open_store
from datasets.splits.make import make_split
from datasets.splits.split import Scheme
from tests.tools.tiny_encoders import RECIPES, SHORT_SIDE, SIZE
from trainables.encoders import Encoder, build
from trainables.job import EncoderRef
from trainables.ssl.pretrain import fresh
from trainables.training.loader import Renderer


@cache
def drawn() -> ImageStore:
    return open_store(datasets.load(DataRef(source="synthetic")), short_side=SHORT_SIDE)


@cache
def views() -> np.ndarray:
    return Renderer(drawn(), SIZE, 1).batch(np.arange(len(drawn())), None, None)


@torch.inference_mode()
def features(encoder: Encoder) -> np.ndarray:
    """[images, d]"""
    encoder.eval()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (encoder.mean, encoder.std))
    parts = np.array_split(views(), 8)
    return np.concatenate(
        [encoder((torch.from_numpy(part).permute(0, 3, 1, 2).float() - mean) / std).numpy() for part in parts]
    )


def auc(found: np.ndarray, seed: int) -> float:
    """Of a linear probe fitted on the training and validation part of this seed's split, on its test part."""
    split = make_split(drawn().manifest, Scheme(seed=seed), index=0, fraction=1.0)
    fitted, held = (drawn().rows(ids) for ids in (split.ids("train") + split.ids("validation"), split.ids("test")))
    labels = drawn().manifest.table["label"].to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    model.fit(found[fitted], labels[fitted])
    return float(roc_auc_score(labels[held], model.predict_proba(found[held])[:, 1]))


@cache
def random_auc(backbone: str, seed: int) -> float:
    torch.manual_seed(seed)
    return auc(features(fresh(backbone, SIZE)), seed)


def gains(place: str, seeds: Iterable[int]) -> list[tuple[float, float]]:
    """For each seed: AUC of the shipped encoder and of the random initialisation."""
    backbone, name = place.split("/")
    found = features(build(EncoderRef(name=name), backbone, image_size=SIZE))
    return [(auc(found, seed), random_auc(backbone, seed)) for seed in seeds]


def table(places: Iterable[str], say: Callable[[str], None] = print) -> None:
    say("encoder                 probe  random   gain   gain by seed")
    for place in places:
        pairs = np.array(gains(place, range(5)))
        gain = pairs[:, 0] - pairs[:, 1]
        by_seed = " ".join(f"{value:+.3f}" for value in gain)
        say(f"{place:22}  {pairs[:, 0].mean():.3f}  {pairs[:, 1].mean():.3f}  {gain.mean():+.3f}  {by_seed}")


if __name__ == "__main__":
    table(sys.argv[1:] or RECIPES)
