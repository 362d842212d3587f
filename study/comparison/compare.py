"""From prediction tables to all comparison tables."""

from __future__ import annotations

import pandas as pd

from study.comparison.blocks import blocks
from study.comparison.differences import differences
from study.comparison.errors import ComparisonError
from study.comparison.estimates import estimates
from study.comparison.gaps import gap_differences, gaps
from study.comparison.inputs import check_predictions
from study.comparison.measures import measure
from study.comparison.pictures import calibration, roc
from study.comparison.ranking import ranking
from study.comparison.robustness import robustness
from study.comparison.stability import stability
from study.comparison.subgroups import group_measures, subgroups


def compare(
    predictions: pd.DataFrame,
    *,
    baseline: str,
    in_distribution: str | None,
    margin: float = 0.02,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """All tables of a comparison by name (see `study.comparison`).

    `predictions`: one row an image of a test set and trained model, in the columns of a prediction table; all methods
    on the same images and (rank, split, seed). `margin`: AUC differences below it do not matter. `draws` and `seed` are
    those of the bootstrap and of the ranking. Raises `ComparisonError`.
    """
    if draws < 100 or margin <= 0:
        raise ComparisonError(
            f"`draws` is at least 100 and `margin` above 0, got {draws} and {margin:g}. Use draws=2000, margin=0.02."
        )
    check_predictions(predictions, baseline=baseline, in_distribution=in_distribution)
    found = blocks(predictions)
    measured = [item for block in found for item in measure(block, draws, seed)]
    by_group = [group for block in found for group in group_measures(block)]
    return {
        "estimates": estimates(measured),
        "differences": differences(measured, baseline=baseline, margin=margin),
        "ranking": ranking(measured, draws=draws, seed=seed),
        "stability": stability(found),
        "roc": roc(found),
        "calibration": calibration(found),
        "robustness": robustness(measured, in_distribution=in_distribution),
        "subgroups": subgroups(by_group),
        "gaps": gaps(by_group),
        "gap_differences": gap_differences(by_group, baseline=baseline),
    }
