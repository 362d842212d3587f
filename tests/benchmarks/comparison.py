"""A whole comparison of two and of eight classes: 24 cells × 5 replicates × 5 test sets × 4,000 images, all metrics."""

from __future__ import annotations

import multiprocessing
import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from study.comparison import compare

TARGET = "2 classes: 2 minutes; 8 classes: 3 minutes on 2 cores; 2 GB"
SHARES = {"NV": 0.50, "BCC": 0.13, "AK": 0.035, "BKL": 0.105, "DF": 0.01, "VASC": 0.01, "SCC": 0.025, "MEL": 0.185}
"""Of ISIC 2019, about."""
METHODS = [f"encoder{i}:{pipeline}" for i in range(4) for pipeline in ("ft", "ucl-ft")]
FRACTIONS = (1.0, 0.1, 0.01)


def predictions(images: int, sets: int, replicates: int, cells: int, classes: int = 2) -> pd.DataFrame:
    """Prediction tables of that size, with lesions, patients, all subgroup columns, thresholds and temperatures."""
    rng = np.random.default_rng(0)
    tables = []
    for dataset in range(sets):
        people = _people(rng, images, dataset, classes)
        hardness = rng.normal(0, 0.9, (images, classes))
        for cell in range(cells):
            for split in range(1, replicates + 1):
                given = _given(people["label"].to_numpy(), hardness, rng)
                tables.append(
                    people.assign(
                        study="bench", method=METHODS[cell % len(METHODS)], fraction=FRACTIONS[cell // len(METHODS)],
                        rank=0, split=split, seed=1000 + split, score_sd=0.02, n_copies=50,
                        temperature=1 + 0.05 * split, **given,
                    )
                )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _given(label: np.ndarray, hardness: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """One model's scores, and of two classes the threshold that it would have chosen."""
    true = np.eye(hardness.shape[1])[label]
    logits = true * (2 + rng.normal(0, 0.1)) + hardness + rng.normal(0, 0.6, hardness.shape)
    if len(logits.T) == 2:
        return {"score": 1 / (1 + np.exp(logits[:, 0] - logits[:, 1])), "threshold.sensitivity_90": 0.3}
    scores = np.exp(logits)
    scores /= scores.sum(axis=1, keepdims=True)
    return {f"score.{name}": scores[:, place] for place, name in enumerate(SHARES)}


def _people(rng: np.random.Generator, images: int, dataset: int, classes: int) -> pd.DataFrame:
    lesion = rng.integers(0, int(images * 0.7), images)
    shares = [0.8, 0.2] if classes == 2 else list(SHARES.values())
    label = rng.choice(classes, images, p=shares)[lesion]
    names = np.array(["nevus", "melanoma"] if classes == 2 else list(SHARES))
    return pd.DataFrame(
        {
            "dataset": f"set{dataset}", "image_id": [f"S{dataset}_{i:05d}" for i in range(images)],
            "lesion_id": [f"L{i}" for i in lesion], "patient_id": [f"P{i // 2}" for i in lesion], "label": label,
            "age": rng.integers(15, 90, images).astype(float), "sex": rng.choice(["female", "male"], images),
            "site": rng.choice(["back", "face", "leg", "arm"], images),
            "skin_tone": rng.choice(["I", "II", "III", "IV", "V"], images), "diagnosis": names[label],
        }
    )  # fmt: skip


def run(short: bool) -> dict[str, Any]:
    """Wall time, processor time and peak memory of a process for each, the prediction table included."""
    sizes = (1000, 2, 3, 8, 500) if short else (4000, 5, 5, 24, 2000)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:  # a peak is that of a process
        rows = [pool.apply(measured, (*sizes, classes)) for classes in (2, len(SHARES))]
    return {
        "title": "Comparison of prediction tables",
        "rows": rows,
        "note": f"Targets for the long form: {TARGET}. One process; peak memory holds the prediction table itself.",
    }


def measured(images: int, sets: int, replicates: int, cells: int, draws: int, classes: int) -> dict[str, Any]:
    """One row: a comparison of that size."""
    table = predictions(images, sets, replicates, cells, classes)
    held = _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    found = compare(table, baseline=METHODS[0], in_distribution="set0", draws=draws)
    return {
        "classes": classes, "cells": cells, "replicates": replicates, "sets": sets, "images": images, "draws": draws,
        "predictions": len(table), "wall s": round(time.perf_counter() - wall, 1),
        "processor s": round(time.process_time() - cpu, 1), "peak MB": round(_peak()),
        "of these before": round(held), "rows out": sum(len(t) for t in found.values()),
    }  # fmt: skip


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
