"""Getting a public release: from the archive by its own client, or by hand as its publisher says; then checked."""

from __future__ import annotations

from datasets.download.get import Fetched, get
from datasets.download.publications import Publication, publications

__all__ = ["Fetched", "Publication", "get", "publications"]
