"""Groups that stay together, and stratified draws of whole groups and of single images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from datasets.base.seeds import seed


def groups(table: pd.DataFrame, together: Iterable[Iterable[str]] = ()) -> np.ndarray:
    """Name of each row's group (object array of str): images connected by a patient or a lesion share one.

    So do the image ids that `together` lists with each other. Where nothing is known an image is its own group. The
    name is the smallest image id of the group.
    """
    rows = len(table)
    links: list[tuple[np.ndarray, np.ndarray]] = []
    offset = rows
    for column in ("patient_id", "lesion_id"):
        codes, values = pd.factorize(table[column])
        known = np.flatnonzero(codes >= 0)
        links.append((known, codes[known] + offset))
        offset += len(values)
    row_of = {image_id: row for row, image_id in enumerate(table["image_id"])}
    for members in together:
        found = np.asarray([row_of[image_id] for image_id in members if image_id in row_of], dtype=np.int64)
        links.append((found, np.full(len(found), offset)))
        offset += 1
    left, right = (np.concatenate(side) for side in zip(*links, strict=True))
    graph = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(offset, offset))
    component = connected_components(graph, directed=False)[1][:rows]
    names = np.asarray(table["image_id"], dtype=object)
    order = np.argsort(names, kind="stable")
    _, first, place = np.unique(component[order], return_index=True, return_inverse=True)
    found = np.empty(rows, dtype=object)
    found[order] = names[order[first]][place]
    return found


def draw_groups(labels: np.ndarray, group: np.ndarray, share: float, key: tuple[object, ...]) -> np.ndarray:
    """Which rows (bool) are in a draw of whole groups that holds `share` of each label.

    Groups that mix labels are drawn first; then, label by label, pure groups make up what is missing. So each label's
    count differs from its exact share by at most half its largest pure group, given that mixed groups leave room.
    The order of groups is that of the hash of (key, name): adding an image elsewhere does not reshuffle them.
    """
    frame = pd.DataFrame({"group": group, "label": labels})
    counts = frame.groupby(["group", "label"]).size().unstack(fill_value=0)
    order = np.argsort([seed(*key, name) for name in counts.index], kind="stable")
    counts = counts.iloc[order]
    present = counts.to_numpy() > 0
    target = share * counts.to_numpy().sum(axis=0)
    drawn: list[object] = []
    taken = np.zeros(len(target))
    mixed = counts[present.sum(axis=1) > 1]
    part = _up_to(mixed.to_numpy().sum(axis=1), share * mixed.to_numpy().sum())
    drawn += list(mixed.index[:part])
    taken += mixed.to_numpy()[:part].sum(axis=0)
    for column in range(len(target)):
        pure = counts[(present.sum(axis=1) == 1) & present[:, column]]
        part = _up_to(pure.iloc[:, column].to_numpy(), target[column] - taken[column])
        drawn += list(pure.index[:part])
    return np.asarray(frame["group"].isin(drawn).to_numpy())


def subsample(labels: np.ndarray, ids: np.ndarray, fraction: float, key: tuple[object, ...]) -> np.ndarray:
    """The ids of a stratified subsample: exactly round(fraction × n) images, at least one of each label.

    All images are put into one order in which every prefix is stratified, so that with one key smaller fractions lie
    within larger ones. Of each label the count is within one of its exact share.
    """
    size = max(round(fraction * len(ids)), len(set(labels.tolist())))
    rank = np.asarray([seed(*key, image_id) for image_id in ids], dtype=np.uint64)
    place = np.empty(len(ids))
    first = np.zeros(len(ids), bool)
    for label in set(labels.tolist()):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(rank[rows], kind="stable")]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
        first[rows[0]] = True
    order = np.lexsort((place, ~first))
    return np.asarray(np.sort(ids[order[:size]]))


def _up_to(sizes: np.ndarray, target: float) -> int:
    """How many leading groups to take so that their sizes add up as nearly as possible to `target`."""
    if not len(sizes):
        return 0
    totals = np.concatenate([[0], np.cumsum(sizes)])
    return int(np.argmin(np.abs(totals - target)))
