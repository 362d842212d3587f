"""A small seeded study for the tests: predictions, trials, curves, ledger, parity, edges, facts and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

METHODS = ("supervised:ft", "simclr:ft", "byol:ucl-ft")
FRACTIONS = (1.0, 0.1)
SETS = {"isic2019_test": 240, "derm7pt_dermoscopic": 160, "derm7pt_clinical": 160, "pad_ufes_20": 140}
GAIN = {"supervised:ft": 0.0, "simclr:ft": 0.25, "byol:ucl-ft": 0.06}
DROP = {"isic2019_test": 0.0, "derm7pt_dermoscopic": 0.35, "derm7pt_clinical": 0.8, "pad_ufes_20": 0.6}


def predictions(seed: int = 0, replicates: int = 3) -> pd.DataFrame:
    """Binormal scores with image, replicate and method effects, in the columns of a prediction table."""
    rng = np.random.default_rng(seed)
    tables = []
    for dataset, size in SETS.items():
        label = (rng.random(size) < 0.25).astype(int)
        lesion = rng.integers(0, int(size * 0.8), size)
        hardness = rng.normal(0, 0.8, size)
        images = pd.DataFrame(
            {
                "dataset": dataset,
                "image_id": [f"{dataset}_{i:04d}" for i in range(size)],
                "lesion_id": [f"L{i:04d}" for i in lesion],
                "patient_id": [f"P{i // 2:04d}" for i in lesion],
                "label": label,
                "age": rng.integers(20, 90, size).astype(float),
                "sex": rng.choice(["female", "male"], size),
                "site": rng.choice(["back", "face", "leg"], size),
                "skin_tone": rng.choice(["I", "II", "III", "IV"], size, p=[0.3, 0.4, 0.25, 0.05]),
                "diagnosis": np.where(label == 1, "melanoma", rng.choice(["nevus", "keratosis"], size)),
            }
        )
        for method in METHODS:
            for fraction in FRACTIONS:
                reach = 2.1 - DROP[dataset] + GAIN[method] * (2 if fraction < 1 else 1) - (0.7 if fraction < 1 else 0)
                for pair in range(1, replicates + 1):
                    noise = rng.normal(0, 0.5, size) + rng.normal(0, 0.1) * label
                    score = 1 / (1 + np.exp(-(reach * (label - 0.6) + hardness + noise)))
                    facts = {"study": "example", "method": method, "fraction": fraction, "rank": 0, "split": pair}
                    more = {"seed": 1000 + pair, "score": score, "score_sd": 0.02, "n_copies": 10}
                    tables.append(images.assign(**facts, **more))
    columns = [
        "study", "method", "fraction", "rank", "split", "seed", "dataset", "image_id", "lesion_id",
        "patient_id", "label", "score", "score_sd", "n_copies", "age", "sex", "site", "skin_tone", "diagnosis",
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)[columns]


def trials_and_curves(seed: int = 0, trials: int = 12, epochs: int = 9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials with an optimum in the learning rate; the worse half is stopped at epoch 3, one fails."""
    rng = np.random.default_rng(seed)
    rows, points = [], []
    for fraction in FRACTIONS:
        for method in METHODS:
            cell = f"{method.replace(':', '-')}-{fraction:g}"
            for number in range(trials):
                rate = float(10 ** rng.uniform(-4, -0.5))
                reach = 0.86 + GAIN[method] / 8 - 0.05 * (fraction < 1) - 0.035 * (np.log10(rate) + 2.2) ** 2
                state = "FAIL" if number == 7 else "PRUNED" if reach < 0.83 - 0.05 * (fraction < 1) else "COMPLETE"
                ran = 1 if state == "FAIL" else 3 if state == "PRUNED" else epochs
                values = [float(reach - 0.3 * np.exp(-epoch / 2) + rng.normal(0, 0.006)) for epoch in range(1, ran + 1)]
                best = None if state == "FAIL" else max(values)
                base = {"method": method, "fraction": fraction, "cell": cell, "number": number}
                rows.append(
                    {
                        **base, "state": state, "origin": "shared" if number < 6 else "sampler", "value": best,
                        "epochs": ran, "seconds": 2.5 * ran, "param.lr": rate,
                        "param.batch_size": int(rng.choice([32, 128])),
                        "param.schedule": str(rng.choice(["cosine", "plateau"])),
                    }
                )  # fmt: skip
                points += [
                    {**base, "epoch": epoch, "metric": metric, "value": value if metric == "val_auc" else 1 - value}
                    for epoch, value in enumerate(values, 1)
                    for metric in ("val_auc", "val_loss")
                ]
    return pd.DataFrame(rows), pd.DataFrame(points)


