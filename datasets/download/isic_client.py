"""The ISIC archive's own client (package `isic-cli`): what downloads a collection with its metadata."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from datasets.base.errors import DataError

LIMIT_SECONDS = 7 * 24 * 3600.0
"""The longest that a download may take; the client continues a broken one."""


def program() -> str | None:
    """Path of the client's command, beside this Python or on the path; None where it is not installed."""
    beside = Path(sys.executable).with_name("isic")
    return str(beside) if beside.exists() else shutil.which("isic")


def download(collection: int, to: Path) -> None:
    """Download a collection: `<isic_id>.jpg`, `metadata.csv`, attribution and licences. Files that are there in full
    are left alone.

    Raises `DataError` where the client is not installed or ends with an error; it prints its own progress.
    """
    command = program()
    if command is None:
        raise DataError(
            f"A collection of the ISIC archive is downloaded by its client, which is not installed. Install it "
            f"(pip install 'skin-lesion-study[archive]'), or download https://api.isic-archive.com/collections/"
            f"{collection}/ by hand into {str(to)!r}."
        )
    to.mkdir(parents=True, exist_ok=True)
    try:
        ended = subprocess.run(
            [command, "image", "download", "--collections", str(collection), str(to)], timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"The download takes longer than {LIMIT_SECONDS / 86400:g} days. Run it again.") from error
    except OSError as error:
        raise DataError(f"{command} cannot be run: {error}. Install isic-cli again.") from error
    if ended.returncode:
        raise DataError(
            f"isic image download ended with exit code {ended.returncode}; what it printed says why. Run the command "
            "again: it continues where it stopped."
        )
