"""Importance of hyperparameters in a cell's search: functional ANOVA through Optuna's evaluator.

Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter importance" (ICML 2014).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

from datasets.base.seeds import seed

optuna.logging.set_verbosity(optuna.logging.WARNING)  # else Optuna prints a line for each cell
Direction = Literal["maximize", "minimize"]
MIN_TRIALS = 4  # with a value: with fewer, an importance means nothing
MAX_CATEGORIES = 8  # a number with at most as many distinct values counts as categorical
COLUMNS = ("method", "fraction", "parameter", "importance")


def importance(trials: pd.DataFrame, *, direction: Direction) -> pd.DataFrame:
    """Rows method, fraction, parameter, importance (shares of a cell add up to 1).

    `trials` is the study's flat trials table with its `param.<name>` columns. Pruned trials count with their best
    value so far, failed ones do not. A cell is left out when it has fewer than four trials with a value, or when all
    values or all parameters are the same.
    """
    rows = [row for _, cell in trials.groupby("cell", sort=False) for row in _cell(cell, direction)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cell(cell: pd.DataFrame, direction: Direction) -> list[dict[str, Any]]:
    trials = cell[cell["value"].notna() & (cell["state"] != "FAIL")]
    columns = {name: _distribution(trials[name]) for name in trials.columns if name.startswith("param.")}
    domains = {name.removeprefix("param."): domain for name, domain in columns.items() if domain is not None}
    if len(trials) < MIN_TRIALS or trials["value"].nunique() < 2 or not domains:
        return []
    study = optuna.create_study(direction=direction)
    for _, trial in trials.iterrows():
        params = {name: _parameter(trial[f"param.{name}"], domain) for name, domain in domains.items()}
        study.add_trial(create_trial(params=params, distributions=domains, value=float(trial["value"])))
    evaluator = FanovaImportanceEvaluator(seed=seed("importance", str(cell["cell"].iloc[0])) % 2**32)
    shares = get_param_importances(study, evaluator=evaluator)
    key = {"method": cell["method"].iloc[0], "fraction": cell["fraction"].iloc[0]}
    return [{**key, "parameter": name, "importance": share} for name, share in sorted(shares.items())]


def _distribution(column: pd.Series) -> BaseDistribution | None:
    """A distribution that fits the values; None where they are all the same or some are missing."""
    if column.isna().any() or column.nunique() < 2:
        return None
    numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not numbers or column.nunique() <= MAX_CATEGORIES:
        return CategoricalDistribution(sorted((_native(value) for value in column.unique()), key=str))
    low, high = float(column.min()), float(column.max())
    return FloatDistribution(low, high, log=low > 0 and high / low > 10)


def _parameter(value: Any, domain: BaseDistribution) -> Any:
    return float(value) if isinstance(domain, FloatDistribution) else _native(value)


def _native(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
