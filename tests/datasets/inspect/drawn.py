"""Folders of tiny drawn pictures, and tables beside them, as people have them."""

from pathlib import Path

from datasets.inspect import Found, inspect
from tests.datasets.releases import picture


def pictures(root, names):
    for number, name in enumerate(names):
        picture(root / name, number, size=(6, 8))


def write(root: Path, name: str, *rows: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(rows), encoding="utf-8")


def look(root: Path, image_column: str | None = None, **answers: str) -> Found:
    return inspect(str(root), answers, image_column)


def column(found: Found, name: str, part: str = "train") -> dict[str, object]:
    """Path -> value."""
    return dict(found.sets[part][["path", name]].to_numpy())


def told(found: Found) -> str:
    return "\n".join((*found.said, *found.careful, *found.left_out))
