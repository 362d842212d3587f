"""A winner that was trained anew, ready to score images as the study's evaluation does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.base.seeds import seed
from study.base.errors import StudyError
from study.evaluation.evaluate import scoring_arguments
from study.plan.cells import Plan
from study.store import selection_record
from study.store.directory import StudyDirectory

Picture = str | Path | np.ndarray


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A replicate: a selected configuration, trained on one (split, seed) pair."""

    plan: Plan
    checkpoint: Path

    def predict(self, images: Sequence[Picture], *, copies: int | None = None) -> pd.DataFrame:
        """Scores of picture files or pixels (uint8 RGB, height × width × 3), one row each, in their order.

        Columns: `image` (the path, or the place of the pixels), `score` (mean probability of the positive class over
        the augmented copies) and `score_sd`. `copies`: default those of the study; 1: the deterministic view.
        """
        from trainables.pictures import predict_pictures

        spec = self.plan.spec
        scores = predict_pictures(
            str(self.checkpoint),
            [image if isinstance(image, np.ndarray) else Path(image).read_bytes() for image in images],
            short_side=spec.cache_side,
            copies=copies or spec.evaluate.copies,
            seed=seed(spec.seed, "copies", "pictures"),
        )
        names = [index if isinstance(image, np.ndarray) else str(image) for index, image in enumerate(images)]
        return pd.DataFrame({"image": names, "score": scores.mean, "score_sd": scores.sd})

    def predict_test(self, test: str, image_ids: Sequence[str]) -> pd.DataFrame:
        """Scores of images of a test set by their ids: those of the study's own evaluation, to the last digit.

        Labels are not read. Columns: `image_id`, `score`, `score_sd`. Raises `StudyError` for an unknown test set.
        """
        from study.evaluation.evaluate import score

        found = next((item for item in self.plan.spec.tests if item.name == test), None)
        if found is None:
            names = ", ".join(item.name for item in self.plan.spec.tests)
            raise StudyError(f"A test set is one of {names}, got {test!r}. Correct the name.")
        ids, mean, sd = score(*scoring_arguments(self.plan, found, self.checkpoint, list(image_ids)))
        return pd.DataFrame({"image_id": ids, "score": mean, "score_sd": sd})


def trained_model(
    plan: Plan, directory: StudyDirectory, method: str, fraction: float, *, replicate: int = 1, winner: int = 0
) -> TrainedModel:
    """Replicate `replicate` (from 1) of winner `winner` (from 0) of a method at a training fraction.

    Raises `StudyError` where the study has no such cell, winner or finished replicate.
    """
    frozen = selection_record.load(directory)
    cells = {(cell.method.name, cell.fraction): cell.key for cell in plan.cells}
    if (method, float(fraction)) not in cells:
        known = ", ".join(f"{name} at {share:g}" for name, share in cells)
        raise StudyError(f"A study has models of its own cells, got {method!r} at {fraction:g}. Known: {known}.")
    key = cells[method, float(fraction)]
    if not any(found.cell == key and found.rank == winner for found in frozen.winners):
        raise StudyError(f"Winners of {key} are counted from 0, got {winner}. The selection has fewer.")
    checkpoint = directory.replicate(key, winner, replicate) / "best.pt"
    if not checkpoint.with_name("result.json").is_file():
        raise StudyError(
            f"A model is a finished replicate, but {checkpoint.parent} holds none. Replicates are counted from 1 to "
            f"{plan.spec.replicate.pairs}; run `study replicate {directory.root}`."
        )
    return TrainedModel(plan=plan, checkpoint=checkpoint)
