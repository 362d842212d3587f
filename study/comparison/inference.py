"""From a few replicates and their case errors to an interval and a test that carry both variances.

Trained models are readers, lesions or patients are cases: multi-reader multi-case analysis after Obuchowski and
Rockette (Communications in Statistics 1995). For replicates x_1 … x_r of a quantity (a value, a paired difference, a
drop, a gap)

    variance of the mean = s² / r + max(c, 0)

where s² is their sample variance and c the mean covariance of two different replicates' errors over the same cases.

Degrees of freedom. Hillis (Statistics in Medicine 2007) puts (r - 1) (1 + q)² with q = c r / s², which is right for
five readers and more. With two or three replicates s² is small by luck so often that the test is too eager: at 5 % it
errs in up to 13 % (r = 2) and 8 % (r = 3) of null studies. Here they are (r - 1) (1 + 0.6 (r - 1.9) q²), which has the
same limits (r - 1 where replicates alone vary, many where cases do); the two numbers were found by quadrature so that
it errs in 3.3 to 5.9 % (r = 2) and 4.5 to 5.3 % (r from 3 to 20) of them over all q. Far below 5 %, where a correction
for many comparisons looks, no such approximation holds; `tail` and `reach` are for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from study.comparison.cases import Floats

NODES = 400
MANY = 1e9  # degrees of freedom from which Student's t is the normal distribution


@dataclass(frozen=True, kw_only=True)
class Inference:
    """Mean over replicates and the two parts of its variance; `case_df` belong to the case part, `single_case_part` is
    that of one replicate alone, on average (0 where nobody gave it).

    With one replicate the error is that of the cases alone: it says nothing of new training runs.
    """

    mean: float
    replicates: int
    replicate_part: float
    case_part: float
    case_df: float
    single_case_part: float = 0.0

    @property
    def sd(self) -> float:
        """Standard deviation of the replicates; NaN for one."""
        return math.sqrt(self.replicate_part * self.replicates) if self.replicates > 1 else math.nan

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return math.sqrt(self.replicate_part + self.case_part)

    @property
    def df(self) -> float:
        """Degrees of freedom (see the module); NaN where the error is zero or unknown."""
        if not self.error > 0:
            return math.nan
        return 1 / (self._lost_to_replicates() + (self.case_part / self.error**2) ** 2 / self.case_df)

    def _lost_to_replicates(self) -> float:
        if not self.replicate_part > 0:
            return 0.0
        free = self.replicates - 1
        return 1 / (free * (1 + 0.6 * (free - 0.9) * (self.case_part / self.replicate_part) ** 2))

    def quantile(self, probability: float) -> float:
        """Quantile of Student's t with these degrees of freedom."""
        return float(stdtrit(min(self.df, MANY), probability))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Symmetric interval at a usual level (90 or 95 %); (NaN, NaN) where the error is zero or unknown."""
        if not self.error > 0:
            return math.nan, math.nan
        half = self.quantile((1 + level) / 2) * self.error
        return self.mean - half, self.mean + half

    def difference_interval(self, upper: float = 1.0) -> tuple[float, float]:
        """The 95 % interval of a difference of two measures from 0 to `upper`, cut off at what a difference can be."""
        low, high = self.interval()
        return float(np.clip(low, -upper, upper)), float(np.clip(high, -upper, upper))

    def p(self) -> float:
        """Two-sided p-value of a mean of zero, to be read at a usual level; NaN where the error is zero or unknown."""
        if not self.error > 0:
            return math.nan
        return float(2 * stdtr(min(self.df, MANY), -abs(self.mean) / self.error))

    def tail(self, distance: float | None = None) -> float:
        """Two-sided p-value of a distance (of the mean from zero) that may be read at any level.

        The replicate part is Student's t with r - 1 degrees of freedom, the case part normal, and their sum is taken as
        it is (the fiducial solution of Behrens and Fisher): never too eager, and cautious with few replicates. At
        0.2 %, p-values from Satterthwaite's or Hillis's degrees of freedom are 30 (r = 2) to 3 (r = 5) times too eager.
        """
        if not self.error > 0:
            return math.nan
        far = abs(self.mean if distance is None else distance)
        if self.replicates == 1:
            return float(2 * stdtr(min(self.case_df, MANY), -far / self.error))
        ratio, weight = _chi_square(self.replicates - 1)
        return float(2 * weight @ ndtr(-far / np.sqrt(self.replicate_part / ratio + self.case_part)))

    def reach(self, alpha: float) -> float:
        """The distance whose `tail` is `alpha`: half of an interval that holds at any level."""
        if not self.error > 0:
            return math.nan
        top = self.error
        while self.tail(top) > alpha:
            top *= 2
        return float(brentq(lambda far: self.tail(far) - alpha, 0.0, top, rtol=1e-6))

    def detectable(self, alpha: float = 0.05, power: float = 0.8) -> float:
        """Smallest true value that `tail` finds at `alpha` with this power (normal-shift approximation)."""
        return self.reach(alpha) + float(ndtri(power)) * self.error if self.error > 0 else math.nan


def infer(values: Floats, errors: Floats, case_df: float = math.inf) -> Inference:
    """Inference on the mean of `values` [replicates]; `errors` [replicates, d] have the case covariances as inner
    products. `case_df` are the degrees of freedom of the case covariance (clusters of the rarer class, less one)."""
    count = len(values)
    covariance = errors @ errors.T
    if count == 1:
        spread, shared = 0.0, float(covariance[0, 0])
    else:
        spread = float(values.var(ddof=1)) / count
        shared = float((covariance.sum() - np.trace(covariance)) / (count * (count - 1)))
    kept = 0.0 if shared < 0 else shared
    return Inference(
        mean=float(values.mean()),
        replicates=count,
        replicate_part=spread,
        case_part=kept,
        case_df=case_df,
        single_case_part=float(np.trace(covariance)) / count,
    )


@lru_cache(maxsize=32)
def _chi_square(df: int) -> tuple[Floats, Floats]:
    """Nodes of chi-square / df and their weights, dense near zero, where the tail of Student's t comes from."""
    place = (np.arange(NODES) + 0.5) / NODES
    return stats.chi2.ppf(place**4, df) / df, place**3 / (place**3).sum()
