"""The interval of a share near its end, such as a sensitivity that was chosen to be high.

Wilson's interval (Journal of the American Statistical Association 1927) with the number of cases that would give this
error and Student's t in place of the normal quantile: the error is taken at the limit instead of at the estimate, in
proportion to θ (1 - θ). On the logit scale the interval of three replicates, two of them at 1, reaches below one half;
in simulations this one covers as often and is up to a quarter narrower (tests of `operating_points`, `coverage.py`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from scipy import stats

from study.comparison.inference import Inference


def share_interval(found: Inference, cases: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a mean of shares; `cases` count where every replicate lies on a bound. NaN: unknown.

    Where the replicates are alike by chance and so leave no error at all, the cases' error of one of them counts.
    """
    if found.error == 0:
        found = replace(found, case_part=found.single_case_part)
    share, error = found.mean, found.error
    if math.isnan(share) or math.isnan(error):
        return math.nan, math.nan
    if share <= 0 or share >= 1:
        ends = stats.binomtest(round(share) * cases, cases).proportion_ci(level, method="wilson")
        return float(ends.low), float(ends.high)
    if not error > 0:
        return math.nan, math.nan
    squared = found.quantile((1 + level) / 2) ** 2 * error**2 / (share * (1 - share))  # quantile² / number of cases
    middle = (share + squared / 2) / (1 + squared)
    half = math.sqrt(squared * (share * (1 - share) + squared / 4)) / (1 + squared)
    return middle - half, middle + half
