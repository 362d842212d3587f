"""Simulated studies with a known truth: what the intervals and tests are calibrated on.

The score of model (method i, pair j) on an image is, on the logit scale (Roe and Metz, Academic Radiology 1997, with
lesions as clusters)

    separation_i · label + lesion + image              shared by all models: hard cases are hard for everyone
      + method × image                                 what an encoder sees differently
      + (pair_j + method × pair_ij) · label            skill of this training run: the replicate variance
      + noise                                          everything else about one model and one image

rounded to three digits after the sigmoid, so that scores tie. All effects are normal, so the true AUC is closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from study.comparison.blocks import Block
from study.comparison.cases import Cases

LESION, IMAGE, NOISE = 0.6, 0.6, 0.45


@dataclass(frozen=True, kw_only=True)
class World:
    """`replicate` and `pair`: sd of a run's AUC, its own and shared by both methods of a pair; `encoder`: sd of the
    method × image effect; `gain`: true AUC of the second method minus that of the first; `per_lesion`: mean images."""

    replicates: int
    positives: int
    negatives: int
    replicate: float = 0.005
    pair: float = 0.003
    encoder: float = 0.3
    auc: float = 0.85
    gain: float = 0.0
    per_lesion: float = 1.4
    digits: int = 3

    @property
    def spread(self) -> float:
        """Sd of a score within a class."""
        return float(np.sqrt(LESION**2 + IMAGE**2 + NOISE**2 + self.encoder**2))

    def effects(self) -> tuple[float, float]:
        """Sds of the two replicate effects on the score scale, from the sds that they give the AUC."""
        slope = float(norm.pdf(norm.ppf(self.auc))) / (np.sqrt(2) * self.spread)
        return self.replicate / slope, self.pair / slope

    def separation(self, auc: float) -> float:
        """What gives a method this AUC on average over training runs."""
        own, shared = self.effects()
        return float(norm.ppf(auc) * np.sqrt(2 * self.spread**2 + own**2 + shared**2))


def skills(world: World, rng: np.random.Generator) -> np.ndarray:
    """Separations [methods, replicates] of two methods' training runs on the same pairs."""
    own, shared = world.effects()
    pair = rng.normal(0, shared, world.replicates)
    means = [world.separation(auc) for auc in (world.auc, world.auc + world.gain)]
    return np.array([mean + pair + rng.normal(0, own, world.replicates) for mean in means])


def draw(world: World, rng: np.random.Generator, known: np.ndarray | None = None) -> Block:
    """One study of two methods on one test set; `known` skills are those of training runs that another set has too."""
    size = world.positives + world.negatives
    label = np.zeros(size)
    label[: world.positives] = 1
    lesion = _lesions(world, rng)
    case = rng.normal(0, LESION, lesion.max() + 1)[lesion] + rng.normal(0, IMAGE, size)
    own, shared = world.effects()
    pair = rng.normal(0, shared, world.replicates)
    scores = np.empty((2, world.replicates, 1, size))
    for method, auc in enumerate((world.auc, world.auc + world.gain)):
        seen = case + rng.normal(0, world.encoder, size)
        drawn = world.separation(auc) + pair + rng.normal(0, own, world.replicates)
        skill = drawn if known is None else known[method]
        noise = rng.normal(0, NOISE, (world.replicates, size))
        scores[method, :, 0] = 1 / (1 + np.exp(-(skill[:, None] * (label - 0.5) + seen + noise)))
    cases = Cases(positive=label == 1, cluster=lesion, images=pd.DataFrame({"image_id": np.arange(size)}))
    return Block(
        fraction=1.0, dataset="drawn", methods=("one", "other"), cases=cases, scores=scores.round(world.digits)
    )


def table(block: Block) -> pd.DataFrame:
    """The same study as a prediction table."""
    size = len(block.cases.positive)
    images = pd.DataFrame(
        {"dataset": block.dataset, "image_id": [f"I{i}" for i in range(size)], "patient_id": None,
         "lesion_id": [f"L{i}" for i in block.cases.cluster], "label": block.cases.positive.astype(int)}
    )  # fmt: skip
    tables = [
        images.assign(method=method, fraction=block.fraction, rank=0, split=pair, seed=pair, score=scores[0])
        for method, runs in zip(block.methods, block.scores, strict=True)
        for pair, scores in enumerate(runs)
    ]
    return pd.concat(tables, ignore_index=True)


def truth(world: World) -> dict[str, float]:
    """The true AUC of each method."""
    return {"one": world.auc, "other": world.auc + world.gain}


def _lesions(world: World, rng: np.random.Generator) -> np.ndarray:
    """Lesion codes: images of a lesion lie beside each other, within a class."""
    parts, start = [], 0
    for size in (world.positives, world.negatives):
        new = rng.random(size) < 1 / world.per_lesion
        new[0] = True
        parts.append(start + np.cumsum(new) - 1)
        start = parts[-1][-1] + 1
    return np.concatenate(parts)
