"""What `study data get` prints."""

from __future__ import annotations

from rich.console import Console

from datasets.download import Fetched, publications


def print_releases(console: Console | None = None) -> None:
    """Two lines a release: what it is and how it is got, and its licence and page."""
    console = console or Console(soft_wrap=True, highlight=False, markup=False)
    for name, each in publications().items():
        how = f"isic-cli, collection {each.collection}" if each.collection else "by hand"
        images = f"{each.images:,} images, " if each.images else ""
        console.print(f"{name}: {each.title} ({images}{how})")
        console.print(f"    {each.licence}   {each.page}")


def print_fetched(name: str, found: Fetched, console: Console | None = None) -> None:
    """What is there now, and how a spec reads it."""
    console = console or Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{name}: {found.images:,} images in {found.root}, {found.files:,} files with a checksum")
    for note in found.notes:
        console.print(note)
    console.print(f"in a spec: {{source: {found.source}, root: {found.root}}}; or look first: study init {found.root}")
