"""What one method's winner looks at: its part of the qualitative pages, made in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from datasets.base.seeds import seed
from study.evaluation.qualitative import choose, image_sources
from study.evaluation.qualitative.choose import Chosen
from study.plan.cells import Plan
from study.preparation import manifests
from study.preparation.thumbnails import write_image
from study.report.inputs.panels import Errors, FeatureMap, Neighbours, Shown
from study.store.directory import StudyDirectory

if TYPE_CHECKING:
    from study.evaluation.qualitative.grad_cam import Eye

PAIR = 1  # the re-trained models of this pair are looked at
TRAINING = 600  # training images in the neighbour search, at most
MAPPED = 60  # images of a test set in the map, at most
QUERIES = 2  # test images with neighbours, a test set
NEIGHBOURS = 5


class Album:
    """The test sets of a study that were scored, with the mean scores of every method and the images to show."""

    def __init__(self, plan: Plan, directory: StudyDirectory):
        table = image_sources.predictions(directory, max(plan.spec.train.fractions))
        tests = [test for test in plan.spec.tests if (table["dataset"] == test.name).any()]
        self.where = directory.panels
        self.scores = {test.name: choose.mean_scores(table, test.name) for test in tests}
        self.many = "rival" in table.columns
        self.rivals = {test.name: choose.mean_scores(table, test.name, "rival") for test in tests if self.many}
        self.images = {
            test.name: image_sources.pictures(plan, manifests.test_source(plan.spec, test)) for test in tests
        }

    def telling(self) -> Iterator[Chosen]:
        """The images that Grad-CAM is shown for, test set by test set."""
        for dataset in self.scores:
            yield from self.telling_of(dataset)

    def telling_of(self, dataset: str) -> list[Chosen]:
        """Those of one test set."""
        chosen = choose.telling_of_classes if self.many else choose.telling
        return chosen(self.scores[dataset], dataset)

    def errors(self, dataset: str, method: str) -> list[Chosen]:
        """The images of a test set that a method gets wrong most confidently."""
        if not self.many:
            return choose.confident_errors(self.scores[dataset], dataset, method)
        return choose.confident_errors_of_classes(self.scores[dataset], self.rivals[dataset], dataset, method)

    def shown(self, chosen: Chosen, method: str | None = None) -> Shown:
        """A test image as the pages show it, with the score that `method` gives it."""
        picture = self.images[chosen.dataset][chosen.image_id]
        file = write_image(self.where, f"{chosen.dataset}/{chosen.image_id}", picture)
        score = chosen.scores.get(method) if method else None
        return Shown(dataset=chosen.dataset, image_id=chosen.image_id, label=chosen.label, score=score, image=file)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One method's part of the pages. `overlays` are Grad-CAM files by (test set, image id)."""

    method: str
    overlays: dict[tuple[str, str], str]
    errors: tuple[Errors, ...]
    neighbours: tuple[Neighbours, ...]
    map: FeatureMap

    def errors_on(self, dataset: str) -> tuple[Errors, ...]:
        """The errors on one test set: none or one of them."""
        return tuple(found for found in self.errors if found.dataset == dataset)


def look(plan: Plan, directory: StudyDirectory, method: str, checkpoint: Path) -> Look:
    """Everything that the pages show of the model in `checkpoint`; pictures are written below the study directory."""
    from study.evaluation.qualitative.grad_cam import open_eye

    eye = open_eye(checkpoint)
    album = Album(plan, directory)
    overlays = {
        (chosen.dataset, chosen.image_id): write_image(
            album.where,
            f"{method}/{chosen.dataset}/{chosen.image_id}",
            eye.looked(album.images[chosen.dataset][chosen.image_id], chosen.label if album.many else -1),
        )
        for chosen in album.telling()
    }
    errors = [_errors(album, dataset, method) for dataset in album.scores]
    return Look(
        method=method,
        overlays=overlays,
        errors=tuple(found for found in errors if found.errors),
        neighbours=_neighbours(plan, directory, album, method, eye),
        map=_map(plan, album, method, eye),
    )


def _errors(album: Album, dataset: str, method: str) -> Errors:
    chosen = album.errors(dataset, method)
    return Errors(method=method, dataset=dataset, errors=tuple(album.shown(item, method) for item in chosen))


def _neighbours(plan: Plan, directory: StudyDirectory, album: Album, method: str, eye: Eye) -> tuple[Neighbours, ...]:
    from study.evaluation.qualitative.features import nearest

    training = image_sources.pictures(plan, plan.spec.train)
    fraction = max(plan.spec.train.fractions)
    pool = training.known(image_sources.training_images(directory, fraction, PAIR))
    pool = _sample(pool, TRAINING, seed(plan.spec.seed, "neighbours"))
    labels = training.store.manifest.table.set_index("image_id")["label"].loc[pool].tolist()
    pool_images = training.several(pool)
    known = eye.features(pool_images)
    found = []
    for dataset in album.scores:
        queries = album.telling_of(dataset)[1 : 1 + QUERIES]
        if not queries:
            continue
        images = [album.images[dataset][item.image_id] for item in queries]
        rows = nearest(known, eye.features(images), NEIGHBOURS)
        for item, near in zip(queries, rows, strict=True):
            shown = []
            for row in near:
                file = write_image(album.where, f"train/{pool[row]}", pool_images[row])
                picture = Shown(dataset=plan.spec.train.source, image_id=pool[row], label=int(labels[row]), image=file)
                shown.append(picture)
            found.append(Neighbours(method=method, query=album.shown(item, method), found=tuple(shown)))
    return tuple(found)


def _map(plan: Plan, album: Album, method: str, eye: Eye) -> FeatureMap:
    from study.evaluation.qualitative.features import flat_map

    tables, images = [], []
    for dataset, scores in album.scores.items():
        ids = _sample(scores["image_id"].tolist(), MAPPED, seed(plan.spec.seed, "map", dataset))
        chosen = scores.set_index("image_id").loc[ids].reset_index()[["image_id", "label"]]
        tables.append(chosen.assign(dataset=dataset))
        images += album.images[dataset].several(ids)
    flat, kind = flat_map(eye.features(images), seed(plan.spec.seed, "t-SNE") % 2**32)
    points = pd.concat(tables, ignore_index=True).assign(x=flat[:, 0], y=flat[:, 1])
    file = f"map-{[each.name for each in plan.spec.methods].index(method)}.parquet"
    points.to_parquet(album.where / file, index=False)
    return FeatureMap(method=method, kind=kind, points=file)


def _sample(ids: list[str], n: int, seed_: int) -> list[str]:
    """At most `n` of the ids, in their order, drawn by the seed."""
    if len(ids) <= n:
        return list(ids)
    kept = np.random.default_rng(seed_).choice(len(ids), n, replace=False)
    return [ids[index] for index in sorted(kept)]
