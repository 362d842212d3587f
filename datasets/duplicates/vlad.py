"""Vectors of locally aggregated descriptors (Jégou et al. 2010): one vector for all key points of a picture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from datasets.duplicates.descriptors import Features, Floats

WORDS, DIMENSIONS, LENGTH = 64, 48, 512
SAMPLE = 600
"""Pictures that a vocabulary is learnt from."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Principal axes of descriptors ([128, dimensions]) about their `mean`, `words` ([words, dimensions]), and the
    principal axes of the vectors that they give ([words × dimensions, length])."""

    mean: Floats
    axes: Floats
    words: Floats
    reduction: Floats

    def vector(self, descriptors: NDArray[np.uint8]) -> Floats:
        """The unit vector of a picture's descriptors, zero where it has none."""
        short = self.whole(descriptors) @ self.reduction
        return np.asarray(short / (np.linalg.norm(short) + 1e-6))

    def whole(self, descriptors: NDArray[np.uint8]) -> Floats:
        """The same before reduction."""
        projected = (descriptors.astype(np.float32) - self.mean) @ self.axes
        distance = (self.words**2).sum(axis=1) - 2 * projected @ self.words.T
        nearest = distance.argmin(axis=1)
        member = (nearest == np.arange(len(self.words))[:, None]).astype(np.float32)
        sums = member @ (projected - self.words[nearest])
        sums /= np.linalg.norm(sums, axis=1, keepdims=True) + 1e-6
        return np.asarray(sums.ravel() / (np.linalg.norm(sums) + 1e-6))


def vocabulary(pictures: Sequence[Features]) -> Vocabulary:
    """Learnt from an evenly spaced sample of the pictures; the same for the same pictures."""
    step = max(1, len(pictures) // SAMPLE)
    sample = np.concatenate([each.descriptors for each in pictures[::step]]).astype(np.float32)
    if len(sample) == 0:
        sample = np.zeros((1, 128), np.float32)
    mean = sample.mean(axis=0)
    centred = sample - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :DIMENSIONS].astype(np.float32)
    projected = centred @ axes
    first = projected[np.linspace(0, len(projected) - 1, min(WORDS, len(projected))).astype(int)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a word that no descriptor is nearest to stays where it is
        words, _ = kmeans2(projected, first, iter=8, minit="matrix", missing="warn")
    whole = Vocabulary(mean=mean, axes=axes, words=words.astype(np.float32), reduction=np.zeros((0, 0), np.float32))
    vectors = np.stack([whole.whole(each.descriptors) for each in pictures[::step]])
    return replace(whole, reduction=_principal(vectors, LENGTH))


def _principal(vectors: Floats, length: int) -> Floats:
    """The first `length` principal axes ([dimensions, length]) of fewer vectors than they have dimensions."""
    value, axes = np.linalg.eigh(vectors @ vectors.T)
    kept = np.flatnonzero(value > 1e-4)[::-1][:length]
    return np.asarray((vectors.T @ axes[:, kept]) / np.sqrt(value[kept]), np.float32)
