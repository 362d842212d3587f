"""The cases of a test set: which images are positive, and which belong together.

Images of one lesion or one patient are not independent: the unit of the case variance is the cluster, all images that
are connected through a shared patient or lesion. An image whose patient and lesion are unknown is its own cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Cases:
    """`positive` [n], `cluster` [n] (codes from 0), and one row an image [n] with its subgroup columns."""

    positive: Bools
    cluster: Ints
    images: pd.DataFrame

    def reason(self) -> str:
        """Why measures that need both classes are undefined; empty where they are not."""
        if not self.positive.any():
            return "no positive image"
        return "no negative image" if self.positive.all() else ""

    def rarer(self, chosen: Bools | None = None) -> int:
        """Clusters of the rarer class among the classes that are there (in a subgroup, if one is `chosen`)."""
        used = np.ones_like(self.positive) if chosen is None else chosen
        return min(self.count(side) for side in (self.positive & used, ~self.positive & used) if side.any())

    def classes(self, chosen: Bools | None = None) -> tuple[int, int]:
        """Clusters of positive and of negative images (in a subgroup, if one is `chosen`)."""
        used = np.ones_like(self.positive) if chosen is None else chosen
        return self.count(self.positive & used), self.count(~self.positive & used)

    def errors(self, influence: Floats, chosen: Bools | None = None) -> Floats:
        """Error vectors [models, clusters] whose inner products are the covariances of the models' values.

        `influence` [models, n] is each image's share in a value's error. Sums over clusters give the covariances of
        Obuchowski (Biometrics 1997), without clusters those of DeLong et al. (Biometrics 1988). NaN where all images
        of a class are in one cluster: its variance cannot be known. `chosen` [n] restricts to a subgroup's images.
        """
        weights = np.zeros(len(self.positive))
        used = np.ones_like(self.positive) if chosen is None else chosen
        for side in (self.positive & used, ~self.positive & used):
            count = self.count(side)
            if influence[:, side].any():
                weights[side] = np.sqrt(count / (count - 1)) if count > 1 else np.nan
        touched = np.flatnonzero(used)
        members = csr_array(
            (weights[touched], (touched, self.cluster[touched])), shape=(len(self.cluster), self.cluster.max() + 1)
        )
        return np.asarray((members.T @ influence.T).T)

    def count(self, side: Bools) -> int:
        """How many clusters these images [n] are."""
        return len(np.unique(self.cluster[side]))


@dataclass(frozen=True, kw_only=True)
class ClassCases:
    """Cases of many classes: `label` [n] (places in the list of classes), `cluster` [n], one row an image [n]."""

    label: Ints
    cluster: Ints
    images: pd.DataFrame

    @cached_property
    def present(self) -> tuple[int, ...]:
        """The classes that the test set has, in their order."""
        return tuple(int(label) for label in np.unique(self.label))

    def reason(self) -> str:
        """Why measures that tell classes apart are undefined; empty where they are not."""
        return "images of one class alone" if len(self.present) < 2 else ""

    def against_rest(self, label: int) -> Cases:
        """The same images, those of one class positive."""
        return Cases(positive=self.label == label, cluster=self.cluster, images=self.images)

    def errors(self, influence: Floats) -> Floats:
        """Error vectors [models, clusters], as those of `Cases`; each class has its own correction for few clusters."""
        weights = np.zeros(len(self.label))
        for label in self.present:
            chosen = self.label == label
            count = self.count(chosen)
            if influence[:, chosen].any():
                weights[chosen] = np.sqrt(count / (count - 1)) if count > 1 else np.nan
        rows = np.arange(len(self.label))
        members = csr_array((weights, (rows, self.cluster)), shape=(len(rows), self.cluster.max() + 1))
        return np.asarray((members.T @ influence.T).T)

    def rarest(self) -> int:
        """Clusters of the rarest class among those that are there."""
        return min(self.count(self.label == label) for label in self.present)

    def free(self, errors: Floats) -> float:
        """Degrees of freedom of a case variance that is a sum over the classes (Satterthwaite, Biometrics 1946).

        `errors` [models, clusters]. A cluster counts for its rarest class. The rarest class alone would give too few:
        it is one of several whose images a mean over classes rests on.
        """
        owner = self.rarest_of_cluster()
        sizes = np.array([self.count(self.label == label) for label in self.present])
        parts = np.array([(errors[:, owner == label] ** 2).sum() for label in self.present])
        total = parts.sum()
        if not total > 0:
            return float(max(sizes.min() - 1, 1))
        return float(total**2 / (parts**2 / np.maximum(sizes - 1, 1)).sum())

    def rarest_of_cluster(self) -> Ints:
        """For each cluster the class, among those of its images, that the test set has the fewest clusters of."""
        order = sorted(self.present, key=lambda label: -self.count(self.label == label))
        owner = np.zeros(self.cluster.max() + 1, dtype=np.int64)
        for label in order:
            owner[self.cluster[self.label == label]] = label
        return owner

    def count(self, chosen: Bools) -> int:
        """How many clusters these images [n] are."""
        return len(np.unique(self.cluster[chosen]))


def clusters(patients: pd.Series, lesions: pd.Series) -> Ints:
    """Codes [n] of the connected components of images that share a patient or a lesion; null shares nothing."""
    size = len(patients)
    patient, lesion = pd.factorize(patients)[0], pd.factorize(lesions)[0]
    ends = [patient[patient >= 0] + size, lesion[lesion >= 0] + size + patient.max(initial=-1) + 1]
    starts = [np.flatnonzero(patient >= 0), np.flatnonzero(lesion >= 0)]
    start, end = np.concatenate(starts), np.concatenate(ends)
    nodes = size + patient.max(initial=-1) + lesion.max(initial=-1) + 2
    graph = coo_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1][:size]
    return np.asarray(pd.factorize(component)[0], dtype=np.int64)
