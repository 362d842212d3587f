"""Scores of picture files by a study's model, whatever their number, order and names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import left_behind
from datasets.base.seeds import seed
from datasets.cache.decode import decode
from study.base.errors import StudyError
from study.evaluation.trained_model import TrainedModel

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}
FILES_AT_ONCE = 64  # bounds the memory that decoded pictures take


def picture_files(places: Sequence[Path]) -> list[Path]:
    """The files among `places`, and every picture below its folders, sorted within each.

    Raises `StudyError` for a place that does not exist, and where nothing is found.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = (path for path in place.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
            found += sorted(path for path in inside if not left_behind(path.relative_to(place).as_posix()))
        elif place.is_file():
            found.append(place)
        else:
            raise StudyError(
                f"Images are files or folders, got {str(place)!r}, which does not exist. Correct the path."
            )
    if not found:
        names = ", ".join(map(str, places))
        raise StudyError(f"Images end in {', '.join(sorted(ENDINGS))}, and there are none in {names}. Name others.")
    return found


def score_files(model: TrainedModel, files: Sequence[Path], *, copies: int | None = None) -> pd.DataFrame:
    """One row a file, in their order: `image` (its path), and the score columns of `TrainedModel.predict`.

    The random numbers of a file's copies come from its content: other files beside it, its name and its place change
    nothing. Raises `StudyError` that names the first file which is no sound picture, before any is scored.
    """
    from trainables.pictures import predict_pictures

    for file in files:
        _check(file)
    spec = model.plan.spec
    parts = []
    for start in range(0, len(files), FILES_AT_ONCE):
        contents = [file.read_bytes() for file in files[start : start + FILES_AT_ONCE]]
        scores = predict_pictures(
            str(model.checkpoint),
            contents,
            short_side=spec.cache_side,
            copies=copies or model.copies,
            seed=seed(spec.seed, "copies", "pictures"),
            rows=[_number(content) for content in contents],
        )
        parts.append(pd.DataFrame(scores.columns()))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "image", [str(file) for file in files])
    return table


def _check(file: Path) -> None:
    try:
        decode(file.read_bytes())
    except (DataError, OSError) as error:
        raise StudyError(f"Images are sound pictures, but {file}: {error}. Replace it or leave it out.") from error


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.sha256(content).digest()[:6], "big")
