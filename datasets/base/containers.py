"""Files inside a container, read without unpacking: HDF5 and tar, named as if the container were a folder.

`train-image.hdf5/ISIC_0015670` is a data set of an HDF5 file, `shards/07.tar/a/1.jpg` a member of an archive.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from typing import Any, BinaryIO

from datasets.base.errors import DataError

ENDINGS = (".hdf5", ".h5", ".tar")
Opener = Callable[[], BinaryIO]


def split(path: str) -> tuple[str, str] | None:
    """The container and the member that a path names; None for the path of a file."""
    parts = path.split("/")
    for number, part in enumerate(parts[:-1], 1):
        if part.lower().endswith(ENDINGS):
            return "/".join(parts[:number]), "/".join(parts[number:])
    return None


class Container:
    """An opened container. `open` gives its file, which may be remote. Raises `DataError` where it cannot be read."""

    def __init__(self, name: str, open_file: Opener) -> None:
        self._name, self._open = name, open_file
        self._tar = name.lower().endswith(".tar")
        try:
            self._members: Any = self._index() if self._tar else self._hdf5()
        except (OSError, tarfile.TarError) as error:
            raise DataError(f"{name} cannot be read: {error}. Copy or download it again.") from error

    def names(self) -> list[str]:
        """Names of all members."""
        return list(self._members)

    def read(self, member: str) -> bytes:
        """The bytes of a member. Raises `DataError` for one that is not there."""
        if member not in self._members:
            raise DataError(f"{self._name} holds no {member!r}")
        if not self._tar:
            return bytes(self._members[member][()])
        start, size = self._members[member]
        with self._open() as file:
            file.seek(start)
            return file.read(size)

    def _index(self) -> dict[str, tuple[int, int]]:
        """Where the members of an archive lie: the headers are read once, the content never."""
        with self._open() as file, tarfile.open(fileobj=file, mode="r:") as archive:
            return {member.name: (member.offset_data, member.size) for member in archive if member.isfile()}

    def _hdf5(self) -> Any:
        try:
            import h5py
        except ImportError as error:
            raise DataError(
                f"{self._name} is an HDF5 file, which needs the package h5py. Install it (pip install h5py), or unpack "
                "the images of the release beside it."
            ) from error
        return h5py.File(self._open(), "r")
