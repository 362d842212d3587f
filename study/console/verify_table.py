"""What `study verify` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from study.pipeline.verify import Link

STYLES = {"holds": "green", "broken": "bold red", "not checkable": "yellow"}


def print_links(links: Sequence[Link]) -> None:
    """One line a link; what is broken, and what to do, below it."""
    console = Console(highlight=False, soft_wrap=True)
    for link in links:
        console.print(f"{link.name:12} {link.answer}", style=STYLES[link.answer])
        for line in filter(None, link.detail.splitlines()):
            console.print(f"             {line}", markup=False)