def parity(trials: pd.DataFrame) -> pd.DataFrame:
    """What every cell was given."""
    cells = trials.groupby(["fraction", "method", "cell"], sort=False).size().reset_index(name="trials")
    return cells[["cell", "method", "fraction", "trials"]].assign(
        max_epochs=9, dimensions=3, space="ft", space_digest="0f1e2d3c4b5a6978", shared_design=6, sampler="tpe",
        scheduler="asha eta=3 grace=1", objective="val_auc", replicates=3, cpus=1.0, gpus=0.0, workers=1,
    )  # fmt: skip


def ledger(trials: pd.DataFrame) -> pd.DataFrame:
    """What every cell spent; one cell is flagged."""
    rows = []
    for (fraction, method, cell), group in trials.groupby(["fraction", "method", "cell"], sort=False):
        states = group["state"].value_counts()
        rows.append(
            {
                "cell": cell, "method": method, "fraction": fraction, "dimensions": 3, "planned_trials": len(group),
                "planned_epochs": len(group) * 9, "complete": int(states.get("COMPLETE", 0)),
                "pruned": int(states.get("PRUNED", 0)), "failed": int(states.get("FAIL", 0)),
                "epochs": int(group["epochs"].sum()), "images": float(group["epochs"].sum() * 600 * fraction),
                "seconds": float(group["seconds"].sum()), "flags": "",
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table.loc[1, "flags"] = "epochs +14% against the other methods' median"
    return table


def costs(ledger: pd.DataFrame) -> pd.DataFrame:
    """What every cell's winner costs; the last method of two backbones, one trained as a probe."""
    return pd.DataFrame(
        [
            {
                "cell": row["cell"], "method": row["method"], "fraction": row["fraction"],
                "backbone": "vit_small_patch16_224" if probe else "resnet50", "image_size": 224,
                "parameters": 21_666_434 if probe else 23_512_130, "trained": 770 if probe else 23_512_130,
                "macs": 4_607_954_304 if probe else 4_087_140_352, "images_per_second": 61.5 if probe else 48.25,
                "device": "CPU, 2 threads", "replicate_seconds": 12.5, "epochs": row["epochs"],
                "seconds": row["seconds"],
            }
            for row in ledger.to_dict("records")
            for probe in [row["method"] == METHODS[-1]]
        ]
    )  # fmt: skip


OVERLAP = "2,106 of 3,863 test images show a lesion of the training set"
CONTEXT = {
    "study": "example",
    "question": "Does self-supervised pre-training beat the supervised baseline on skin lesions?",
    "spec_digest": "4a5b6c7d8e9f0011",
    "baseline": METHODS[0],
    "methods": METHODS,
    "tests": list(SETS),
    "backbone": "resnet50",
    "image_size": 224,
    "margin": 0.01,
    "in_distribution": "isic2019_test",
    "budget": {
        "trials": 12, "max_epochs": 9, "shared_design": 6, "sampler": "tpe", "scheduler": "asha eta=3 grace=1",
        "objective": "val_auc",
    },
    "replicates": 3,
    "top_k": 1,
    "copies": 10,
    "selection": {
        "digest": "99aa88bb77cc66dd", "time": "2026-01-02T03:04:05+00:00", "rule": "best",
        "winners": [
            {"cell": f"{m.replace(':', '-')}-{f:g}", "trial": 2, "value": 0.87} for m in METHODS for f in FRACTIONS
        ],
    },
    "unfair": [
        {
            "what": "space:byol:ucl-ft", "message": "byol:ucl-ft searches 5 parameters, supervised:ft 3",
            "reason": "The contrastive stage has parameters of its own; trials and epochs stay equal.",
        }
    ],
    "leaks": [
        {
            "what": "lesion_overlap:train-test", "message": OVERLAP,
            "reason": "Repeats the published split so that its numbers can be compared.",
        }
    ],
    "audited": True,
    "audit": [
        {"key": "lesion_overlap:train-test", "message": OVERLAP},
        {"key": "near_duplicates:isic2019_test-pad_ufes_20", "message": "3 pairs of near-identical <b>&amp;</b>"},
    ],
    "test_reads": [
        {"event": "read", "time": "2026-01-02T03:05:00+00:00", "dataset": name, "images": size, "purpose": "evaluate",
         "selection": "99aa88bb77cc66dd"}
        for name, size in SETS.items()
    ],
    "datasets": [
        {"name": "isic2019", "role": "train", "source": "isic2019", "images": 2000, "positives": 440, "lesions": 1500,
         "patients": None, "classes": ["benign", "melanoma"], "digest": "aa11bb22cc33dd44",
         "notes": ["9,083 of 14,805 images are there (allow_missing)"]},
        *({"name": name, "role": "test", "images": size, "positives": size // 4, "lesions": int(size * 0.8),
           "classes": ["benign", "melanoma"], "digest": "ee55ff6600112233"} for name, size in SETS.items()),
    ],
    "durations": {"search": 412.0, "replicate": 96.0, "evaluate": 48.5, "compare": 6.2},
}  # fmt: skip


def spine_tables(seed: int = 0) -> dict[str, pd.DataFrame]:
    """The tables that come from a study directory rather than from predictions."""
    trials, curves = trials_and_curves(seed)
    edges = [{"cell": "byol-ucl-ft-0.1", "parameter": "lr", "value": 0.31, "edge": "high", "trial": 2}]
    return {
        "trials": trials,
        "curves": curves,
        "parity": parity(trials),
        "ledger": ledger(trials),
        "costs": costs(ledger(trials)),
        "edges": pd.DataFrame(edges),
    }


def write_panels(directory: Path, seed: int = 0) -> None:
    """Qualitative panels: blobs for lesions, tinted blobs for overlays."""
    rng = np.random.default_rng(seed)
    directory.mkdir(parents=True, exist_ok=True)

    def picture(name: str, tint: int = 0) -> str:
        grid = np.mgrid[:56, :56] - 28
        blob = np.exp(-(grid**2).sum(0) / rng.uniform(80, 300))[..., None] * np.array([90, 120, 140 - tint])
        image = np.clip(200 - blob + rng.normal(0, 4, (56, 56, 3)), 0, 255).astype(np.uint8)
        (directory / f"{name}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
        return f"{name}.png"

    def shown(name: str, dataset: str, label: int) -> dict[str, object]:
        return {"dataset": dataset, "image_id": name, "label": label, "score": 0.4, "image": picture(name)}

    cams, errors, neighbours = [], [], []
    for dataset in list(SETS)[:2]:
        overlays = {method: picture(f"{dataset}-cam{i}", 120) for i, method in enumerate(METHODS)}
        scores = dict.fromkeys(METHODS, 0.31)
        cams.append(
            {"why": "missed most", "shown": shown(f"{dataset}-a", dataset, 1), "overlays": overlays, "scores": scores}
        )
        wrong = [shown(f"{dataset}-e{i}", dataset, i % 2) for i in range(4)]
        errors.append({"method": METHODS[1], "dataset": dataset, "errors": wrong})
        near = [shown(f"{dataset}-n{i}", "isic2019", 0) for i in range(4)]
        neighbours.append({"method": METHODS[1], "query": shown(f"{dataset}-q", dataset, 1), "found": near})
    label = rng.integers(0, 2, 300)
    points = pd.DataFrame({"x": rng.normal(label, 1), "y": rng.normal(0, 1, 300), "label": label})
    points.assign(dataset=rng.choice(list(SETS), 300)).to_parquet(directory / "map-0.parquet", index=False)
    maps = [{"method": METHODS[1], "kind": "t-SNE", "points": "map-0.parquet"}]
    panels = {
        "fraction": 1.0,
        "classes": ["benign", "melanoma"],
        "cams": cams,
        "errors": errors,
        "neighbours": neighbours,
        "maps": maps,
        "notes": ["One re-trained model a method."],
    }
    (directory / "panels.json").write_text(json.dumps(panels))
