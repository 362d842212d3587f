"""Which files are pictures of lesions: not their masks, small copies, twins in another form, or dead links."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable

from datasets.base.roots import Root
from datasets.inspect.cell_values import tokens
from datasets.inspect.diagnosis_agreement import meaning_of, settle
from datasets.inspect.notes import Notes
from datasets.inspect.picture_index import is_picture
from datasets.inspect.word_sets import word_set

_MASK = re.compile(r"(.+)[_-](?:mask|segmentation|seg|groundtruth|superpixels)", re.IGNORECASE)
_MASK_FOLDERS = word_set("mask masks segmentation segmentations groundtruth superpixels masken")
_SMALL_FOLDERS = word_set("thumb thumbs thumbnail thumbnails")
_PREFERRED = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff")
COPIES = 0.8
"""Share of the pictures of one ending with a twin in another form from which they are taken for copies."""
UNREAD = (
    "heic",
    "heif",
    "avif",
    "jfif",
    "jp2",
    "gif",
    "dcm",
    "dicom",
    "svs",
    "ndpi",
    "cr2",
    "nef",
    "arw",
    "dng",
    "psd",
)


def lesion_pictures(root: Root, files: list[str], notes: Notes) -> list[str]:
    """The pictures among a root's files; what is left out is counted in the notes by its reason."""
    unread = Counter(ending for path in files if (ending := _ending(path)) in UNREAD)
    for ending, count in sorted(unread.items()):
        notes.left_out.append(f"{count:,} .{ending} files are not read: convert them to JPEG or PNG.")
    kept = [path for path in files if is_picture(path)]
    if not root.remote:
        kept = _without_links(root, kept, notes.left_out)
    kept = _without(kept, lambda path: _in_folder(path, _MASK_FOLDERS), "lie in a folder of masks", notes.left_out)
    kept = _without(
        kept, lambda path: _in_folder(path, _SMALL_FOLDERS), "lie in a folder of small copies", notes.left_out
    )
    stems = {_stem(path) for path in kept}
    kept = _without(
        kept,
        lambda path: (found := _MASK.fullmatch(_stem(path))) is not None and found[1] in stems,
        "are masks of pictures by their names",
        notes.left_out,
    )
    twins = _twins(kept)
    copies = {ending for ending, (there, of) in _shares(kept, twins).items() if there >= COPIES * of}
    kept = _without(
        kept,
        lambda path: path in twins and _ending(path) in copies,
        "lie beside one of the same name in another form",
        notes.left_out,
    )
    rest = [path for path in kept if path in twins]
    if rest:
        notes.careful.append(
            f"{len(rest):,} pictures have the name of another one beside them but for the ending (the first: "
            f"{rest[0]}): they count as pictures of their own. Remove them where they are copies."
        )
    return kept


def _twins(paths: list[str]) -> set[str]:
    """Pictures beside one of the same name in a form that comes before theirs."""
    best: dict[str, str] = {}
    for path in sorted(paths, key=lambda path: _PREFERRED.index(_ending(path))):
        best.setdefault(path.rpartition(".")[0].lower(), path)
    return set(paths) - set(best.values())


def _shares(paths: list[str], twins: set[str]) -> dict[str, tuple[int, int]]:
    """How many pictures of each ending are twins, of how many."""
    of = Counter(map(_ending, paths))
    return {ending: (sum(_ending(path) == ending for path in twins), count) for ending, count in of.items()}


def _ending(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _without(
    paths: list[str], odd: Callable[[str], bool], why: str, left_out: list[str], *, even_all: bool = False
) -> list[str]:
    """The paths that are not odd; where all are, all, unless `even_all`."""
    out = [path for path in paths if odd(path)]
    if not out or (len(out) == len(paths) and not even_all):
        return paths
    left_out.append(f"{len(out):,} pictures {why} (the first: {out[0]}).")
    gone = set(out)
    return [path for path in paths if path not in gone]


def _without_links(root: Root, paths: list[str], left_out: list[str]) -> list[str]:
    """Without links to nothing, and each file once: of several ways to one file the one whose folders name a diagnosis
    counts, then the one that is no link."""
    status = {path: _file(os.path.join(root.location, path)) for path in paths}
    there = _without(paths, lambda path: status[path] is None, "are links to nothing", left_out, even_all=True)
    files = Counter(status[path] for path in there)
    ways: dict[str, list[str]] = {}
    for path in there:
        several = files[status[path]] > 1  # a second name on the disk is no link, so that the real place decides
        ways.setdefault(os.path.realpath(os.path.join(root.location, path)) if several else path, []).append(path)
    odd = {path for group in ways.values() if len(group) > 1 and _in_two_classes(group) for path in group}
    there = _without(there, lambda path: path in odd, "are links of one file in folders of two diagnoses", left_out)
    first = {min(group, key=lambda path: _way(root, path)) if len(group) > 1 else group[0] for group in ways.values()}
    return _without(there, lambda path: path not in first, "are links to others of these files", left_out)


def _in_two_classes(paths: list[str]) -> bool:
    words = [folder for path in paths for folder in path.split("/")[:-1] if meaning_of(folder) is not None]
    return len(words) > 0 and settle(words) is None


def _way(root: Root, path: str) -> tuple[bool, bool, str]:
    named = any(meaning_of(folder) is not None for folder in path.split("/")[:-1])
    place = os.path.join(root.location, path)
    return not named, os.path.realpath(place) != os.path.join(os.path.realpath(root.location), path), path


def _file(path: str) -> tuple[int, int] | None:
    """What a path leads to on the disk; None where it leads nowhere."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _in_folder(path: str, words: frozenset[str]) -> bool:
    return any(not words.isdisjoint(tokens(folder)) for folder in path.split("/")[:-1])


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].lower()
