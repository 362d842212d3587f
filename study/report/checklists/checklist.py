"""A reporting checklist filled in with what the study knows, and the methods in a paragraph made of its own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from datasets.base.atomic_files import write_text
from datasets.base.registry import nearest
from study.report.checklists.facts import FACTS
from study.report.inputs.context import ReportError
from study.report.inputs.loaded_tables import ReportData, read_data

FILES = {"claim": "claim.yaml", "tripod-ai": "tripod_ai.yaml"}
METHODS = (
    "goal", "sources", "classes", "parts", "disjoint", "fractions", "initialisation", "preprocessing", "search",
    "selection", "ensembling", "metrics", "statistics", "protocol",
)  # fmt: skip
"""The facts of the methods paragraph, in the order of a paper."""
UNKNOWN = "not in the records of this study"


class Item(BaseModel):
    """One item: what it asks, the facts that answer it, and what only the authors know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: str
    section: str
    asks: str
    knows: tuple[str, ...] = ()
    authors: str = ""


class Checklist(BaseModel):
    """A checklist and where it was published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    source: str
    items: tuple[Item, ...]


@cache
def checklist(name: str) -> Checklist:
    """A checklist by its name. Raises `ReportError` for another one."""
    if name not in FILES:
        raise ReportError(f"A checklist is one of {', '.join(FILES)}, got {name!r}; {nearest(name, list(FILES))}.")
    text = resources.files("study.report.checklists").joinpath(FILES[name]).read_text(encoding="utf-8")
    return Checklist.model_validate(yaml.safe_load(text))


def write_checklist(name: str, comparison: Path, out: Path) -> None:
    """Write a checklist as Markdown from a comparison directory. Raises `ReportError`."""
    write_text(out, as_markdown(checklist(name), read_data(comparison)))


def as_markdown(chosen: Checklist, data: ReportData) -> str:
    """The checklist, a table a section, and the methods paragraph."""
    known = {name: FACTS[name](data).strip() for name in FACTS}
    open_ = [item.item for item in chosen.items if item.authors or not _told(item, known)]
    lines = [
        f"# {chosen.title}",
        "",
        f"Study {data.context.study or 'without a name'}. {chosen.source}. The items have the published numbers and "
        "this project's wording, which was written from general knowledge of them: where a journal asks for the "
        "checklist, fill in the published form from this one. The left column of answers comes from the records of the "
        "study, the right one is for its authors.",
        "",
        f"{len(chosen.items) - len(open_)} of {len(chosen.items)} items need nothing more; the authors answer "
        f"{', '.join(open_)}.",
    ]
    for section in dict.fromkeys(item.section for item in chosen.items):
        lines += ["", f"## {section}", "", "| item | asks | what the study knows | authors |", "|---|---|---|---|"]
        lines += [_row(item, known) for item in chosen.items if item.section == section]
    return "\n".join([*lines, "", "## Methods, in a paragraph", "", methods(known), ""])


def methods(known: dict[str, str]) -> str:
    """The methods as a paragraph made of the study's own numbers."""
    return " ".join(known[name] for name in METHODS if known[name])


def _told(item: Item, known: dict[str, str]) -> Sequence[str]:
    return [known[name] for name in item.knows if known[name]]


def _row(item: Item, known: dict[str, str]) -> str:
    told = " ".join(_told(item, known)) or (UNKNOWN if item.knows else "")
    asked = item.authors if item.authors or told != UNKNOWN else "all of it"
    cells = (item.item, item.asks, told or "–", f"▢ {asked}" if asked else "–")
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"
