"""Prediction tables as arrays: one block a training fraction and test set, all methods on the same images and pairs.

What is a replicate? The outermost part of training that varies: the split where there are several, else the seed, else
the winner's rank (the published protocol: top-5 models of one split). Models that share it (several winners of a cell
on one split) are averaged first: they are not independent of each other and must not count as replicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.comparison.cases import Cases, Floats, clusters
from study.comparison.errors import ComparisonError
from study.comparison.input_columns import MODEL, SUBGROUPS

REPLICATE = ("split", "seed", "rank")
PAIR = ["rank", "split", "seed"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """`scores` [methods, replicates, members, images] of one fraction on one test set."""

    fraction: float
    dataset: str
    methods: tuple[str, ...]
    cases: Cases
    scores: Floats

    @property
    def flat(self) -> Floats:
        """Scores [models, images]."""
        return self.scores.reshape(-1, self.scores.shape[-1])

    @property
    def models(self) -> int:
        """Trained models of each method: replicates times members."""
        return self.scores.shape[1] * self.scores.shape[2]

    def fold(self, values: Floats) -> Floats:
        """From [models, …] to [methods, replicates, …]: members of a replicate averaged."""
        return values.reshape(*self.scores.shape[:3], *values.shape[1:]).mean(axis=2)


def blocks(table: pd.DataFrame) -> list[Block]:
    """All blocks, methods and test sets in the order of their appearance. Raises `ComparisonError`."""
    replicate = next((column for column in REPLICATE if table[column].nunique() > 1), "rank")
    found: list[Block] = []
    for dataset, rows in table.groupby("dataset", sort=False, observed=True):
        found += _of_dataset(str(dataset), rows, replicate)
    return found


def _of_dataset(dataset: str, rows: pd.DataFrame, replicate: str) -> Iterator[Block]:
    image, names = pd.factorize(rows["image_id"])
    grouped = rows.groupby(MODEL, sort=False, observed=True)
    model = grouped.ngroup().to_numpy()
    models = rows[MODEL].drop_duplicates(ignore_index=True)
    cells = model * len(names) + image
    if len(np.unique(cells)) < len(cells):
        again = rows[pd.Series(cells, index=rows.index).duplicated()].iloc[0]
        raise ComparisonError(
            f"A model scores an image once, but {again['image_id']!r} of {dataset} appears twice for "
            f"{_name(again)}. Remove the duplicate rows or files."
        )
    scores = np.full((len(models), len(names)), np.nan)
    scores[model, image] = rows["score"].to_numpy(float)
    _check_images(scores, models, dataset)
    cases = _cases(dataset, rows, image, len(names))
    methods = table_order(rows["method"])
    for fraction, here in models.groupby("fraction", sort=False, observed=True):
        present = tuple(method for method in methods if (here["method"] == method).any())
        order = _order(here, present, replicate, dataset)
        yield Block(fraction=float(str(fraction)), dataset=dataset, methods=present, cases=cases, scores=scores[order])


def table_order(column: pd.Series) -> list[str]:
    """Names in the order of first appearance."""
    return [str(name) for name in column.unique()]


def _name(row: pd.Series) -> str:
    return ", ".join(f"{column} {row[column]}" for column in MODEL)


def _check_images(scores: Floats, models: pd.DataFrame, dataset: str) -> None:
    holes = np.isnan(scores).sum(axis=1)
    if holes.any():
        worst = int(holes.argmax())
        raise ComparisonError(
            f"Methods are compared on the same images, but {_name(models.iloc[worst])} lacks {holes[worst]} of the "
            f"{scores.shape[1]} images that others scored on {dataset}. Evaluate it on all of them, or leave these "
            "images out for every method."
        )


def _cases(dataset: str, rows: pd.DataFrame, image: np.ndarray, size: int) -> Cases:
    first = np.unique(image, return_index=True)[1]
    images = rows.iloc[first].reset_index(drop=True)
    label = images["label"].to_numpy(int)
    wrong = np.flatnonzero(rows["label"].to_numpy(int) != label[image])
    if len(wrong):
        raise ComparisonError(
            f"An image has one label, but {rows['image_id'].iloc[wrong[0]]!r} of {dataset} has both 0 and 1 in "
            "different prediction tables. Evaluate all methods against the same labels."
        )
    kept = [column for column in ("image_id", *SUBGROUPS) if column in images.columns]
    return Cases(positive=label == 1, cluster=clusters(images["patient_id"], images["lesion_id"]), images=images[kept])


def _order(here: pd.DataFrame, methods: tuple[str, ...], replicate: str, dataset: str) -> np.ndarray:
    """Rows of the score matrix as [methods, replicates, members], the same pairs in the same order for all."""
    ordered = here.sort_values([replicate, *PAIR])
    pairs = {method: ordered.loc[ordered["method"] == method, PAIR] for method in methods}
    first, expected = next(iter(pairs.items()))
    for method, found in pairs.items():
        if not np.array_equal(found.to_numpy(), expected.to_numpy()):
            raise ComparisonError(
                "Methods are compared on the same (rank, split, seed) of their replicates, but on "
                f"{dataset}, fraction {here['fraction'].iloc[0]:g}, {first} has {_pairs(expected)} and {method} "
                f"{_pairs(found)}. Replicate all methods on the same pairs, or leave out those that not all have."
            )
    sizes = expected.groupby(replicate).size()
    if sizes.nunique() > 1:
        raise ComparisonError(
            f"Every {replicate} has the same number of models, but on {dataset} the sizes are {sizes.to_dict()}. "
            "Finish the missing replicates, or leave the incomplete ones out."
        )
    index = np.concatenate([pairs[method].index.to_numpy() for method in methods])
    return index.reshape(len(methods), len(sizes), -1)


def _pairs(found: pd.DataFrame) -> str:
    shown = [str(tuple(int(value) for value in row)) for row in found.to_numpy()[:4]]
    return ", ".join(shown) + (", …" if len(found) > 4 else "")
