"""From a few replicates and their case errors to an interval and a test that carry both variances.

Trained models are readers, lesions or patients are cases: multi-reader multi-case analysis after Obuchowski and
Rockette (Communications in Statistics 1995) with the degrees of freedom of Hillis (Statistics in Medicine 2007).
For replicates x_1 … x_r of a quantity (a value, a paired difference, a drop, a gap)

    variance of the mean = s² / r + max(c, 0)

where s² is their sample variance and c the mean covariance of two different replicates' errors over the same cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from study.comparison.cases import Floats


@dataclass(frozen=True, kw_only=True)
class Inference:
    """Mean over replicates, their standard deviation (NaN for one), standard error and degrees of freedom.

    With one replicate the error is that of the cases alone: it says nothing of new training runs.
    """

    mean: float
    sd: float
    error: float
    df: float
    replicates: int

    def quantile(self, probability: float) -> float:
        """Quantile of Student's t with these degrees of freedom."""
        return float(stats.t.ppf(probability, self.df))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Symmetric interval; (NaN, NaN) where the error is zero or unknown."""
        if not self.error > 0:
            return math.nan, math.nan
        half = self.quantile((1 + level) / 2) * self.error
        return self.mean - half, self.mean + half

    def p(self) -> float:
        """Two-sided p-value of a mean of zero; NaN where the error is zero or unknown."""
        if not self.error > 0:
            return math.nan
        return float(2 * stats.t.sf(abs(self.mean) / self.error, self.df))

    def detectable(self, alpha: float = 0.05, power: float = 0.8) -> float:
        """Smallest true value that a test at `alpha` finds with this power (normal-shift approximation)."""
        if not self.error > 0:
            return math.nan
        return (self.quantile(1 - alpha / 2) + self.quantile(power)) * self.error


def infer(values: Floats, errors: Floats, case_df: float = math.inf) -> Inference:
    """Inference on the mean of `values` [replicates]; `errors` [replicates, d] have the case covariances as inner
    products. `case_df` are the degrees of freedom of the case covariance (clusters of the rarer class, less one)."""
    count = len(values)
    covariance = errors @ errors.T
    if count == 1:
        return _inference(values, 0.0, float(covariance[0, 0]), case_df)
    shared = (covariance.sum() - np.trace(covariance)) / (count * (count - 1))
    return _inference(values, float(values.var(ddof=1)), float(np.where(shared < 0, 0.0, shared)), case_df)


def _inference(values: Floats, spread: float, shared: float, case_df: float) -> Inference:
    count = len(values)
    variance = spread / count + shared
    loss = (spread / count) ** 2 / max(count - 1, 1) + shared**2 / case_df
    return Inference(
        mean=float(values.mean()),
        sd=math.sqrt(spread) if count > 1 else math.nan,
        error=math.sqrt(variance),
        df=variance**2 / loss if loss > 0 else math.inf,
        replicates=count,
    )
