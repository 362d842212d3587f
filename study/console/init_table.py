"""What `study init` prints: what was understood, with counts, and what was left out and why."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from datasets.inspect import Classes, Found, Release

FEW = 50
"""Images of the rarer class below which differences between methods are unlikely to be shown."""
FEW_TESTED, TEST_SHARE = 5, 0.2
"""Images of the rarer class in a test part below which its variance is hardly known; the part's usual share."""
MOST = 30  # words that the table lists; the rest are counted


def print_found(found: Found, console: Console | None = None) -> None:
    """Print what was understood and what was left out."""
    console = console or Console(highlight=False, emoji=False, soft_wrap=True)
    for release in found.releases:
        _print_release(release, console)
    for sentence in found.said:
        console.print(f"[green]understood[/] {escape(sentence)}")
    if found.classes:
        _print_classes(found.classes, console)
    for sentence in found.careful:
        console.print(f"[yellow]   careful[/] {escape(sentence)}")
    for sentence in found.left_out:
        console.print(f"[yellow]  left out[/] {escape(sentence)}")
    counts = found.classes.counts if found.classes else found.releases[0].counts
    rarer = min(count for name, count in counts.items() if name != "left out")
    if rarer < FEW:
        held_out = max(1, round(rarer * TEST_SHARE))
        few = f", about {held_out} of them in a test part: too few to conclude from" if held_out < FEW_TESTED else ""
        console.print(f"[yellow]   careful[/] the rarer class has {rarer:,} images{few}; intervals will be wide.")


def print_next(written: list[Path], console: Console | None = None) -> None:
    """Print what was written and which commands come next."""
    console = console or Console(highlight=False, emoji=False, soft_wrap=True)
    for path in written:
        console.print(f"[green]   written[/] {escape(str(path))}")
    command = "study" if shutil.which("study") else str(Path(sys.executable).with_name("study"))
    steps = ("plan", "data prepare", "data audit", "run")
    console.print(f"[bold]      next[/] {'; '.join(f'{command} {step} {written[0]}' for step in steps)}")


def _print_release(release: Release, console: Console) -> None:
    counts = ", ".join(f"{count:,} {name}" for name, count in release.counts.items())
    part = " (less than the official release: allow_missing)" if release.partial else ""
    what = f"images in the columns of {release.source}" if release.own_names else f"the release {release.source}"
    console.print(
        f"[green]understood[/] {what} in {escape(release.root)}: {release.there:,} of "
        f"{release.listed:,} listed images are here{part}; task {release.task}: {counts}"
    )


def _print_classes(classes: Classes, console: Console) -> None:
    """Every word with what it was taken for; the ones that nobody explains last, with what to do."""
    task = classes.tasks[classes.chosen]
    place = {word: kind for kind, words in task["classes"].items() for word in words}
    table = Table(*(Column(name, overflow="fold") for name in ("diagnosis", "means", f"task {classes.chosen}")))
    for word, found in list(classes.meanings.items())[:MOST]:
        table.add_row(escape(word), found.name if found else "[yellow]?[/]", place.get(word, "left out"))
    if len(classes.meanings) > MOST:
        table.add_row(f"and {len(classes.meanings) - MOST} more", "", "")
    counts = ", ".join(f"{count:,} {name}" for name, count in classes.counts.items())
    console.print(table)
    console.print(f"[green]understood[/] task {classes.chosen}: {counts}")
    others = [name for name in classes.tasks if name != classes.chosen]
    if others:
        console.print(
            f"[green]understood[/] other tasks of these words: {', '.join(others)}; write `task: {others[0]}` into the "
            "spec, or a task of your own into rules.yaml"
        )
    for unsure in classes.unsure:
        hint = f" It resembles a word for {unsure.suggestion}." if unsure.suggestion else ""
        answer = f"{unsure.word}={unsure.suggestion or 'benign'}"
        console.print(
            f"[yellow]    unsure[/] {escape(repr(unsure.word))} ({unsure.images:,} images) is left out.{hint} "
            f"If you know, say --counts-as {escape(repr(answer))}."
        )
