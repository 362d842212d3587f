"""Decision curves (Vickers and Elkin, Medical Decision Making 2006): is it worth deciding by the scores?

At a threshold probability t a miss is held to be worth (1 - t) / t needless biopsies. The net benefit of a biopsy for
all scores at or above t, in melanomas found for each patient, is compared with a biopsy for everybody (`treat_all`) and
for nobody (0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from study.comparison.blocks import AnyBlock, Block
from study.comparison.estimates import covers, unknown
from study.comparison.inference import infer
from study.comparison.metrics.measure import measured, table
from study.comparison.operating_points.at_points import decided
from study.comparison.operating_points.calibration_measures import lacking, readings
from study.comparison.operating_points.decisions import net_benefit
from study.comparison.operating_points.frozen_columns import TEMPERATURE

COLUMNS = (
    "method", "fraction", "dataset", "reading", "threshold", "net_benefit", "low", "high", "treat_all", "prevalence",
    "replicates", "covers", "reason",
)  # fmt: skip
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 31))
"""Up to 0.6: few would have a lesion stay that is more likely a melanoma than not."""


def decision_curves(blocks: Sequence[AnyBlock], prevalence: float | None = None) -> pd.DataFrame:
    """One row a method, reading and threshold, of blocks with both classes whose models were given a temperature.

    Net benefit holds at a share of positives: `prevalence`, or where None the test set's own.
    """
    two = [block for block in blocks if isinstance(block, Block) and not block.cases.reason()]
    known = [block for block in two if block.knowing([TEMPERATURE]) is not None]
    rows: list[dict[str, Any]] = []
    for block in known:
        made = [row for name, read in readings(block) for row in _rows(name, read, prevalence)]
        rows += [*made, *lacking(block, made, "threshold", ("net_benefit", "low", "high"))]
    return table(rows, COLUMNS)


def _rows(reading: str, block: Block, prevalence: float | None) -> Iterator[dict[str, Any]]:
    share = prevalence or float(block.cases.positive.mean())
    for threshold in THRESHOLDS:
        called = decided(block, np.full(block.scores.shape[:3], threshold))
        found = measured(called, "net_benefit", partial(net_benefit, threshold=threshold, prevalence=prevalence))
        for index, method in enumerate(block.methods):
            inference = infer(found.values[index], found.errors[index], found.case_df)
            low, high = inference.interval()
            yield {
                "method": method, "fraction": block.fraction, "dataset": block.dataset, "reading": reading,
                "threshold": threshold, "net_benefit": inference.mean, "low": low, "high": high,
                "treat_all": share - (1 - share) * threshold / (1 - threshold), "prevalence": share,
                "replicates": inference.replicates, "covers": covers(inference), "reason": unknown(inference),
            }  # fmt: skip
