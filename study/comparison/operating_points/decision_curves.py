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
from study.comparison.estimates import covers
from study.comparison.inference import infer
from study.comparison.metrics.measure import measured, table
from study.comparison.operating_points.at_thresholds import decided
from study.comparison.operating_points.calibration_measures import readings
from study.comparison.operating_points.decisions import net_benefit
from study.comparison.operating_points.frozen_columns import TEMPERATURE

COLUMNS = (
    "method", "fraction", "dataset", "reading", "threshold", "net_benefit", "low", "high", "treat_all", "replicates",
    "covers",
)  # fmt: skip
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 31))
"""Up to 0.6: few would have a lesion stay that is more likely a melanoma than not."""


def decision_curves(blocks: Sequence[AnyBlock]) -> pd.DataFrame:
    """One row a method, reading and threshold, of two-class blocks whose models were given a temperature."""
    two = [block for block in blocks if isinstance(block, Block) and block.knowing([TEMPERATURE]) is not None]
    return table([row for block in two for name, read in readings(block) for row in _rows(name, read)], COLUMNS)


def _rows(reading: str, block: Block) -> Iterator[dict[str, Any]]:
    share = float(block.cases.positive.mean())
    for threshold in THRESHOLDS:
        called = decided(block, np.full(block.scores.shape[:3], threshold))
        found = measured(called, "net_benefit", partial(net_benefit, threshold=threshold))
        for index, method in enumerate(block.methods):
            inference = infer(found.values[index], found.errors[index], found.case_df)
            low, high = inference.interval()
            yield {
                "method": method, "fraction": block.fraction, "dataset": block.dataset, "reading": reading,
                "threshold": threshold, "net_benefit": inference.mean, "low": low, "high": high,
                "treat_all": share - (1 - share) * threshold / (1 - threshold), "replicates": inference.replicates,
                "covers": covers(inference),
            }  # fmt: skip
