"""Input of the qualitative pages: `qualitative/panels.json` beside the comparison tables, and the files it names.

Images are small PNG or JPEG files; a feature map is a parquet table (`x, y, dataset, label`). Whoever computes them
writes these models; the report only shows them.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from study.report.inputs.context import ReportError

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=200)]
FORMATS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shown(_Model):
    """An image of a data set: its class index, and the mean score that a method gave it (null: not scored)."""

    dataset: str
    image_id: str
    label: int
    score: float | None = None
    image: FileName


class Cams(_Model):
    """One image and, method by method, where the winner looked (Grad-CAM overlay) and its score."""

    why: str
    shown: Shown
    overlays: dict[str, FileName]
    scores: dict[str, float]


class Errors(_Model):
    """The most confident errors of one method on one test set, the most confident first."""

    method: str
    dataset: str
    errors: tuple[Shown, ...]


class Neighbours(_Model):
    """A test image and its nearest training images in the feature space of one method, the nearest first."""

    method: str
    query: Shown
    found: tuple[Shown, ...]


class FeatureMap(_Model):
    """A 2-D map of one method's features; `points` names the parquet file."""

    method: str
    kind: str
    points: FileName


class Panels(_Model):
    """Everything of the qualitative pages, for the winners of one training fraction."""

    fraction: float
    classes: tuple[str, ...]
    cams: tuple[Cams, ...] = ()
    errors: tuple[Errors, ...] = ()
    neighbours: tuple[Neighbours, ...] = ()
    maps: tuple[FeatureMap, ...] = ()
    notes: tuple[str, ...] = ()

    def name(self, label: int) -> str:
        """The class in words."""
        return self.classes[label] if 0 <= label < len(self.classes) else str(label)


def read_panels(directory: Path) -> Panels | None:
    """The panels in `directory`, or None where there are none. Raises `ReportError` for malformed ones."""
    path = directory / "panels.json"
    if not path.is_file():
        return None
    try:
        return Panels.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, json.JSONDecodeError) as error:
        raise ReportError(
            f"{path}: panels are as study.report.inputs.panels.Panels describes, but: {error}. Delete the folder "
            f"{directory} and run `study evaluate` on the study, which draws them anew."
        ) from error


def data_uri(path: Path) -> str:
    """The image as a `data:` URI. Raises `ReportError` when it is missing or neither PNG nor JPEG."""
    content = path.read_bytes() if path.is_file() else b""
    kind = next((kind for magic, kind in FORMATS.items() if content.startswith(magic)), None)
    if kind is None:
        raise ReportError(
            f"{path}: an image of the report is a PNG or JPEG file, got {content[:8]!r}. Delete its folder and run "
            "`study evaluate` on the study, which draws it anew."
        )
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def read_points(path: Path) -> pd.DataFrame:
    """The points of a feature map. Raises `ReportError` when the file or a column is missing."""
    if not path.is_file():
        raise ReportError(
            f"{path}: the panels name this feature map, but there is no such file. Delete its folder and run `study "
            "evaluate` on the study, which computes it anew."
        )
    try:
        points = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ReportError(
            f"{path}: a feature map is a parquet file, but: {error}. Delete its folder and run `study evaluate` on the "
            "study, which computes it anew."
        ) from error
    if not {"x", "y", "dataset", "label"} <= set(points.columns):
        raise ReportError(f"{path}: a feature map has the columns x, y, dataset, label, got {list(points.columns)}.")
    return points
