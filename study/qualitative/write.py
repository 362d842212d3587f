"""Compute the qualitative pages of a study: `comparison/qualitative/panels.json` and the pictures it names."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.seeds import seed
from study import data
from study.files import write_text
from study.layout import StudyDirectory
from study.plan import Plan
from study.qualitative import choose, features, sources
from study.qualitative.choose import Chosen
from study.qualitative.eye import Eye, open_eye
from study.qualitative.images import write_image
from study.qualitative.sources import Pictures
from study.report.qualitative import Cams, Errors, FeatureMap, Neighbours, Panels, Shown
from study.spec import TestSet

PAIR = 1  # the re-trained models of this pair are looked at
TRAINING = 600  # training images in the neighbour search, at most
MAPPED = 60  # images of a test set in the map, at most
QUERIES = 2  # test images with neighbours, a test set
NEIGHBOURS = 5


@dataclass(frozen=True)
class _Work:
    """What every panel needs. `scores` is by test set as `choose.mean_scores` gives it."""

    plan: Plan
    where: Path
    eyes: dict[str, Eye]
    images: dict[str, Pictures]
    scores: dict[str, pd.DataFrame]

    def shown(self, dataset: str, chosen: Chosen, method: str | None = None) -> Shown:
        file = write_image(self.where, f"{dataset}/{chosen.image_id}", self.images[dataset][chosen.image_id])
        score = chosen.scores.get(method) if method else None
        return Shown(dataset=dataset, image_id=chosen.image_id, label=chosen.label, score=score, image=file)


def write_panels(directory: StudyDirectory, plan: Plan) -> None:
    """Grad-CAM, errors, neighbours and maps for the winners of the largest fraction, re-trained on the first pair.

    Labels come from the prediction tables, so test labels are not read anew. What an earlier call wrote is replaced.
    Raises `StudyError` when predictions or replicates are missing.
    """
    fraction = max(plan.spec.train.fractions)
    eyes = {m: open_eye(path) for m, path in sources.checkpoints(plan, directory, fraction, PAIR).items()}
    table = sources.predictions(directory, fraction)
    where = directory.panels
    if where.exists():
        shutil.rmtree(where)
    where.mkdir(parents=True)
    tests = [test for test in plan.spec.tests if (table["dataset"] == test.name).any()]
    work = _Work(
        plan=plan,
        where=where,
        eyes=eyes,
        images={test.name: sources.pictures(plan, data.test_source(plan.spec, test)) for test in tests},
        scores={test.name: choose.mean_scores(table, test.name) for test in tests},
    )
    training = sources.pictures(plan, plan.spec.train)
    panels = Panels(
        fraction=fraction,
        classes=tuple(training.store.manifest.classes),
        cams=tuple(cams for test in tests for cams in _cams(work, test)),
        errors=tuple(found for test in tests for m in eyes if (found := _errors(work, test, m)).errors),
        neighbours=_neighbours(work, training, sources.training_images(directory, fraction, PAIR)),
        maps=tuple(_map(work, method) for method in eyes),
        notes=(
            "Grad-CAM, neighbours and maps look at one re-trained model a method (pair 1, no augmentation); scores "
            "and the choice of images rest on all of them.",
        ),
    )
    write_text(where / "panels.json", panels.model_dump_json(indent=1) + "\n")


def _cams(work: _Work, test: TestSet) -> list[Cams]:
    found = []
    for chosen in choose.telling(work.scores[test.name], test.name):
        image = work.images[test.name][chosen.image_id]
        overlays = {
            method: write_image(work.where, f"{method}/{test.name}/{chosen.image_id}", eye.looked(image))
            for method, eye in work.eyes.items()
        }
        shown = work.shown(test.name, chosen)
        found.append(Cams(why=chosen.why, shown=shown, overlays=overlays, scores=chosen.scores))
    return found


def _errors(work: _Work, test: TestSet, method: str) -> Errors:
    chosen = choose.confident_errors(work.scores[test.name], test.name, method)
    shown = tuple(work.shown(test.name, item, method) for item in chosen)
    return Errors(method=method, dataset=test.name, errors=shown)


def _neighbours(work: _Work, training: Pictures, trained_on: list[str]) -> tuple[Neighbours, ...]:
    pool = _sample(training.known(trained_on), TRAINING, seed(work.plan.spec.seed, "neighbours"))
    labels = training.store.manifest.table.set_index("image_id")["label"].loc[pool].tolist()
    pool_images = training.several(pool)
    source = work.plan.spec.train.source
    found = []
    for method, eye in work.eyes.items():
        known = eye.features(pool_images)
        for dataset, scores in work.scores.items():
            queries = choose.telling(scores, dataset)[1 : 1 + QUERIES]
            images = [work.images[dataset][item.image_id] for item in queries]
            if not queries:
                continue
            rows = features.nearest(known, eye.features(images), NEIGHBOURS)
            for item, near in zip(queries, rows, strict=True):
                shown = []
                for row in near:
                    file = write_image(work.where, f"train/{pool[row]}", pool_images[row])
                    shown.append(Shown(dataset=source, image_id=pool[row], label=int(labels[row]), image=file))
                query = work.shown(dataset, item, method)
                found.append(Neighbours(method=method, query=query, found=tuple(shown)))
    return tuple(found)


def _map(work: _Work, method: str) -> FeatureMap:
    tables, images = [], []
    for dataset, scores in work.scores.items():
        ids = _sample(scores["image_id"].tolist(), MAPPED, seed(work.plan.spec.seed, "map", dataset))
        tables.append(
            scores.set_index("image_id").loc[ids].reset_index()[["image_id", "label"]].assign(dataset=dataset)
        )
        images += work.images[dataset].several(ids)
    points = pd.concat(tables, ignore_index=True)
    flat, kind = features.flat_map(work.eyes[method].features(images), seed(work.plan.spec.seed, "t-SNE") % 2**32)
    points = points.assign(x=flat[:, 0], y=flat[:, 1])
    file = f"map-{list(work.eyes).index(method)}.parquet"
    points.to_parquet(work.where / file, index=False)
    return FeatureMap(method=method, kind=kind, points=file)


def _sample(ids: list[str], n: int, seed_: int) -> list[str]:
    """At most `n` of the ids, in their order, drawn by the seed."""
    if len(ids) <= n:
        return list(ids)
    kept = np.random.default_rng(seed_).choice(len(ids), n, replace=False)
    return [ids[index] for index in sorted(kept)]
