"""All measures of a block with their case errors, in one shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from study.comparison.blocks import AnyBlock, Block
from study.comparison.cases import Bools, Floats
from study.comparison.metrics.bootstrap import bootstrap
from study.comparison.metrics.draws import Model
from study.comparison.metrics.metric import METRICS, ClosedForm

MUCH, FEW = 1 / 4, 50


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`values` [methods, replicates] and `errors` [methods, replicates, d], whose inner products are the covariances
    over cases; `cases` are the clusters of the rarer class, `classes` those of positives and negatives; `models_sd`
    [methods] is the sd over all models, several winners of a pair among them; `reason` says why it is undefined (values
    are NaN then), `note` what a defined one leaves out; `free` are the degrees of freedom of the case covariance where
    they are not those of the rarer class; `refused` [methods] says why a method has no interval, empty where it has one
    or for all of them."""

    block: AnyBlock
    metric: str
    values: Floats
    errors: Floats
    cases: int
    classes: tuple[int, int] = (0, 0)
    models_sd: Floats | None = None
    reason: str = ""
    note: str = ""
    upper: float = 1.0
    free: float | None = None
    refused: tuple[str, ...] = ()

    @property
    def case_df(self) -> float:
        """Degrees of freedom of the case covariance."""
        return max(self.cases - 1, 1) if self.free is None else self.free

    @property
    def facts(self) -> dict[str, Any]:
        """What the rows of every table begin with."""
        return {"fraction": self.block.fraction, "dataset": self.block.dataset, "metric": self.metric}


def measure(block: Block, draws: int, seed: int, wanted: Sequence[str] | None = None) -> list[Measured]:
    """The wanted metrics of a block in their order (all registered ones); the bootstrap runs for those that need it."""
    metrics = {name: METRICS.get(name) for name in wanted} if wanted else dict(METRICS.items())
    lacking = block.cases.reason()
    defined = {name: metric for name, metric in metrics.items() if metric.one_class or not lacking}
    values, drawn = bootstrap(block, {n: m.resampled for n, m in defined.items() if m.resampled}, draws, seed)
    rows = []
    for name, metric in metrics.items():
        if name not in defined:
            rows.append(undefined(block, name, lacking))
            continue
        if metric.closed_form is not None:
            found = measured(block, name, metric.closed_form)
            if not metric.one_class and min(block.cases.classes()) < 2:
                # A single case lies on its own mean: its share in the error is 0, and its variance is unknown.
                found = replace(found, errors=np.full_like(found.errors, np.nan))
        else:
            found = from_draws(block, name, values[name], drawn[name], block.cases.rarer())
            if metric.chance is not None:
                models = [Model(scores, block.cases.positive) for scores in block.flat]
                found = by_chance(found, [metric.chance(model) for model in models])
        if metric.rests_on < 1:
            decisive = metric.rests_on * block.cases.classes()[0]
            found = replace(found, free=max(min(decisive - 1, found.case_df), 1.0))
        rows.append(found)
    return [replace(row, upper=metrics[row.metric].upper) for row in rows]


def measured(block: Block, metric: str, function: ClosedForm, chosen: Bools | None = None) -> Measured:
    """A measure with a closed form, of all images or of a subgroup's (`chosen` [n])."""
    used = np.ones_like(block.cases.positive) if chosen is None else chosen
    values, influence = function(block.flat[:, used], block.cases.positive[used])
    spread = np.zeros(block.flat.shape)
    spread[:, used] = influence
    return Measured(
        block=block,
        metric=metric,
        values=block.fold(values),
        errors=block.fold(block.cases.errors(spread, chosen)),
        cases=block.cases.rarer(chosen),
        classes=block.cases.classes(chosen),
        models_sd=models_sd(block, values),
    )


def from_draws(block: AnyBlock, metric: str, values: Floats, drawn: Floats, count: int) -> Measured:
    """A measure whose errors are bootstrap draws [models, draws]; `count` are the clusters of the rarest class."""
    return Measured(
        block=block,
        metric=metric,
        values=block.fold(values),
        errors=block.fold(drawn_errors(drawn, count)),
        cases=count,
        models_sd=models_sd(block, values),
    )


def by_chance(found: Measured, chance: Sequence[float]) -> Measured:
    """The measure without intervals of the methods of whose value chance [models] alone would give much: its estimate
    is too high then, and no interval about it holds the true one. Of few cases it is so even where the value is high,
    since most such values are high by luck (`tests/benchmarks/error_rates.py`)."""
    expected = found.block.fold(np.array(chance)).mean(axis=1)
    refused = [
        f"chance alone would give {share:.2g}: too few images for an interval"
        if share > MUCH * value or found.cases < FEW
        else ""
        for share, value in zip(expected, found.values.mean(axis=1), strict=True)
    ]
    return replace(found, refused=tuple(refused))


def drawn_errors(drawn: Floats, count: int) -> Floats:
    """Error vectors out of draws [models, draws]; `count` are the clusters of the rarest class."""
    factor = np.sqrt(count / (count - 1) / (drawn.shape[1] - 1)) if count > 1 else np.nan
    return np.asarray((drawn - drawn.mean(axis=1, keepdims=True)) * factor)


def models_sd(block: AnyBlock, values: Floats) -> Floats:
    """Standard deviation [methods] over all models of a method; NaN for one."""
    models = values.reshape(block.shape[0], -1)
    nothing = np.full(len(models), np.nan)
    return models.std(axis=1, ddof=1) if models.shape[1] > 1 else nothing


def undefined(block: AnyBlock, metric: str, reason: str) -> Measured:
    """A measure that a test set does not allow."""
    nothing = np.full((*block.shape[:2], 1), np.nan)
    return Measured(block=block, metric=metric, values=nothing[..., 0], errors=nothing, cases=0, reason=reason)


def table(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows in the report's columns, also where there are none."""
    return pd.DataFrame(rows, columns=list(columns))


def joined_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of tables with the same columns; those without a row only give the columns."""
    filled = [found for found in tables if len(found)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
