"""A user's own images: `folder` (one folder per diagnosis) and `csv` (a table beside the images).

Their words for diagnoses are those of `rules/own.yaml`, or of a `rules.yaml` of the same shape in the root.
"""

from __future__ import annotations

import pandas as pd
import yaml

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.plain_yaml import read_yaml
from datasets.base.roots import Root, leaves, root_of
from datasets.labels.tasks import Task, parse, task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import fitzpatrick, optional, read_table, sexes, years
from datasets.sources.source import Source

ENDINGS = ("jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp")
TABLE, RULES = "images.csv", "rules.yaml"
MODALITIES = ("dermoscopic", "clinical")


def load(ref: DataRef) -> Manifest:
    """The images of a folder or of `images.csv`. Raises `DataError` for a table or rules that break their form."""
    root = root_of(ref)
    rule = _task(root, ref)
    return _folder(ref, root, rule) if ref.source == "folder" else table_manifest(ref, root, root, rule)


def _folder(ref: DataRef, root: Root, rule: Task) -> Manifest:
    """Every picture below the root; its diagnosis is the first folder of its path, none for pictures in the root."""
    paths = pd.Series([p for p in root.walk() if p.rpartition(".")[2].lower() in ENDINGS], dtype=object)
    first = paths.map(lambda path: path.partition("/")[0] if "/" in path else None)
    return assemble(ref, rule, {"image_id": _stems(paths), "path": paths, "diagnosis": first.astype(object)})


def table_manifest(ref: DataRef, root: Root, images: Root, rule: Task) -> Manifest:
    """The rows of `images.csv` in `root`: `path` (relative to `images`), and any column of a manifest but the label.

    Raises `DataError` for a table or a value that breaks its form.
    """
    table = read_table(root, TABLE, ("path",))

    paths = table["path"].fillna("").str.strip()
    there = set(images.walk())
    modality = optional(table, "modality")
    odd = modality[modality.notna() & ~modality.isin(MODALITIES)]
    if len(odd):
        raise DataError(f"{TABLE}: a modality is one of {MODALITIES} or empty, got {odd.iloc[0]!r}. Correct it.")
    return assemble(
        ref,
        rule,
        {
            "image_id": optional(table, "image_id").where(optional(table, "image_id").notna(), _stems(paths)),
            # a path that leaves the root stays, so that it is listed with the bad images
            "path": paths.map(lambda path: path if path in there or leaves(path) else ""),
            "lesion_id": optional(table, "lesion_id"),
            "patient_id": optional(table, "patient_id"),
            "diagnosis": optional(table, "diagnosis"),
            "age": years(optional(table, "age")),
            "sex": sexes(optional(table, "sex")),
            "site": optional(table, "site"),
            "skin_tone": fitzpatrick(optional(table, "skin_tone")),
            "modality": modality,
            "sha256": optional(table, "sha256"),
        },
    )


def _stems(paths: pd.Series) -> pd.Series:
    return paths.map(lambda path: path.rpartition(".")[0] or path)


def _task(root: Root, ref: DataRef) -> Task:
    if not root.stamps([RULES])[0]:
        return task("own", ref.task)
    try:
        return parse(read_yaml(root.read(RULES)), f"{root.location}/{RULES}", ref.task)
    except yaml.YAMLError as error:
        raise DataError(f"{root.location}/{RULES}: rules are YAML, but it does not parse: {error}") from error


SOURCE = Source(load=load, rules="own")
