"""An encoder, a pipeline with its own search space, and an augmentation policy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from trainables.augmentation.policies import Policy
from trainables.encoders.recipe import Recipe
from trainables.job import Job
from trainables.pipelines.pipeline import Pipeline
from trainables.pipelines.probes import Features, Labels, probe

NOISE = Recipe(name="noise", paper="none", obtain="nothing: random weights", mean=None, std=None, trained=False)
FLIPS = Policy(flip=True)


def centroids(job: Job, features: Features, labels: Labels, classes: int) -> nn.Linear:
    """The class whose mean feature is nearest, as a linear layer; `sharpness` scales the logits."""
    means = np.stack([features[labels == label].mean(axis=0) for label in range(classes)])
    sharpness = float(job.params["sharpness"])
    layer = nn.Linear(features.shape[1], classes)
    bias = torch.from_numpy(-sharpness * (means**2).sum(axis=1) / 2)
    layer.load_state_dict({"weight": torch.from_numpy(sharpness * means), "bias": bias})
    return layer


CENTROID = Pipeline(run=probe(centroids), space=str(Path(__file__).with_name("centroid.yaml")))
