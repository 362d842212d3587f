"""Names of operating points: `sensitivity_90`, `specificity_95`, `cost_ratio_10`, `youden`.

They are given by specs and read out of the columns of prediction tables, which know nothing of each other.
"""

from __future__ import annotations

import re
import sys

SHARES = ("sensitivity", "specificity")  # named in per cent


def point_name(rule: str, value: float | None = None) -> str:
    """The name of the point that a rule gives, with the value that it is to reach; Youden's index has none."""
    if value is None:
        return rule
    return f"{rule}_{value * 100 if rule in SHARES else value:.10g}"


def parsed_point(name: str) -> tuple[str, float | None] | None:
    """The rule and value of a name that `point_name` gives; None for any other, and for a value that no rule can reach:
    a share that is not above 0 and at most 1, a cost ratio that is not above 0."""
    if name == "youden":
        return name, None
    found = re.fullmatch(rf"({'|'.join(SHARES)}|cost_ratio)_(\d+\.?\d*(?:e[+-]?\d+)?)", name)
    if found is None:
        return None
    value = float(found[2]) / (100 if found[1] in SHARES else 1)
    most = 1.0 if found[1] in SHARES else sys.float_info.max
    return (found[1], value) if 0 < value <= most else None
