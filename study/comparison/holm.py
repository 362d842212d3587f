"""Holm's correction (Scandinavian Journal of Statistics 1979)."""

from __future__ import annotations

import numpy as np

from study.comparison.cases import Floats


def holm(p: Floats) -> Floats:
    """Adjusted p-values of one family; undefined ones (NaN) stay undefined and do not count."""
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
