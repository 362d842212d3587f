"""`SHA256SUMS` in a root: what its files must contain, in the format of `sha256sum`.

JPEG has no checksum: of single flipped bits a strict decoder notices about half, and the others can tint or shear the
rest of the picture. Where the root holds sums (`cd ROOT && find . -name '*.jpg' | xargs sha256sum > SHA256SUMS`), every
file that is read must have its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from datasets.base.atomic_files import file_digest, write_text
from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.base.roots import Root

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)")


def with_sums(manifest: Manifest, root: Root) -> Manifest:
    """The manifest with the digests that the root's `SHA256SUMS` gives; as it is where there is no such file.

    Raises `DataError` for a line of another form.
    """
    if not root.stamps([NAME])[0]:
        return manifest
    table = manifest.table
    known = table["path"].map(read_sums(root)).astype(object)
    return replace(manifest, table=table.assign(sha256=known.where(known.notna(), table["sha256"])))


def read_sums(root: Root) -> dict[str, str]:
    """Path -> hex sha256, as the root's `SHA256SUMS` says. Raises `DataError` for a line of another form."""
    sums: dict[str, str] = {}
    for number, line in enumerate(root.read(NAME).decode("utf-8", "replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f"{root.location}/{NAME}: each line is a sha256, two spaces and a path, but line {number} is {line!r}. "
                "Write the file with sha256sum."
            )
        sums[match[2]] = match[1].lower()
    return sums


def write_sums(directory: Path, leave: Collection[str] = ()) -> int:
    """Write the sums of all files below a local directory but those named in `leave`; returns how many."""
    paths = [path for path in Root(str(directory)).walk() if path not in (NAME, *leave)]
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(lambda path: file_digest(directory / path), paths))
    lines = [f"{digest}  {path}\n" for digest, path in zip(digests, paths, strict=True)]
    write_text(directory / NAME, "".join(lines))
    return len(paths)


def check_sums(root: Root) -> int:
    """Compare every file that `SHA256SUMS` lists with its sum; returns how many there are.

    Raises `DataError` for files that changed or are gone, all of them at once.
    """
    sums = read_sums(root)

    def wrong(path: str) -> str | None:
        try:
            return None if hashlib.sha256(root.read(path)).hexdigest() == sums[path] else f"{path} holds other bytes"
        except DataError as error:
            return f"{path} {error}"

    with ThreadPoolExecutor() as pool:
        found = [each for each in pool.map(wrong, sums) if each]
    if found:
        more = f"; and {len(found) - 20} more" if len(found) > 20 else ""
        raise DataError(
            f"{root.location}: files are as {NAME} says, but {'; '.join(found[:20])}{more}. Download them again, or "
            f"delete {NAME} if they were changed on purpose."
        )
    return len(sums)
