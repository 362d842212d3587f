"""Public releases, downloaded and checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from datasets.base.errors import DataError
from datasets.download import Fetched, get
from study.base.errors import StudyError


def fetch(name: str, to: Path, collection: int | None, say: Callable[[str], None]) -> Fetched:
    """Get a release into a folder (`datasets.download.get`). Raises `StudyError` where it is not there in whole."""
    try:
        return get(name, to, collection, say)
    except DataError as error:
        raise StudyError(str(error)) from error
