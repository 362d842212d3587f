"""Seeded comparison tables in the columns that the report reads; numbers are drawn, not computed from scores,
but for what rests on frozen thresholds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from study.comparison.operating_points.at_points import at_points
from study.comparison.operating_points.at_thresholds import (
    operating_point_differences,
    operating_point_shift,
    operating_points,
)
from study.comparison.operating_points.calibration_measures import calibration_measures
from study.comparison.operating_points.decision_curves import decision_curves
from study.comparison.operating_points.score_distribution import score_distribution
from study.comparison.read_blocks import blocks
from tests.study.report.example import DROP, FRACTIONS, GAIN, METHODS, SETS, predictions

CELLS = [(fraction, method) for fraction in FRACTIONS for method in METHODS]


def _auc(method: str, fraction: float, dataset: str) -> float:
    return 0.92 - DROP[dataset] / 6 + GAIN[method] / 6 * (2 if fraction < 1 else 1) - 0.08 * (fraction < 1)


def estimates(rng: np.random.Generator) -> pd.DataFrame:
    """AUC and Brier score; PAD-UFES-20 at 10 % is undefined for one method."""
    rows = []
    for fraction, method in CELLS:
        for dataset in SETS:
            for metric in ("auroc", "brier"):
                value = _auc(method, fraction, dataset) + float(rng.normal(0, 0.004))
                value = value if metric == "auroc" else 0.4 * (1 - value)
                gone = metric == "brier" and dataset == "pad_ufes_20" and method == METHODS[2]
                half = float(rng.uniform(0.02, 0.04)) * (1 if metric == "auroc" else 0.4)
                value, sd = (float("nan"), float("nan")) if gone else (value, half / 4)
                rows.append({"method": method, "fraction": fraction, "dataset": dataset, "metric": metric,
                             "estimate": value, "sd": sd, "low": value - half, "high": value + half, "replicates": 3,
                             "reason": "one class only" if gone else ""})  # fmt: skip
    return pd.DataFrame(rows)


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """All pairs of methods."""
    auc = table[table["metric"] == "auroc"].set_index(["method", "fraction", "dataset"])["estimate"]
    rows = []
    for fraction in FRACTIONS:
        for dataset in SETS:
            for index, method in enumerate(METHODS):
                for other in METHODS[:index]:
                    value = float(auc[method, fraction, dataset] - auc[other, fraction, dataset])
                    p = float(np.exp(-((value / 0.012) ** 2)))
                    rows.append({"method": method, "other": other, "fraction": fraction, "dataset": dataset,
                                 "metric": "auroc", "difference": value, "low": value - 0.026, "high": value + 0.026,
                                 "p": p, "p_holm": min(1.0, 8 * p), "detectable": 0.036,
                                 "equivalent": False})  # fmt: skip
    return pd.DataFrame(rows)


def ranking() -> pd.DataFrame:
    """Mean ranks."""
    ranks = {METHODS[0]: (2.7, 0.02), METHODS[1]: (1.2, 0.81), METHODS[2]: (2.1, 0.17)}
    return pd.DataFrame(
        [{"method": m, "fraction": f, "mean_rank": ranks[m][0], "low": max(1.0, ranks[m][0] - 0.6),
          "high": min(3.0, ranks[m][0] + 0.5), "p_best": ranks[m][1]} for f, m in CELLS]
    )  # fmt: skip


def roc() -> pd.DataFrame:
    """Power-law ROC curves with the right area."""
    fpr = np.linspace(0, 1, 41)
    tables = []
    for fraction, method in CELLS:
        for dataset in SETS:
            auc = _auc(method, fraction, dataset)
            facts = {"method": method, "fraction": fraction, "dataset": dataset}
            tables.append(pd.DataFrame({"fpr": fpr, "tpr": fpr ** (1 / auc - 1)}).assign(**facts))
    return pd.concat(tables, ignore_index=True)


def calibration() -> pd.DataFrame:
    """Scores that are too high out of distribution."""
    scores = np.linspace(0.05, 0.95, 8)
    tables = []
    for fraction, method in CELLS:
        for dataset in SETS:
            seen = scores ** (1 + DROP[dataset] + GAIN[method])
            facts = {"method": method, "fraction": fraction, "dataset": dataset}
            tables.append(pd.DataFrame({"predicted": scores, "observed": seen, "images": 30}).assign(**facts))
    return pd.concat(tables, ignore_index=True)


def robustness() -> pd.DataFrame:
    """Drops against the in-distribution set."""
    home = next(iter(SETS))
    rows = []
    for fraction, method in CELLS:
        for dataset in list(SETS)[1:]:
            drop = _auc(method, fraction, home) - _auc(method, fraction, dataset)
            rows.append({"method": method, "fraction": fraction, "dataset": dataset, "drop": drop,
                         "low": drop - 0.03, "high": drop + 0.03})  # fmt: skip
    return pd.DataFrame(rows)


def subgroups(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """By sex and skin tone; skin tone IV is small, V undefined."""
    rows, gaps = [], []
    people = {"sex": ("female", "male"), "skin_tone": ("I-II", "III", "IV", "V")}
    for fraction, method in CELLS:
        for dataset in list(SETS)[:2]:
            for attribute, names in people.items():
                for place, name in enumerate(names):
                    small, gone = name in ("IV", "V"), name == "V"
                    value = float("nan") if gone else _auc(method, fraction, dataset) - 0.015 * place
                    half = 0.08 if small else float(rng.uniform(0.03, 0.04))
                    rows.append({"method": method, "fraction": fraction, "dataset": dataset, "attribute": attribute,
                                 "group": name, "metric": "auroc", "estimate": value, "low": value - half,
                                 "high": value + half, "images": 6 if gone else 18 if small else 110,
                                 "positives": 0 if gone else 5 if small else 27, "small": small,
                                 "reason": "no positive image" if gone else ""})  # fmt: skip
                gap = 0.015 * (len(names) - 1)
                gaps.append({"method": method, "fraction": fraction, "dataset": dataset, "attribute": attribute,
                             "metric": "auroc", "gap": gap, "low": gap - 0.05, "high": gap + 0.05})  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(gaps)


def difficulty(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Difficulty, budget curves and importance."""
    table, curves, importance = [], [], []
    for fraction, method in CELLS:
        facts = {"method": method, "fraction": fraction}
        table.append({**facts, "trials": 6, "near_best": 0.3 + GAIN[method], "spread": 0.03, "epochs_to_95": 3.5})
        for trials in range(1, 13):
            value = _auc(method, fraction, "isic2019_test") - 0.05 / trials
            curves.append({**facts, "iid": method != METHODS[2], "trials": trials, "value": value,
                           "low": value - 0.03 / trials**0.5, "high": value + 0.02 / trials**0.5})  # fmt: skip
        shares = rng.dirichlet([4, 1, 1])
        importance += [{**facts, "parameter": name, "importance": float(share)}
                       for name, share in zip(("lr", "batch_size", "schedule"), shares, strict=True)]  # fmt: skip
    found = {"difficulty": table, "budget_curves": curves, "importance": importance}
    return {name: pd.DataFrame(rows) for name, rows in found.items()}


