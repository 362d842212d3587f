"""Where the pictures and the models of the qualitative pages come from: a study directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.base.score_columns import score_columns, scored_classes
from datasets.cache.store import ImageStore, open_store
from datasets.splits.split import Split
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.preparation import manifests
from study.preparation.thumbnails import Image
from study.spec.data_sources import DataSource
from study.store import selection_record
from study.store.directory import StudyDirectory


@dataclass(frozen=True)
class Pictures:
    """Images by id out of one data set's cache."""

    store: ImageStore

    def __getitem__(self, image_id: str) -> Image:
        """One image, RGB uint8."""
        image: Image = self.store[int(self.store.rows([image_id])[0])]
        return image

    def several(self, image_ids: list[str]) -> list[Image]:
        """The images in the order of their ids."""
        return [self.store[int(row)] for row in self.store.rows(image_ids)]

    def known(self, image_ids: list[str]) -> list[str]:
        """Those ids that the store holds (bad images may have been skipped)."""
        held = set(self.store.manifest.table["image_id"])
        return [image_id for image_id in image_ids if image_id in held]


def pictures(plan: Plan, source: DataSource) -> Pictures:
    """The images of a data set, as the study decodes them."""
    manifest = manifests.load_manifest(source)
    return Pictures(open_store(manifest, short_side=plan.spec.cache_side, on_bad_image=source.on_bad_image))


def checkpoints(plan: Plan, directory: StudyDirectory, fraction: float, pair: int) -> dict[str, Path]:
    """The first winner of every method at a fraction, as re-trained on one pair. Raises `StudyError` if one is gone."""
    found = {}
    for winner in selection_record.load(directory).of_pair(pair):
        cell = plan.cell(winner.cell)
        if cell.fraction == fraction and winner.rank == 0:
            path = directory.replicate(winner.cell, winner.rank, pair) / "best.pt"
            if not path.is_file():
                raise StudyError(f"The qualitative pages need {path}. Run `study replicate {directory.root}` first.")
            found[cell.method.name] = path
    return found


def predictions(directory: StudyDirectory, fraction: float) -> pd.DataFrame:
    """All prediction tables of a fraction. Raises `StudyError` when there are none.

    Of three classes and more `score` is the probability of the image's own class, and `rival` the highest
    of the others.
    """
    paths = sorted(directory.predictions.rglob("*.parquet"))
    if not paths:
        raise StudyError(f"{directory.predictions} holds no predictions. Run `study evaluate {directory.root}` first.")
    table = pd.concat([_scored(pd.read_parquet(path)) for path in paths], ignore_index=True)
    return table[table["fraction"] == fraction]


def _scored(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["method", "fraction", "dataset", "image_id", "label"]
    classes = scored_classes(table.columns)
    if not classes:
        return table[[*columns, "score"]]
    scores, label = table[score_columns(classes)].to_numpy(float, copy=True), table["label"].to_numpy(int)
    own = scores[np.arange(len(table)), label]
    scores[np.arange(len(table)), label] = -1.0
    return table[columns].assign(score=own, rival=scores.max(axis=1))


def training_images(directory: StudyDirectory, fraction: float, pair: int) -> list[str]:
    """What the models of a pair were trained on."""
    return list(Split.read(directory.split(pair, fraction)).ids("train"))
