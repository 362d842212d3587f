"""What a source is: how its releases are read, and the rules of its labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datasets.base.manifest import DataRef, Manifest
from datasets.labels.tasks import rules
from datasets.sources.layout import TableFile


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source by name. `load` gives every image that the release's tables list, those that a copy lacks with an empty
    path; it raises `DataError` for files or tables that break the release's form.

    `rules`: a rule file in `datasets/labels/rules`, or its content where another package brings the source. `tables`:
    the tables (any one of them) by which the release is recognised in an unknown folder.
    """

    load: Callable[[DataRef], Manifest]
    rules: str | Mapping[str, Any]
    tables: tuple[TableFile, ...] = ()

    @property
    def content(self) -> Mapping[str, Any]:
        """The rules: `tasks`, and `release` where the official release's counts are known."""
        return rules(self.rules) if isinstance(self.rules, str) else self.rules
