"""`study data show`: one page with samples of every set and class, prevalence, subgroups and image sizes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from datasets.base.atomic_files import write_text
from datasets.base.errors import DataError
from datasets.base.seeds import seed
from datasets.cache.store import ImageStore, open_store
from study.base.errors import StudyError
from study.preparation.duplicate_figures import duplicate_figures
from study.preparation.leakage import data_sources
from study.preparation.spec_audit import SpecAudit, audit_spec
from study.preparation.thumbnails import QUALITY, SIDE, square
from study.spec.model import StudySpec

SAMPLES = 8  # pictures of each class of each set
CONFLICTS = 200  # contradictions that are listed
SIZES = 12  # sizes named; the rest are counted together
_FACTS = ("part", "subgroup", "value", "images", "lesions", "patients")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A thumbnail as base64 JPEG, and what stands below it."""

    jpeg: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Size:
    """A native size, how many images have it, and the share of the most frequent size's count."""

    name: str
    images: int
    share: float


def write_page(spec: StudySpec, out: Path) -> str:
    """Write the page (one file, nothing fetched) and say where it is; decodes what is not decoded yet.

    Raises `StudyError` for data that cannot be read, and bad images unless the spec skips them.
    """
    stores = {name: _store(spec, name) for name in data_sources(spec)}
    audit = audit_spec(spec)
    counts = audit.counts(spec)
    environment = Environment(loader=PackageLoader("study.report"), undefined=StrictUndefined, autoescape=True)
    text = environment.get_template("data.html.j2").render(
        study=spec.study,
        question=spec.question,
        css=resources.files("study.report").joinpath("static", "report.css").read_text(),
        findings=audit.findings,
        conflicts=audit.conflicts().head(CONFLICTS).to_dict("records"),
        train=spec.train.source,
        pairs=list(duplicate_figures(spec, stores)),
        classes=[name for name in counts.columns if name not in _FACTS],
        whole=counts[counts["subgroup"] == "all"].to_dict("records"),
        sets=[
            {
                "name": name,
                "notes": store.manifest.notes,
                "samples": list(_samples(name, store, audit, spec)),
                "sizes": sizes(store.index),
            }
            for name, store in stores.items()
        ],
        subgroups=list(_subgroups(counts)),
    )
    write_text(out, text)
    return f"{out}: {sum(map(len, stores.values())):,} images in {len(stores)} data sets"


def sizes(index: pd.DataFrame) -> list[Size]:
    """The most frequent native sizes of a store's images, most frequent first, and all others as one."""
    names = index["native_width"].astype(str) + " × " + index["native_height"].astype(str)
    counted = names.value_counts()
    shown = [(str(name), int(count)) for name, count in counted.head(SIZES).items()]
    others = int(counted.iloc[SIZES:].sum())
    if others:
        shown.append((f"{len(counted) - SIZES} other sizes", others))
    largest = max((count for _, count in shown), default=1)
    return [Size(name=name, images=count, share=count / largest) for name, count in shown]


def _store(spec: StudySpec, name: str) -> ImageStore:
    import datasets
    from study.preparation.manifests import reference

    source = data_sources(spec)[name]
    try:
        manifest = datasets.load(reference(source))
        return open_store(manifest, short_side=spec.cache_side, on_bad_image=source.on_bad_image)
    except DataError as error:
        raise StudyError(str(error)) from error


def _samples(name: str, store: ImageStore, audit: SpecAudit, spec: StudySpec) -> Iterator[tuple[str, list[Picture]]]:
    """`(title, pictures)` for each part and class of the training source, or each class of a test set."""
    table = store.manifest.table
    parts = audit.parts if name == spec.train.source else {"all": table["image_id"]}
    for part, ids in parts.items():
        for label, kind in enumerate(store.manifest.classes):
            rows = np.flatnonzero((table["label"] == label) & table["image_id"].isin(set(ids)))
            order = sorted(rows, key=lambda row: seed("show", table["image_id"].iloc[row]))
            title = f"{kind}: {len(rows):,} images" if part == "all" else f"{part}, {kind}: {len(rows):,} images"
            yield title, [_picture(store, int(row)) for row in order[:SAMPLES]]


def _picture(store: ImageStore, row: int) -> Picture:
    bgr = cv2.cvtColor(square(store[row], SIDE), cv2.COLOR_RGB2BGR)
    buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    facts = store.manifest.table.iloc[row]
    caption = f"{facts['image_id']} {facts['diagnosis'] or ''}".strip()
    return Picture(jpeg=base64.b64encode(buffer.tobytes()).decode(), caption=caption)


def _subgroups(counts: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Rows of the subgroup table: `images (share of the positive or last class)` for each set."""
    last = [name for name in counts.columns if name not in _FACTS][-1]
    parts = list(dict.fromkeys(counts["part"]))
    for (subgroup, value), rows in counts[counts["subgroup"] != "all"].groupby(["subgroup", "value"], sort=False):
        cells = {row["part"]: f"{row['images']:,} ({row[last]:,})" for _, row in rows.iterrows()}
        yield {"subgroup": subgroup, "value": value, "cells": [cells.get(part, "–") for part in parts]}
