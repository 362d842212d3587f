"""Processes at one cache: builders, and readers who say how much memory their share of it takes.

Run as `python -m tests.datasets.many build|read ROOT CACHE SIDE`; a reader waits for a line before it ends.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import datasets
from datasets.base.manifest import DataRef
from datasets.cache.store import ImageStore, open_store


def folder(root: str, cache: str, side: int, progress=None) -> ImageStore:
    """The store of a folder of images."""
    manifest = datasets.load(DataRef(source="folder", root=root))
    return open_store(manifest, short_side=side, cache_root=cache, progress=progress)


def start(verb: str, root: Path, cache: Path, side: int) -> subprocess.Popen[str]:
    """One such process."""
    command = [sys.executable, "-m", "tests.datasets.many", verb, str(root), str(cache), str(side)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parents[2])


def proportional() -> tuple[int, int]:
    """Bytes of this process: proportional set size, and what of it is its own alone (private and dirty)."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    facts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return facts["Pss"], facts["Private_Dirty"]


def four_readers(root: Path, cache: Path, side: int) -> tuple[float, float, float]:
    """Of four processes that have all read every image: the sum of what reading added to their proportional sizes, the
    sum of what is theirs alone, and the size of the cache, all in bytes."""
    readers = [start("read", root, cache, side) for _ in range(4)]
    try:
        for step in ("open", "read", "measure"):
            for reader in readers:
                assert reader.stdout is not None
                assert reader.stdout.readline().strip() == step
            for reader in readers:
                assert reader.stdin is not None
                reader.stdin.write("go on\n")
                reader.stdin.flush()
        told = [[int(word) for word in reader.communicate(timeout=60)[0].split()] for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    return sum(each[0] for each in told), sum(each[1] for each in told), told[0][2]


def _read(store: ImageStore) -> None:
    """Everyone opens; then everyone reads; then, with all maps still there, everyone measures."""
    _step("open")
    before = proportional()
    total = sum(int(store[row].sum(dtype="int64")) for row in range(len(store)))
    _step("read")
    after = proportional()
    _step("measure")
    assert total > 0
    print(after[0] - before[0], after[1] - before[1], store.nbytes)


def _step(name: str) -> None:
    print(name, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    verb, root, cache, side = sys.argv[1:]
    built: list[int] = []
    store = folder(root, cache, int(side), lambda done, of: (built.append(done), print("done", done, flush=True)))
    if verb == "read":
        _read(store)
    else:
        print("built" if built else "found", len(store), flush=True)
