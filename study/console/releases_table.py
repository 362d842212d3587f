"""What `study data get` prints."""

from __future__ import annotations

from rich.console import Console
from rich.table import Column, Table

from datasets.download import Fetched, publications


def print_releases(console: Console | None = None) -> None:
    """One row a release: its name, images, how it is got, licence and page."""
    console = console or Console(highlight=False)
    fold = [Column(name, overflow="fold") for name in ("release", "images", "got by", "licence", "page")]
    table = Table(*fold)
    for name, each in publications().items():
        how = f"isic-cli, collection {each.collection}" if each.collection else "hand"
        table.add_row(name, f"{each.images:,}" if each.images else "", how, each.licence, each.page)
    console.print(table)


def print_fetched(name: str, found: Fetched, console: Console | None = None) -> None:
    """What is there now, and how a spec reads it."""
    console = console or Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{name}: {found.images:,} images in {found.root}, {found.files:,} files with a checksum")
    for note in found.notes:
        console.print(note)
    console.print(f"in a spec: {{source: {found.source}, root: {found.root}}}; or look first: study init {found.root}")
