"""Where releases are published, under which licence, and what to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from datasets.base.errors import DataError
from datasets.base.plain_yaml import read_yaml
from datasets.base.registry import nearest


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A release by its publisher. `images`: how many it has, where that is known; `collection`: its number in the ISIC
    archive; `files`: what to fetch by hand for the official layout."""

    title: str
    page: str
    licence: str
    doi: str | None = None
    images: int | None = None
    collection: int | None = None
    files: tuple[str, ...] = ()


@cache
def publications() -> Mapping[str, Publication]:
    """All that `publications.yaml` lists, by the name of the source."""
    text = resources.files("datasets.download").joinpath("publications.yaml").read_text(encoding="utf-8")
    return {
        name: Publication(**{**content, "files": tuple(content.get("files", ()))})
        for name, content in read_yaml(text).items()
    }


def publication(name: str) -> Publication:
    """The publication of a source. Raises `DataError` for a name that has none, with the nearest."""
    if name not in publications():
        raise DataError(f"A release is one of the published ones, got {name!r}: {nearest(name, publications())}.")
    return publications()[name]


def by_hand(name: str, to: str) -> str:
    """In sentences: what to fetch, from where, and what to do then."""
    found = publication(name)
    what = f"{', '.join(found.files)}" if found.files else "images and tables"
    said = f"{found.title}: fetch {what} from {found.page} (licence: {found.licence}), unpack below {to!r}"
    return f"{said}, and run `study data get {name} --to {to}` again: it checks what is there."