@cache
def frozen() -> dict[str, pd.DataFrame]:
    """What rests on frozen thresholds, computed from the example's predictions; the baseline was trained balanced."""
    rows = predictions()
    places = rows["method"].map({name: place for place, name in enumerate(METHODS)})
    rows = rows.assign(
        **{"threshold.sensitivity_90": 0.4 + 0.05 * places, "threshold.youden": 0.4}, temperature=0.8 + 0.2 * places,
        prior_shift=-1.1 * (places == 0),
    )  # fmt: skip
    found = blocks(rows)
    at = at_points(found)
    return {
        "operating_points": operating_points(at),
        "operating_point_differences": operating_point_differences(at, baseline=METHODS[0]),
        "operating_point_shift": operating_point_shift(at, in_distribution=next(iter(SETS))),
        "calibration_measures": calibration_measures(found, draws=100, seed=0),
        "decision_curves": decision_curves(found),
        "score_distribution": score_distribution(found),
    }


def comparison_tables(seed: int = 0) -> dict[str, pd.DataFrame]:
    """All tables that a comparison makes."""
    rng = np.random.default_rng(seed)
    scored = estimates(rng)
    by_group, gaps = subgroups(rng)
    return {
        "estimates": scored,
        "differences": differences(scored),
        "ranking": ranking(),
        "roc": roc(),
        "calibration": calibration(),
        "robustness": robustness(),
        "subgroups": by_group,
        "gaps": gaps,
        **difficulty(rng),
        **frozen(),
    }
