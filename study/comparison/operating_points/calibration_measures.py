"""Do scores mean what they say, as they are, after temperature scaling, and with balanced sampling undone?

Three readings of the same scores: `raw`; `temperature`, each model's log-odds over its own temperature; `prior`, each
model's log-odds moved by its `prior_shift` where one of the block's models was trained on balanced batches. What they
need was frozen before the test set was read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.cases import Bools, Floats
from study.comparison.estimates import bounded, covers, unknown
from study.comparison.inference import Inference, infer
from study.comparison.metrics import closed_form
from study.comparison.metrics.closed_form import Shares
from study.comparison.metrics.measure import Measured, measure, measured, table
from study.comparison.metrics.measure_classes import measure_classes
from study.comparison.metrics.metric import ClosedForm
from study.comparison.metrics.pooled import SMALLEST
from study.comparison.operating_points import recalibration
from study.comparison.operating_points.frozen_columns import PRIOR_SHIFT, TEMPERATURE
from study.comparison.operating_points.temperature import log_odds, scaled, scaled_classes

COLUMNS = (
    "method", "fraction", "dataset", "reading", "measure", "estimate", "sd", "low", "high", "replicates", "covers",
    "reason",
)  # fmt: skip
SEPARATED = "the scores of a model separate the classes, or are all alike: no finite estimate"


def log_loss(scores: Floats, positive: Bools) -> Shares:
    """Mean negative log of the probability of the label; 0 is best, without bound above."""
    of_label = np.where(positive, scores, 1 - scores)
    return _mean(-np.log(np.maximum(of_label, SMALLEST)))


def mean_score(scores: Floats, positive: Bools) -> Shares:
    """Mean score of all images."""
    return _mean(scores)


def excess(scores: Floats, positive: Bools) -> Shares:
    """Mean score less the share of positives: above 0 the scores are too high on the whole."""
    return _mean(scores - positive)


def _mean(per_image: Floats) -> Shares:
    value = per_image.mean(axis=1)
    return value, (per_image - value[:, None]) / per_image.shape[1]


OF_LOG_ODDS: dict[str, ClosedForm] = {
    "slope": recalibration.slope, "intercept": recalibration.intercept, "in_the_large": recalibration.in_the_large,
}  # fmt: skip
OF_SCORES: dict[str, ClosedForm] = {
    "brier": closed_form.brier, "log_loss": log_loss, "mean_score": mean_score, "excess": excess,
}  # fmt: skip
UPPER = {"brier": 1.0, "mean_score": 1.0, "calibration_error": 1.0, "log_loss": math.inf}
"""Measures between 0 and a bound; all others have either sign."""
OF_CLASSES = ("log_loss", "brier", "calibration_error")
Standing = Mapping[tuple[int, str], Measured]


def readings(block: Block) -> Iterator[tuple[str, Block]]:
    """The readings that a block of two classes has, each of the methods that have it."""
    yield "raw", block
    cooled = block.knowing([TEMPERATURE])
    if cooled is not None:
        yield "temperature", replace(cooled, scores=scaled(cooled.scores, cooled.frozen[TEMPERATURE]))
    moved = block.knowing([PRIOR_SHIFT])
    if moved is not None and moved.frozen[PRIOR_SHIFT].any():
        yield "prior", replace(moved, scores=expit(log_odds(moved.scores) + moved.frozen[PRIOR_SHIFT][..., None]))


def calibration_measures(
    blocks: Sequence[AnyBlock], draws: int, seed: int, standing: Sequence[Measured] = ()
) -> pd.DataFrame:
    """One row a method, reading and measure, of blocks whose models were given a temperature.

    `standing`: measures of these blocks as they are, which would be made again for the raw reading.
    """
    rows: list[dict[str, Any]] = []
    made_before = {(id(one.block), one.metric): one for one in standing if one.metric in OF_CLASSES}
    for block in blocks:
        if block.knowing([TEMPERATURE]) is None:
            continue
        if isinstance(block, Block):
            found = [(name, one) for name, read in readings(block) for one in _measures(read, draws, seed, made_before)]
        else:
            found = [
                (name, one)
                for name, read in _class_readings(block)
                for one in _of_classes(read, draws, seed, made_before)
            ]
        made = [_row(name, one, index) for name, one in found for index in range(len(one.values))]
        rows += [*made, *lacking(block, made, "measure", ("estimate", "sd", "low", "high"))]
    return table(rows, COLUMNS)


def lacking(
    block: AnyBlock, made: Sequence[dict[str, Any]], key: str, values: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Rows of the methods that a reading leaves out because some of their models were not given what it needs: one for
    each `key` of the rows that are `made`, its `values` unknown."""
    for reading, column, what in (
        ("temperature", TEMPERATURE, "temperature"),
        ("prior", PRIOR_SHIFT, "known sampling"),
    ):
        alike = {row[key]: row for row in made if row["reading"] == reading}
        if not alike:
            continue
        for method, given in zip(block.methods, block.frozen[column], strict=True):
            without = int(np.isnan(given).sum())
            if not 0 < without < block.models:
                continue
            for row in alike.values():
                yield {
                    **row, **dict.fromkeys(values, math.nan), "method": method,
                    "reason": f"{without} of {block.models} models have no {what}",
                }  # fmt: skip


def _class_readings(block: ClassBlock) -> Iterator[tuple[str, ClassBlock]]:
    yield "raw", block
    cooled = block.knowing([TEMPERATURE])
    if cooled is not None:
        yield "temperature", replace(cooled, scores=scaled_classes(cooled.scores, cooled.frozen[TEMPERATURE]))


def _of_classes(block: ClassBlock, draws: int, seed: int, made_before: Standing) -> list[Measured]:
    known = [made_before[id(block), name] for name in OF_CLASSES if (id(block), name) in made_before]
    return known if len(known) == len(OF_CLASSES) else measure_classes(block, draws, seed, OF_CLASSES)


def _measures(block: Block, draws: int, seed: int, made_before: Standing) -> Iterator[Measured]:
    if not block.cases.reason():
        odds = replace(block, scores=log_odds(block.scores))
        yield from (measured(odds, name, function) for name, function in OF_LOG_ODDS.items())
    yield from (measured(block, name, function) for name, function in OF_SCORES.items())
    known = made_before.get((id(block), "calibration_error"))
    yield from measure(block, draws, seed, ["calibration_error"]) if known is None else [known]


def _row(reading: str, found: Measured, index: int) -> dict[str, Any]:
    inference = infer(found.values[index], found.errors[index], found.case_df)
    refused = found.refused[index] if found.refused else ""
    low, high = (math.nan, math.nan) if refused else _interval(found, inference)
    separated = SEPARATED if math.isnan(inference.mean) else ""
    return {
        "method": found.block.methods[index], "fraction": found.block.fraction, "dataset": found.block.dataset,
        "reading": reading, "measure": found.metric, "estimate": inference.mean, "sd": inference.sd, "low": low,
        "high": high, "replicates": inference.replicates, "covers": covers(inference),
        "reason": separated or refused or unknown(inference),
    }  # fmt: skip


def _interval(found: Measured, inference: Inference) -> tuple[float, float]:
    if found.metric in UPPER:
        return bounded(inference, UPPER[found.metric], found.cases)
    return inference.difference_interval() if found.metric == "excess" else inference.interval()
