"""`SHA256SUMS` in a root: what its files must contain, in the format of `sha256sum`.

JPEG has no checksum: of single flipped bits a strict decoder notices about half, and the others can tint or shear the
rest of the picture. Where the root holds sums (`cd ROOT && find . -name '*.jpg' | xargs sha256sum > SHA256SUMS`), every
file that is read must have its own.
"""

from __future__ import annotations

import re
from dataclasses import replace

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
    sums: dict[str, str] = {}
    for number, line in enumerate(root.read(NAME).decode("utf-8", "replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f"{root.location}/{NAME}: each line is a sha256, two spaces and a path, but line {number} is {line!r}. "
                "Write the file with sha256sum."
            )
        sums[match[2]] = match[1].lower()
    table = manifest.table
    known = table["path"].map(sums).astype(object)
    return replace(manifest, table=table.assign(sha256=known.where(known.notna(), table["sha256"])))
