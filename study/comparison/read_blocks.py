"""Prediction tables read into blocks: all methods on the same images and the same (rank, split, seed) pairs.

What is a replicate? The outermost part of training that varies: the search where a cell was tuned several times
(column `search`), else the split where there are several, else the seed, else the winner's rank (the published
protocol: top-5 models of one split). Models that share it (pairs that train one search's winner, several winners of a
cell on one split) are averaged first: they are not independent of each other and must not count as replicates.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from datasets.base.score_columns import SCORE, score_columns, scored_classes
from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.cases import Cases, ClassCases, Floats, Ints, clusters
from study.comparison.errors import ComparisonError
from study.comparison.input_columns import MODEL, SEARCH, SUBGROUPS
from study.comparison.operating_points.frozen_columns import frozen_columns
from study.comparison.same_models import check_same_models

REPLICATE = (SEARCH, "split", "seed", "rank")
PAIR = ["rank", "split", "seed"]


def blocks(table: pd.DataFrame) -> list[AnyBlock]:
    """All blocks, methods and test sets in the order of their appearance. Raises `ComparisonError`."""
    check_same_models(table)
    known = [column for column in REPLICATE if column in table.columns]
    replicate = next((column for column in known if table[column].nunique() > 1), "rank")
    found: list[AnyBlock] = []
    for dataset, rows in table.groupby("dataset", sort=False, observed=True):
        found += _of_dataset(str(dataset), rows, replicate)
    return found


def _of_dataset(dataset: str, rows: pd.DataFrame, replicate: str) -> Iterator[AnyBlock]:
    image, names = pd.factorize(rows["image_id"])
    grouped = rows.groupby(MODEL, sort=False, observed=True)
    model = grouped.ngroup().to_numpy()
    models = rows.drop_duplicates(MODEL)[[*MODEL, *([SEARCH] if SEARCH in rows.columns else [])]].reset_index(drop=True)
    cells = model * len(names) + image
    if len(np.unique(cells)) < len(cells):
        again = rows[pd.Series(cells, index=rows.index).duplicated()].iloc[0]
        raise ComparisonError(
            f"A model scores an image once, but {again['image_id']!r} of {dataset} appears twice for "
            f"{_name(again)}. Remove the duplicate rows or files."
        )
    classes = scored_classes(rows.columns)
    columns = score_columns(classes) if classes else [SCORE]
    beforehand = frozen_columns(rows.columns)
    given = grouped[beforehand].first() if beforehand else pd.DataFrame()
    scores = np.full((len(models), len(names), len(columns)), np.nan)
    scores[model, image] = rows[columns].to_numpy(float)
    _check_images(scores[..., 0], models, dataset)
    images, label, cluster = _images(dataset, rows, image)
    methods = table_order(rows["method"])
    for fraction, here in models.groupby("fraction", sort=False, observed=True):
        present = tuple(method for method in methods if (here["method"] == method).any())
        order = _order(here, present, replicate, dataset)
        share = float(str(fraction))
        ranks = here["rank"].loc[order[0].ravel()].to_numpy(int).reshape(order.shape[1:])
        alike = tuple(ranks[0].tolist()) if (ranks == ranks[0]).all() else ()
        frozen = {name: given[name].to_numpy(float)[order] for name in given.columns}
        if classes:
            many = ClassCases(label=label, cluster=cluster, images=images)
            yield ClassBlock(
                fraction=share,
                dataset=dataset,
                methods=present,
                classes=classes,
                cases=many,
                scores=scores[order],
                frozen=frozen,
                ranks=alike,
            )
        else:
            cases = Cases(positive=label == 1, cluster=cluster, images=images)
            yield Block(
                fraction=share,
                dataset=dataset,
                methods=present,
                cases=cases,
                scores=scores[order][..., 0],
                frozen=frozen,
                ranks=alike,
            )


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


def _images(dataset: str, rows: pd.DataFrame, image: np.ndarray) -> tuple[pd.DataFrame, Ints, Ints]:
    """One row an image with its subgroup columns, its label, and the cluster that it is in."""
    first = np.unique(image, return_index=True)[1]
    images = rows.iloc[first].reset_index(drop=True)
    label = images["label"].to_numpy(int)
    wrong = np.flatnonzero(rows["label"].to_numpy(int) != label[image])
    if len(wrong):
        both = sorted({int(label[image[wrong[0]]]), int(rows["label"].iloc[wrong[0]])})
        raise ComparisonError(
            f"An image has one label, but {rows['image_id'].iloc[wrong[0]]!r} of {dataset} has both {both[0]} and "
            f"{both[1]} in different prediction tables. Evaluate all methods against the same labels."
        )
    kept = [column for column in ("image_id", *SUBGROUPS) if column in images.columns]
    return images[kept], label, clusters(images["patient_id"], images["lesion_id"])


def _order(here: pd.DataFrame, methods: tuple[str, ...], replicate: str, dataset: str) -> np.ndarray:
    """Rows of the score matrix as [methods, replicates, members], the same pairs in the same order for all."""
    ordered = here.sort_values([replicate, *PAIR])
    pair = [*PAIR, *([SEARCH] if SEARCH in here.columns else [])]
    pairs = {method: ordered.loc[ordered["method"] == method, pair] for method in methods}
    first, expected = next(iter(pairs.items()))
    for method, found in pairs.items():
        if not np.array_equal(found.to_numpy(), expected.to_numpy()):
            raise ComparisonError(
                f"Methods are compared on the same ({', '.join(pair)}) of their replicates, but on "
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
