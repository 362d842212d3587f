"""Where files are: a local directory, or an object store through fsspec."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from datasets.base.containers import ENDINGS, Container, split
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef

_LEFT_BEHIND = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_FOLDERS_LEFT_BEHIND = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}


@dataclass(frozen=True)
class Root:
    """A directory (`/data/isic`) or a URI (`s3://bucket/isic`, `gs://…`, `memory://…`)."""

    location: str

    @property
    def remote(self) -> bool:
        """Whether files are read through fsspec."""
        return "://" in self.location

    def check(self) -> None:
        """Raise `DataError` where the root is no directory that can be read."""
        try:
            there = self._filesystem().isdir(self._at("")) if self.remote else os.path.isdir(self.location)
        except ImportError as error:
            scheme = self.location.partition("://")[0]
            how = "pip install 'skin-lesion-study[s3]'" if scheme == "s3" else f"Install the one for {scheme}"
            raise DataError(f"{self.location} needs a package of fsspec's that is not here: {error}. {how}.") from error
        except unreadable() as error:
            raise DataError(f"A root can be read, got {self.location!r}: {error}. Check path and access.") from error
        if not there:
            raise DataError(f"A root is a directory, got {self.location!r}, which does not exist. Check the path.")

    def walk(self, folder: str = "") -> list[str]:
        """Paths, relative to the root, of all files below `folder`, sorted; without `left_behind` ones."""
        if self.remote:
            base = self._filesystem()._strip_protocol(self._at(""))
            paths = (str(path).removeprefix(base).lstrip("/") for path in self._filesystem().find(self._at(folder)))
            return sorted(path for path in paths if not left_behind(path))
        found: list[str] = []
        top = os.path.join(self.location, folder)
        above: dict[str, frozenset[object]] = {top: frozenset()}  # what each folder is and lies in, on the disk
        for place, folders, names in os.walk(top, followlinks=True):
            here, within = _identity(place), above.pop(place)
            if here in within:  # a link to a folder that it lies in has no end
                folders[:] = []
                continue
            folders[:] = [name for name in folders if not left_behind(f"{name}/")]  # nothing below is looked at
            above |= {os.path.join(place, name): within | {here} for name in folders}
            inside = Path(place).relative_to(self.location).as_posix()
            kept = [name for name in names if not left_behind(name)]
            found += kept if inside == "." else [f"{inside}/{name}" for name in kept]
        return sorted(found)

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises `DataError` for a path that leaves the root, or a file that cannot be read."""
        if leaves(path):
            raise DataError(f"a path stays within the root, got {path!r}")
        inside = self._inside(path)
        if inside:
            return self._container(inside[0]).read(inside[1])
        try:
            if self.remote:
                return bytes(self._filesystem().cat_file(self._at(path)))
            return Path(self.location, path).read_bytes()
        except unreadable() as error:
            raise DataError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error

    def members(self) -> list[str]:
        """Paths of what is inside the root's containers (`datasets.base.containers`), as `read` takes them."""
        found = [path for path in self.walk() if path.lower().endswith(ENDINGS)]
        return [f"{path}/{name}" for path in found for name in self._container(path).names()]

    def stamps(self, paths: Sequence[str]) -> list[str]:
        """Size and modification time of each file, "" where it is not there; remote files: size, and the store's ETag.

        A container's member has those of the container."""
        names = [inside[0] if (inside := self._inside(path)) else path for path in paths]
        if self.remote:
            found = self._filesystem().find(self._at(""), detail=True)
            base = self._filesystem()._strip_protocol(self._at(""))
            stamps = {
                name.removeprefix(base).lstrip("/"): f"{info.get('size')}{info.get('ETag', '')}"
                for name, info in found.items()
            }
            return [stamps.get(name, "") for name in names]
        return [_stamp(os.path.join(self.location, name)) for name in names]

    def _inside(self, path: str) -> tuple[str, str] | None:
        """Container and member, unless the container's name is that of a folder."""
        found = split(path)
        if found is None or (not self.remote and os.path.isdir(os.path.join(self.location, found[0]))):
            return None
        return found

    def _container(self, path: str) -> Container:
        return _opened(self, path, "" if self.remote else _stamp(os.path.join(self.location, path)))

    def _at(self, path: str) -> str:
        return f"{self.location.rstrip('/')}/{path}"

    def _filesystem(self) -> Any:
        import fsspec

        return fsspec.core.url_to_fs(self.location)[0]


@lru_cache(maxsize=16)
def _opened(root: Root, path: str, stamp: str) -> Container:
    """A container, kept open by this process; `stamp` changes with its content."""
    if root.remote:
        return Container(path, lambda: cast(BinaryIO, root._filesystem().open(root._at(path), "rb")))
    return Container(path, lambda: Path(root.location, path).open("rb"))


def unreadable() -> tuple[type[Exception], ...]:
    """What reading may raise: errors of files, paths that no file system knows (such as one with a null byte), and of
    S3 those of its client that are no `OSError`, such as a server that does not answer."""
    client = sys.modules.get("botocore.exceptions")
    return (OSError, ValueError) if client is None else (OSError, ValueError, client.BotoCoreError)


def left_behind(path: str) -> bool:
    """Whether a relative path is what an operating system or an archive program leaves among a user's files.

    `._*` and `.DS_Store` of macOS and all else that is hidden, `Thumbs.db` and `desktop.ini` of Windows, folders such
    as `__MACOSX`. A folder's path ends in a slash.
    """
    *folders, name = path.lower().split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in (*folders, name))
    return hidden or name in _LEFT_BEHIND or not _FOLDERS_LEFT_BEHIND.isdisjoint(folders)


def leaves(path: str) -> bool:
    """Whether a relative path is not one, or leads out of the root."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return path.startswith(("/", "\\")) or ".." in parts or "://" in path


def root_of(ref: DataRef) -> Root:
    """The root that `ref` names, known to be a directory. Raises `DataError` where it names none, or none that is."""
    if ref.root is None:
        raise DataError(f"{ref.source} reads files, got no root. Give the directory that holds the release as root.")
    root = Root(ref.root)
    root.check()
    return root


def _identity(place: str) -> object:
    """What a folder is on the disk, whatever it is called; its name where the file system does not say."""
    try:
        status = os.stat(place)
    except OSError:
        return place
    return (status.st_dev, status.st_ino) if status.st_ino else place


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"
