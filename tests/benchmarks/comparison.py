"""A whole comparison: 24 cells × 5 replicates × 5 test sets × 4,000 images with 2,000 bootstrap draws."""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from study.comparison import compare

TARGET = "2 minutes on 2 cores, 2 GB"
METHODS = [f"encoder{i}:{pipeline}" for i in range(4) for pipeline in ("ft", "ucl-ft")]
FRACTIONS = (1.0, 0.1, 0.01)


def predictions(images: int, sets: int, replicates: int, cells: int) -> pd.DataFrame:
    """Prediction tables of that size, with lesions, patients and all subgroup columns."""
    rng = np.random.default_rng(0)
    tables = []
    for dataset in range(sets):
        people = _people(rng, images, dataset)
        label = people["label"].to_numpy()
        hardness = rng.normal(0, 0.9, images)
        for cell in range(cells):
            for split in range(1, replicates + 1):
                reach = 2 + rng.normal(0, 0.1)
                score = 1 / (1 + np.exp(-(reach * (label - 0.5) + hardness + rng.normal(0, 0.6, images))))
                tables.append(
                    people.assign(
                        study="bench", method=METHODS[cell % len(METHODS)], fraction=FRACTIONS[cell // len(METHODS)],
                        rank=0, split=split, seed=1000 + split, score=score, score_sd=0.02, n_copies=50,
                    )
                )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _people(rng: np.random.Generator, images: int, dataset: int) -> pd.DataFrame:
    lesion = rng.integers(0, int(images * 0.7), images)
    label = (rng.random(images) < 0.2).astype(int)
    return pd.DataFrame(
        {
            "dataset": f"set{dataset}", "image_id": [f"S{dataset}_{i:05d}" for i in range(images)],
            "lesion_id": [f"L{i}" for i in lesion], "patient_id": [f"P{i // 2}" for i in lesion], "label": label,
            "age": rng.integers(15, 90, images).astype(float), "sex": rng.choice(["female", "male"], images),
            "site": rng.choice(["back", "face", "leg", "arm"], images),
            "skin_tone": rng.choice(["I", "II", "III", "IV", "V"], images),
            "diagnosis": np.where(label == 1, "melanoma", rng.choice(["nevus", "keratosis", "other"], images)),
        }
    )  # fmt: skip


def run(short: bool) -> dict[str, Any]:
    """Wall time, processor time and peak memory of one process, tables in memory included."""
    images, sets, replicates, cells, draws = (1000, 2, 3, 8, 500) if short else (4000, 5, 5, 24, 2000)
    table = predictions(images, sets, replicates, cells)
    held = _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    found = compare(table, baseline=METHODS[0], in_distribution="set0", draws=draws)
    row = {
        "cells": cells, "replicates": replicates, "sets": sets, "images": images, "draws": draws,
        "predictions": len(table), "wall s": round(time.perf_counter() - wall, 1),
        "processor s": round(time.process_time() - cpu, 1), "peak MB": round(_peak()),
        "of these before": round(held), "rows out": sum(len(t) for t in found.values()),
    }  # fmt: skip
    return {
        "title": "Comparison of prediction tables",
        "rows": [row],
        "note": f"Target for the long form: {TARGET}. One process; peak memory holds the prediction table itself.",
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
