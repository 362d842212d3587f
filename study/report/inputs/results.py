"""Typed rows out of the comparison's tables: the one place that knows their columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from study.report.formatting import missing, text
from study.report.inputs.loaded_tables import ReportData, records

ALPHA = 0.05
Verdict = Literal["shown", "equivalent", "open"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A metric of one method on one test set: mean over replicates, sd over all trained models (several winners of a
    replicate among them), interval over replicates and cases."""

    method: str
    fraction: float
    dataset: str
    metric: str
    value: float
    sd: float
    low: float
    high: float
    replicates: int
    models: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`method` minus `other` on the same images and (split, seed) pairs; `detectable` is what the study could have
    shown with 80 % power; `equivalent`: the difference is shown to lie within the margin."""

    method: str
    other: str
    fraction: float
    dataset: str
    metric: str
    value: float
    low: float
    high: float
    p: float
    p_adjusted: float
    detectable: float
    equivalent: bool

    @property
    def shown(self) -> bool:
        """Whether the difference holds after correction for all the comparisons of its family."""
        return not missing(self.p_adjusted) and self.p_adjusted < ALPHA

    @property
    def verdict(self) -> Verdict:
        """What the comparison shows. A difference can be shown and lie within the margin: then it is `shown`."""
        return "shown" if self.shown else "equivalent" if self.equivalent else "open"


@dataclass(frozen=True)
class Results:
    """Estimates and differences of the comparison, looked up by what they are about."""

    data: ReportData
    estimates: tuple[Estimate, ...]
    differences: tuple[Difference, ...]

    @cached_property
    def _estimates(self) -> dict[tuple[str, float, str, str], Estimate]:
        return {(e.method, e.fraction, e.dataset, e.metric): e for e in self.estimates}

    @cached_property
    def _differences(self) -> dict[tuple[str, str, float, str, str], Difference]:
        return {(d.method, d.other, d.fraction, d.dataset, d.metric): d for d in self.differences}

    def estimate(self, method: str, fraction: float, dataset: str, metric: str | None = None) -> Estimate | None:
        """One estimate, of the main metric where none is named, or None where there is none."""
        return self._estimates.get((method, fraction, dataset, metric or self.data.context.metric))

    def difference(
        self, method: str, other: str, fraction: float, dataset: str, metric: str | None = None
    ) -> Difference | None:
        """`method` minus `other`, also where the table holds the pair the other way round."""
        name = metric or self.data.context.metric
        found = self._differences.get((method, other, fraction, dataset, name))
        if found is not None:
            return found
        turned = self._differences.get((other, method, fraction, dataset, name))
        return None if turned is None else _turned(turned)

    def against_baseline(self, fraction: float, dataset: str, metric: str | None = None) -> list[Difference]:
        """All methods against the baseline, the largest difference first."""
        base = self.data.baseline
        others = [m for m in self.data.methods if m != base]
        found = [self.difference(m, base, fraction, dataset, metric) for m in others] if base else []
        return sorted((d for d in found if d and not missing(d.value)), key=lambda d: (-d.value, d.method))

    def best(self, fraction: float, dataset: str) -> Estimate | None:
        """The method with the highest estimate."""
        found = [self.estimate(method, fraction, dataset) for method in self.data.methods]
        known = [e for e in found if e and not missing(e.value)]
        return max(known, key=lambda e: e.value, default=None)

    def undistinguished(self, best: Estimate) -> set[str]:
        """Methods whose difference from the best is not shown (they may be as good)."""
        found = {
            method: self.difference(best.method, method, best.fraction, best.dataset)
            for method in self.data.methods
            if method != best.method
        }
        return {method for method, d in found.items() if d is not None and not d.shown}


def _sd(row: Mapping[str, Any]) -> float:
    models = float(row.get("sd_models", math.nan))
    return float(row.get("sd", math.nan)) if missing(models) else models


def _turned(d: Difference) -> Difference:
    return Difference(
        method=d.other,
        other=d.method,
        fraction=d.fraction,
        dataset=d.dataset,
        metric=d.metric,
        value=-d.value,
        low=-d.high,
        high=-d.low,
        p=d.p,
        p_adjusted=d.p_adjusted,
        detectable=d.detectable,
        equivalent=d.equivalent,
    )


def results(data: ReportData) -> Results:
    """Estimates and differences; empty where the tables are absent."""
    nan = float("nan")
    estimates = data.table("estimates", "method", "fraction", "dataset", "metric", "estimate", "low", "high")
    differences = data.table("differences", "method", "other", "fraction", "dataset", "metric", "difference")
    return Results(
        data,
        tuple(
            Estimate(
                method=str(row["method"]), fraction=float(row["fraction"]), dataset=str(row["dataset"]),
                metric=str(row["metric"]), value=float(row["estimate"]), sd=_sd(row),
                low=float(row["low"]), high=float(row["high"]), replicates=int(row.get("replicates", 0)),
                models=int(row.get("models", row.get("replicates", 0))), reason=text(row.get("reason")),
            )
            for row in ([] if estimates is None else records(estimates))
        ),
        tuple(
            Difference(
                method=str(row["method"]), other=str(row["other"]), fraction=float(row["fraction"]),
                dataset=str(row["dataset"]), metric=str(row["metric"]), value=float(row["difference"]),
                low=float(row["low"]), high=float(row["high"]), p=float(row["p"]), p_adjusted=float(row["p_holm"]),
                detectable=float(row.get("detectable", nan)), equivalent=bool(row.get("equivalent", False)),
            )
            for row in ([] if differences is None else records(differences))
        ),
    )  # fmt: skip
