"""What a model finds similar: nearest training images, and a flat map of its features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

Floats = npt.NDArray[np.float32]
COMPONENTS = 30  # t-SNE after PCA, as its authors advise (van der Maaten and Hinton 2008)


def nearest(train: Floats, query: Floats, k: int) -> npt.NDArray[np.int64]:
    """Rows of `train` nearest to each query by cosine distance, (queries, k), the nearest first."""
    search = NearestNeighbors(n_neighbors=min(k, len(train)), metric="cosine").fit(train)
    found: npt.NDArray[np.int64] = search.kneighbors(query, return_distance=False)
    return found


def flat_map(features: Floats, seed: int) -> tuple[Floats, str]:
    """Two coordinates an image, (N, 2), and the method's name: t-SNE, or PCA below 30 images."""
    components = min(COMPONENTS, *features.shape)
    reduced = PCA(n_components=components, random_state=seed).fit_transform(features)
    if len(features) < COMPONENTS:
        return reduced[:, :2], "PCA"
    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced), "t-SNE"
