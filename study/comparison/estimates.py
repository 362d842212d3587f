"""Every method's measures: mean and sd over replicates, and an interval that covers new training runs and patients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from scipy import stats

from study.comparison.auc_interval import auc_interval
from study.comparison.inference import Inference, infer
from study.comparison.metrics.measure import Measured, table
from study.comparison.metrics.metric import MAIN

COLUMNS = (
    "method", "fraction", "dataset", "metric", "estimate", "sd", "low", "high", "replicates", "models", "sd_models",
    "df", "covers", "reason",
)  # fmt: skip
CASES_ONLY, BOTH = "cases", "replicates and cases"


def estimates(measured: Sequence[Measured]) -> pd.DataFrame:
    """One row a method and measure."""
    return table([_row(found, index) for found in measured for index in range(len(found.values))], COLUMNS)


def _row(found: Measured, index: int) -> dict[str, Any]:
    inference = infer(found.values[index], found.errors[index], found.case_df)
    refused = found.refused[index] if found.refused else ""
    low, high = (math.nan, math.nan) if refused else interval(found, inference, found.upper)
    return {
        "method": found.block.methods[index], **found.facts, "estimate": inference.mean, "sd": inference.sd,
        "low": low, "high": high, "replicates": inference.replicates, "models": found.block.models,
        "sd_models": math.nan if found.models_sd is None else float(found.models_sd[index]), "df": inference.df,
        "covers": covers(inference), "reason": found.reason or refused or unknown(inference) or found.note,
    }  # fmt: skip


def covers(inference: Inference) -> str:
    """What the interval is about: with one replicate, patients alone."""
    return BOTH if inference.replicates > 1 else CASES_ONLY


def unknown(inference: Inference) -> str:
    """Why there is no interval, or which of its parts is missing."""
    if math.isnan(inference.error):
        return "all images of a class belong to one patient or lesion: no interval"
    return "" if inference.replicates > 1 else "one replicate: the interval covers new patients, not new training runs"


def interval(found: Measured, inference: Inference, upper: float = 1.0) -> tuple[float, float]:
    """The 95 % interval of a measure: the AUC has its own (`auc_interval`), all others the bounded one."""
    if found.metric == MAIN and any(found.classes):
        return auc_interval(inference, *found.classes)
    return bounded(inference, upper, found.cases)


def bounded(inference: Inference, upper: float, cases: int, level: float = 0.95) -> tuple[float, float]:
    """An interval within 0 and `upper`: symmetric on the logit scale (Pepe 2003, section 5.2.2), without an upper bound
    on the scale of logarithms.

    Where every replicate lies on a bound, the error of a mean is zero but the doubt is not: Wilson's interval for that
    many of `cases` (the clusters of the rarer class).
    """
    if math.isinf(upper):
        return _above_zero(inference, level)
    share = inference.mean / upper
    if math.isnan(share) or math.isnan(inference.error):
        return math.nan, math.nan
    if share <= 0 or share >= 1:
        found = stats.binomtest(round(share) * cases, cases).proportion_ci(level, method="wilson")
        return float(found.low) * upper, float(found.high) * upper
    if not inference.error > 0:
        return math.nan, math.nan
    centre = math.log(share / (1 - share))
    half = inference.quantile((1 + level) / 2) * inference.error / upper / (share * (1 - share))
    return _expit(centre - half) * upper, _expit(centre + half) * upper


def _above_zero(inference: Inference, level: float) -> tuple[float, float]:
    if not inference.error > 0 or not inference.mean > 0:
        return math.nan, math.nan
    factor = math.exp(inference.quantile((1 + level) / 2) * inference.error / inference.mean)
    return inference.mean / factor, inference.mean * factor


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
