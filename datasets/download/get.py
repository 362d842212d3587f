"""One release in one folder: downloaded where a client can, checked, with its checksums and its Croissant record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef
from datasets.base.roots import Root
from datasets.download import isic_client
from datasets.download.croissant import RECORD, TABLE, write_croissant
from datasets.download.publications import by_hand, publication
from datasets.sources import SOURCES, load
from datasets.sources.sums import NAME, check_sums, write_sums

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A release that is there and whole. `source`: the name that a spec reads it by; `files`: how many have a sum."""

    root: str
    source: str
    images: int
    files: int
    notes: tuple[str, ...]


def get(name: str, to: Path, collection: int | None = None, say: Say = lambda _: None) -> Fetched:
    """Download what is not there yet if the ISIC archive has it, check it, and write `SHA256SUMS` and `croissant.json`.

    `collection` is a number in the ISIC archive, by default that of the release. Where sums are there already, every
    file is compared with them. Raises `DataError` for an unknown release, for one that no client can fetch (saying what
    to fetch by hand), and for a copy that is not whole or has changed.
    """
    found = publication(name)
    root = Root(str(to.absolute()))
    source = _source(name, root) if to.exists() else None
    if source is None:
        number = collection or found.collection
        if number is None:
            raise DataError(by_hand(name, str(to)))
        if isic_client.program() is None and found.files:
            raise DataError(
                f"No client of the ISIC archive is installed (pip install 'skin-lesion-study[archive]' brings it). By "
                f"hand: {by_hand(name, str(to))}"
            )
        say(f"downloading collection {number} of the ISIC archive into {to}")
        isic_client.download(number, to)
        source = _source(name, root)
    if source is None:
        raise DataError(f"{to} holds none of the tables of {name}. {by_hand(name, str(to))}")
    files = _summed(root, to, say)
    manifest = load(DataRef(source=source, root=root.location, task=next(iter(SOURCES.get(source).content["tasks"]))))
    notes = manifest.notes
    if (
        found.images and source != name and len(manifest) != found.images
    ):  # collections grow: HAM10000's has test images
        notes = (*notes, f"The release has {found.images:,} images, this collection {len(manifest):,}.")
    write_croissant(to, name, found, manifest)
    say(f"wrote {to / RECORD}")
    return Fetched(root=root.location, source=source, images=len(manifest), files=files, notes=notes)


def _source(name: str, root: Root) -> str | None:
    """The source that reads what is there: the release's own layout, else an export of the archive."""
    if any(table.find(root) for table in SOURCES.get(name).tables):
        return name
    if any(table.find(root) for table in SOURCES.get("isic_archive").tables):
        return "hiba" if name == "hiba" else "isic_archive"  # an export with a count of its own
    return None


def _summed(root: Root, to: Path, say: Say) -> int:
    if root.stamps([NAME])[0]:
        say(f"comparing every file with {to / NAME}")
        return check_sums(root)
    say(f"writing {to / NAME}")
    return write_sums(to, leave=(RECORD, TABLE))
