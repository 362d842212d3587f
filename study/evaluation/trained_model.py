"""A winner that was trained anew, ready to score images as the study's evaluation does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.base.errors import DataError
from datasets.base.seeds import seed
from datasets.cache.store import open_store
from study.base.errors import StudyError
from study.evaluation.copies import copies_of
from study.evaluation.scoring import score, scoring_arguments
from study.plan.cells import Plan
from study.preparation import manifests
from study.spec.data_sources import TestSet
from study.store import operating_points_record, selection_record
from study.store.directory import StudyDirectory

Picture = str | Path | np.ndarray


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A replicate: a selected configuration, trained on one (split, seed) pair."""

    plan: Plan
    checkpoint: Path
    copies: int
    """Of an image in the study's evaluation of this method."""
    thresholds: Mapping[str, float]
    """Frozen for this replicate on its validation images, by operating point."""

    def predict(
        self,
        images: Sequence[Picture],
        *,
        test: str | None = None,
        image_ids: Sequence[str] | None = None,
        copies: int | None = None,
    ) -> pd.DataFrame:
        """Scores of picture files or pixels (uint8 RGB, height × width × 3), one row each, in their order.

        Columns: `image` (the path, or the place of the pixels), `score` (mean probability of the positive class over
        the augmented copies) and `score_sd`; of more than two classes `score.<class>` and `score_sd.<class>` of each.
        `copies`: default those of the study; 1: the deterministic view.

        The random numbers of the copies come from a picture's place in `images`. Where the pictures are those of a
        test set, name it and their ids: then they get the evaluation's own, and the scores are those of the prediction
        table. Raises `StudyError` for an unknown test set or id.
        """
        from trainables.pictures import predict_pictures

        spec = self.plan.spec
        if (test is None) != (image_ids is None):
            raise StudyError("`test` and `image_ids` go together, got one of them. Give both or none.")
        rows = None if test is None or image_ids is None else self._rows(test, image_ids)
        scores = predict_pictures(
            str(self.checkpoint),
            [image if isinstance(image, np.ndarray) else Path(image).read_bytes() for image in images],
            short_side=spec.cache_side,
            copies=copies or self.copies,
            seed=seed(spec.seed, "copies", test or "pictures"),
            rows=rows,
        )
        names = [index if isinstance(image, np.ndarray) else str(image) for index, image in enumerate(images)]
        return pd.DataFrame({"image": names, **scores.columns()})

    def predict_test(self, test: str, image_ids: Sequence[str]) -> pd.DataFrame:
        """Scores of images of a test set by their ids: those of the study's own evaluation, to the last digit.

        Labels are not read. Columns: `image_id`, and the scores as `predict` gives them. Raises
        `StudyError` for an unknown set or id.
        """
        self._rows(test, image_ids)
        source = manifests.test_source(self.plan.spec, self._test(test))
        arguments = scoring_arguments(self.plan, source, test, self.checkpoint, list(image_ids), self.copies)
        scored, columns, _ = score(*arguments)
        return pd.DataFrame({"image_id": scored, **columns}).drop(columns="n_copies")

    def _test(self, name: str) -> TestSet:
        for test in self.plan.spec.tests:
            if test.name == name:
                return test
        names = ", ".join(test.name for test in self.plan.spec.tests)
        raise StudyError(f"A test set is one of {names}, got {name!r}. Correct the name.")

    def _rows(self, test: str, image_ids: Sequence[str]) -> list[int]:
        """Rows of images in their data set; the copies' random numbers rest on them."""
        source = manifests.test_source(self.plan.spec, self._test(test))
        try:
            store = open_store(
                manifests.load_manifest(source),
                short_side=self.plan.spec.cache_side,
                on_bad_image=source.on_bad_image,
            )
            return [int(row) for row in store.rows(image_ids)]
        except DataError as error:
            raise StudyError(str(error)) from error


def trained_model(
    plan: Plan, directory: StudyDirectory, method: str, fraction: float, *, replicate: int = 1, winner: int = 0
) -> TrainedModel:
    """Replicate `replicate` (from 1) of winner `winner` (from 0) of a method at a training fraction.

    Raises `StudyError` where the study has no such cell, winner or finished replicate.
    """
    selection = selection_record.load(directory)
    cells = {(cell.method.name, cell.fraction): cell.key for cell in plan.cells}
    if (method, float(fraction)) not in cells:
        names = ", ".join(f"{name} at {share:g}" for name, share in cells)
        raise StudyError(
            f"A model is that of a method of the study at one of its training fractions, got {method!r} at "
            f"{fraction:g}. Choose one of: {names}."
        )
    key = cells[method, float(fraction)]
    if not any((selected.cell, selected.rank) == (key, winner) for selected in selection.winners):
        raise StudyError(f"Winners of {key} are counted from 0, got {winner}. The selection has fewer.")
    checkpoint = directory.replicate(key, winner, replicate) / "best.pt"
    if not checkpoint.with_name("result.json").is_file():
        raise StudyError(
            f"A model is a finished replicate, but {checkpoint.parent} holds none. Replicates are counted from 1 to "
            f"{plan.spec.replicate.pairs}; run `study replicate {directory.root}`."
        )
    points = operating_points_record.load(directory)
    frozen = {} if points is None else points.of(key, winner, replicate).thresholds
    return TrainedModel(
        plan=plan,
        checkpoint=checkpoint,
        copies=copies_of(plan, directory, plan.cell(key)),
        thresholds={name: value for name, value in frozen.items() if value is not None},
    )
