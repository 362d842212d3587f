"""Simulated studies of many classes: prediction tables with a known structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

NAMES = ("NV", "MEL", "BKL", "BCC", "SCC", "VASC", "AK", "DF")


@dataclass(frozen=True, kw_only=True)
class ClassWorld:
    """`images` by class; logits of a model are `skill` for the true class, plus effects of the lesion (shared by all
    models), of the method on the image, of the run on the class, and noise."""

    images: tuple[int, ...]
    replicates: int = 3
    skill: tuple[float, ...] = (1.5, 1.5)
    run: float = 0.1
    per_lesion: float = 1.4
    classes: tuple[str, ...] = NAMES

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(f"method {index}" for index in range(len(self.skill)))


def draw_scores(world: ClassWorld, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities [methods, replicates, n, classes], labels [n] and lesions [n]."""
    label = np.repeat(np.arange(len(world.images)), world.images)
    count, classes = len(label), len(world.classes)
    new = rng.random(count) < 1 / world.per_lesion
    new[np.unique(label, return_index=True)[1]] = True
    lesion = np.cumsum(new) - 1
    case = rng.normal(0, 0.6, (lesion.max() + 1, classes))[lesion] + rng.normal(0, 0.6, (count, classes))
    true = np.eye(classes)[label]
    logits = np.empty((len(world.skill), world.replicates, count, classes))
    for method, skill in enumerate(world.skill):
        seen = case + rng.normal(0, 0.3, (count, classes))
        for run in range(world.replicates):
            gained = skill + rng.normal(0, world.run, classes)
            logits[method, run] = true * gained + seen + rng.normal(0, 0.4, (count, classes))
    scores = np.exp(logits)
    return scores / scores.sum(axis=-1, keepdims=True), label, lesion


def class_table(world: ClassWorld, rng: np.random.Generator, dataset: str = "drawn") -> pd.DataFrame:
    """One study of all methods on one test set, as a prediction table."""
    scores, label, lesion = draw_scores(world, rng)
    images = pd.DataFrame(
        {"dataset": dataset, "image_id": [f"I{i}" for i in range(len(label))], "patient_id": None,
         "lesion_id": [f"L{i}" for i in lesion], "label": label}
    )  # fmt: skip
    tables = [
        images.assign(
            method=method, fraction=1.0, rank=0, split=pair + 1, seed=pair + 1,
            **{f"score.{name}": found[:, place] for place, name in enumerate(world.classes)},
        )
        for method, runs in zip(world.methods, scores, strict=True)
        for pair, found in enumerate(runs)
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)
