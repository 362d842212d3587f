"""The frontier of value against cost."""

import math

from study.report.figures.cost_scatter import frontier
from study.report.inputs.results import Estimate


def estimate(value):
    return Estimate(
        method="", fraction=1.0, dataset="d", metric="auc", value=value, sd=0.0, low=math.nan, high=math.nan,
        replicates=2, models=2, reason="",
    )  # fmt: skip


def test_only_what_no_cheaper_method_beats_is_on_the_frontier():
    points = {"dear": (9.0, 0.9), "cheap": (1.0, 0.6), "beaten": (4.0, 0.6), "twin": (1.0, 0.5), "fair": (3.0, 0.7)}
    found = frontier({name: (cost, estimate(value)) for name, (cost, value) in points.items()})
    assert [name for name, _, _ in found] == ["cheap", "fair", "dear"]
