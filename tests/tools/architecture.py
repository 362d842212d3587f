"""The map of the house: rooms, floors, arrows and circles, computed from the imports.

`python -m tests.tools.architecture` prints the numbers and the rooms; `--root DIR` looks at another copy of the tree,
for instance an older one; `--write` renews the map in `docs/architecture.md`.

A room is a package directly below a top-level package, or a module there. Every import counts, also one inside a
function or for type checking alone. An arrow is a pair of rooms; the first imports the second. A room's floor is one
above the highest floor that it imports. A circle is a set of modules that import each other, directly or not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import grimp
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[2]
TOPS = ("study", "trainables", "datasets", "search_spaces")
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- map: begin -->", "<!-- map: end -->"


@dataclass(frozen=True)
class Architecture:
    """Modules with what each imports of ours, and their lengths in lines."""

    imports: dict[str, set[str]]
    lines: dict[str, int]

    @cached_property
    def rooms(self) -> list[str]:
        """All rooms, sorted."""
        return sorted({room_of(module) for module in self.imports} - {""})

    @cached_property
    def arrows(self) -> set[tuple[str, str]]:
        """Pairs of rooms; the first imports the second."""
        pairs = {(room_of(a), room_of(b)) for a, others in self.imports.items() for b in others}
        return {(a, b) for a, b in pairs if a and b and a != b}

    @cached_property
    def circles(self) -> list[list[str]]:
        """Sets of modules that import each other."""
        names = sorted(self.imports)
        number = {name: index for index, name in enumerate(names)}
        pairs = [(number[a], number[b]) for a, others in self.imports.items() for b in others]
        rows, columns = zip(*pairs, strict=True)
        graph = csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(names), len(names)))
        count, label = connected_components(graph, directed=True, connection="strong")
        groups = [[names[i] for i in np.flatnonzero(label == group)] for group in range(count)]
        return [group for group in groups if len(group) > 1]

    @cached_property
    def floors(self) -> dict[str, int]:
        """The floor of every room, 1 at the bottom; rooms that import each other in a circle share one."""
        floors = dict.fromkeys(self.rooms, 1)
        for _ in self.rooms:  # a path without circles is no longer than the number of rooms
            for a, b in self.arrows:
                if (b, a) not in self.arrows:
                    floors[a] = max(floors[a], min(floors[b] + 1, len(self.rooms)))
        return floors

    def needed(self) -> set[tuple[str, str]]:
        """The arrows that no longer path implies: what is left is enough to draw."""
        beyond = {room: self._reach(room) for room in self.rooms}
        return {(a, b) for a, b in self.arrows if not any(b in beyond[c] for x, c in self.arrows if x == a and c != b)}

    def _reach(self, room: str) -> set[str]:
        reached: set[str] = set()
        waiting = [room]
        while waiting:
            for b in {b for a, b in self.arrows if a == waiting[-1]} - reached:
                reached.add(b)
                waiting.insert(0, b)
            waiting.pop()
        return reached


def room_of(module: str) -> str:
    """`study.search` of `study.search.engine`; "" for a top-level package itself."""
    return ".".join(module.split(".")[:2]) if "." in module and not module.endswith("__main__") else ""


def architecture(root: Path) -> Architecture:
    """The imports of the tree at `root`, read from its files; nothing of it is run."""
    sys.path.insert(0, str(root))
    try:
        graph = grimp.build_graph(*TOPS, cache_dir=None)
    finally:
        sys.path.remove(str(root))
    imports = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    lines = {}
    for module in imports:
        path = root / module.replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        lines[module] = len(file.read_text(encoding="utf-8").splitlines())
    return Architecture(imports=imports, lines=lines)


def numbers(house: Architecture) -> dict[str, str]:
    """What is measured before and after a change of the house."""
    lengths = sorted(house.lines.values())
    filled = [length for length in lengths if length]
    return {
        "rooms": str(len(house.rooms)),
        "of them in study/": str(sum(room.startswith("study.") for room in house.rooms)),
        "floors": str(max(house.floors.values())),
        "arrows between rooms": str(len(house.arrows)),
        "arrows between rooms of study/": str(
            sum(a.startswith("study.") and b.startswith("study.") for a, b in house.arrows)
        ),
        "circles of modules": f"{len(house.circles)} ({sum(map(len, house.circles))} modules)",
        "files": str(len(filled)),
        "lines": str(sum(lengths)),
        "lines a file: median, 90th percentile": f"{statistics.median(filled):g}, {np.percentile(filled, 90):.0f}",
    }


def page(house: Architecture) -> str:
    """The map as Markdown: the arrows that are enough to draw, and every room floor by floor with what it imports."""
    out = ["```mermaid", "flowchart TD"]
    out += [f"  {a} --> {b}" for a, b in sorted(house.needed())]
    out += ["```", "", "| floor | room | imports |", "|---|---|---|"]
    for room in sorted(house.rooms, key=lambda room: (-house.floors[room], room)):
        below = ", ".join(f"`{b}`" for a, b in sorted(house.arrows) if a == room)
        out.append(f"| {house.floors[room]} | `{room}` | {below or '–'} |")
    return "\n".join(out)


def written(text: str, house: Architecture) -> str:
    """The page's text with its map renewed."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{page(house)}\n\n{END}{after}"


def main() -> None:
    """Print the numbers and the rooms, or renew the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="another copy of the tree")
    parser.add_argument("--write", action="store_true", help="renew the map in docs/architecture.md")
    options = parser.parse_args()
    house = architecture(options.root.absolute())
    if options.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), house), encoding="utf-8")
        return
    for what, number in numbers(house).items():
        print(f"{what}: {number}")
    print(page(house))
    for circle in house.circles:
        print("circle:", " ".join(circle))


if __name__ == "__main__":
    main()
