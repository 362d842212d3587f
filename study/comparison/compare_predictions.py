"""From prediction tables to all comparison tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from datasets.base.score_columns import SCORE
from study.comparison.blocks import AnyBlock, Block, ClassBlock
from study.comparison.class_differences import class_differences
from study.comparison.class_subgroups import class_subgroup_tables, mean_groups
from study.comparison.confusion import confusion
from study.comparison.differences import differences
from study.comparison.errors import ComparisonError
from study.comparison.estimates import estimates
from study.comparison.gaps import correct, gap_differences, gaps
from study.comparison.input_columns import check_predictions, scores_of
from study.comparison.metrics.class_metric import check_main
from study.comparison.metrics.measure import Measured, joined_tables
from study.comparison.metrics.measure_classes import measure_any
from study.comparison.metrics.metric import MAIN
from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import (
    operating_point_differences,
    operating_point_shift,
    operating_points,
)
from study.comparison.operating_points.calibration_measures import calibration_measures
from study.comparison.operating_points.decision_curves import decision_curves
from study.comparison.operating_points.frozen_columns import TEMPERATURE, points_of
from study.comparison.operating_points.score_distribution import score_distribution
from study.comparison.per_class import per_class
from study.comparison.ranking import ranking
from study.comparison.read_blocks import blocks
from study.comparison.replicate_values import replicate_values
from study.comparison.robustness import robustness
from study.comparison.roc_and_reliability import calibration, roc
from study.comparison.stability import stability
from study.comparison.subgroups import group_measures, subgroups


def compare(
    predictions: pd.DataFrame,
    *,
    baseline: str,
    in_distribution: str | None,
    metric: str = MAIN,
    margin: float = 0.02,
    prevalence: float | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """All tables of a comparison by name (see `study.comparison`).

    `predictions`: one row an image of a test set and trained model, in the columns of a prediction table; all methods
    on the same images and (rank, split, seed). `metric`: what ranking, robustness and stability are about; differences
    of it below `margin` do not matter. `prevalence`: share of positives at which predictive values and net benefit are
    given (None: each test set's own). `draws` and `seed` are those of the bootstrap and of the ranking. Raises
    `ComparisonError`.
    """
    if draws < 100 or margin <= 0:
        raise ComparisonError(
            f"`draws` is at least 100 and `margin` above 0, got {draws} and {margin:g}. Use draws=2000, margin=0.02."
        )
    if prevalence is not None and not 0 < prevalence < 1:
        raise ComparisonError(
            f"`prevalence` is a share of positives between 0 and 1, got {prevalence:g}. Correct it, or leave it out "
            "for each test set's own."
        )
    check_predictions(predictions, baseline=baseline, in_distribution=in_distribution)
    check_main(metric, 2 if SCORE in predictions.columns else len(scores_of(predictions.columns)))
    found = blocks(predictions)
    measured = [item for block in found for item in measure_any(block, draws, seed)]
    tables = {
        "estimates": estimates(measured),
        "differences": differences(measured, baseline=baseline, margin=margin),
        "replicate_values": replicate_values(measured, metric),
        "ranking": ranking(measured, draws=draws, seed=seed, metric=metric),
        "stability": stability(measured, metric),
        "roc": roc(found),
        "calibration": calibration(found),
        "robustness": robustness(measured, in_distribution=in_distribution, metric=metric),
        **_by_group(found, baseline),
        **_frozen(found, measured, baseline, in_distribution, prevalence, draws, seed),
        "score_distribution": score_distribution(found),
    }
    many = [block for block in found if isinstance(block, ClassBlock)]
    if many:
        by_class = class_subgroup_tables(many, baseline)
        tables |= by_class | {"class_gap_differences": correct(by_class["class_gap_differences"])}
        tables |= {
            "per_class": per_class(found),
            "class_differences": class_differences(found, baseline=baseline),
            "confusion": confusion(found),
        }
    return tables


def _frozen(
    found: Sequence[AnyBlock],
    measured: Sequence[Measured],
    baseline: str,
    home: str | None,
    prevalence: float | None,
    draws: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """What rests on thresholds and temperatures; no table where the predictions carry none."""
    tables: dict[str, pd.DataFrame] = {}
    if any(points_of(block.frozen) for block in found):
        chosen = at_points(found, prevalence)
        tables |= {
            "operating_points": operating_points(chosen),
            "operating_point_differences": operating_point_differences(chosen, baseline=baseline),
            "operating_point_shift": operating_point_shift(chosen, in_distribution=home),
        }
    if any(TEMPERATURE in block.frozen for block in found):
        tables["calibration_measures"] = calibration_measures(found, draws, seed, measured)
        tables["decision_curves"] = decision_curves(found, prevalence)
    return tables


def _by_group(found: Sequence[AnyBlock], baseline: str) -> dict[str, pd.DataFrame]:
    """Block by block: the errors of all groups at once would need more memory than all else."""
    parts: dict[str, list[pd.DataFrame]] = {"subgroups": [], "gaps": [], "gap_differences": []}
    for block in found:
        groups = group_measures(block) if isinstance(block, Block) else mean_groups(block)
        parts["subgroups"].append(subgroups(groups))
        parts["gaps"].append(gaps(groups))
        parts["gap_differences"].append(gap_differences(groups, baseline=baseline))
    joined = {name: joined_tables(tables) for name, tables in parts.items()}
    return joined | {"gap_differences": correct(joined["gap_differences"])}
