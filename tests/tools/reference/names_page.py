"""What a spec may choose by name, from the registries, each with the first sentence of its module."""

from __future__ import annotations

import importlib
import re
from typing import Any

from datasets.base.registry import Registry
from datasets.sources import SOURCES
from study.spec.choices import SAMPLERS, SCHEDULERS, SELECTION_RULES
from trainables.encoders.registry import ENCODERS
from trainables.pipelines.registry import PIPELINES
from trainables.ssl.methods import SSL_METHODS

OPENING = """# Names

What ships, by kind. A package of yours can add to each, and `study encoders list` and the error about an unknown name
list those too.
"""
KINDS: dict[str, Registry[Any]] = {
    "Pipelines": PIPELINES,
    "Sources of images": SOURCES,
    "Samplers": SAMPLERS,
    "Schedulers": SCHEDULERS,
    "Selection rules": SELECTION_RULES,
    "Self-supervised methods (`study pretrain`)": SSL_METHODS,
}


def names_page() -> str:
    """Markdown: encoders with paper, data and licence; every other kind with what it is."""
    lines = [
        OPENING,
        "## Encoders",
        "",
        "| name | paper | weights | pre-trained on | licence |",
        "|---|---|---|---|---|",
    ]
    for name, place in shipped(ENCODERS).items():
        recipe = _load(place)
        cells = (recipe.paper, recipe.obtain, recipe.pretrained_on, recipe.licence)
        lines.append(f"| `{name}` | {' | '.join(_cell(cell) for cell in cells)} |")
    for title, registry in KINDS.items():
        lines += ["", f"## {title}", "", "| name | what |", "|---|---|"]
        lines += [f"| `{name}` | {_cell(_first_sentence(place))} |" for name, place in shipped(registry).items()]
    return "\n".join(lines)


def shipped(registry: Registry[Any]) -> dict[str, Any]:
    """Our own entries by name, without those of packages that happen to be installed."""
    return dict(registry._entries)


def _load(place: Any) -> Any:
    if not isinstance(place, str):
        return place
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _first_sentence(place: Any) -> str:
    """What the module of an entry says of itself first."""
    module = place.partition(":")[0] if isinstance(place, str) else _load(place).__module__
    text = " ".join((importlib.import_module(module).__doc__ or "").split("\n\n")[0].split())
    return re.split(r"(?<=[a-z)`])\. (?=[A-Z`])", text)[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
