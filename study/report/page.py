"""The page: sections in order, one template, one style sheet, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from study.report.figures.svg import Canvas
from study.report.inputs.context import Accepted
from study.report.inputs.loaded_tables import ReportData
from study.report.table import Table

NOTHING = Markup("")


@dataclass(frozen=True, kw_only=True)
class Section:
    """One question of the reader and its answer: `lead` says it in a sentence, `body` shows it, then come `tables`.

    `files` are tables that `body` shows already; both are written to the tables directory. `sources` names the input
    files of its numbers. A folded section opens on a click.
    """

    id: str
    title: str
    lead: str = ""
    body: Markup = NOTHING
    tables: Sequence[Table] = field(default_factory=tuple)
    files: Sequence[Table] = field(default_factory=tuple)
    sources: Sequence[str] = field(default_factory=tuple)
    folded: bool = False


def figure(svg: Markup, caption: str) -> Markup:
    """One panel with its caption above it."""
    return Markup("<figure><figcaption>{}</figcaption>{}</figure>").format(caption, svg)


def panels(figures: Sequence[Markup], wide: bool = False) -> Markup:
    """Panels side by side, as many as fit; wide ones at most two."""
    return Markup('<div class="panels{}">{}</div>').format(" wide" if wide else "", Markup("").join(figures))


def fold(title: str, body: Markup, long: bool = False) -> Markup:
    """Something that opens on a click, and in print unless it is long."""
    opening = Markup('<details class="long">') if long else Markup("<details>")
    return opening + Markup("<summary>{}</summary>{}</details>").format(title, body)


def paragraph(text: object, css: str = "") -> Markup:
    """One paragraph."""
    return Markup('<p class="{}">{}</p>').format(css, text) if css else Markup("<p>{}</p>").format(text)


def bullets(items: Sequence[object]) -> Markup:
    """A plain list."""
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in items))


def accepted(item: Accepted) -> Markup:
    """A broken rule or a leak with the reason that its authors give."""
    message = f": {item.message}." if item.message else "."
    return Markup("<b>{}</b>{} Reason given: “{}”").format(item.what, message, item.reason)


def key(data: ReportData, methods: Sequence[str]) -> Markup:
    """What colours and markers mean, for figures that have no room for direct labels."""
    items = []
    for method in methods:
        style = data.palette[method]
        canvas = Canvas(16, 12, "")
        canvas.marker(8, 6, style.marker, f"fill {style.css}")
        items.append(Markup("<span>{}{}</span>").format(canvas.render(), method))
    return Markup('<p class="key" aria-label="Colours and markers">{}</p>').format(Markup("").join(items))


def render(data: ReportData, sections: Sequence[Section], facts: Sequence[str], answer: Section | None) -> str:
    """The whole HTML file."""
    environment = Environment(
        loader=PackageLoader("study.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text: str = environment.get_template("report.html.j2").render(
        data=data,
        context=data.context,
        sections=sections,
        answer=answer,
        facts=facts,
        style=Markup(style_sheet()),
        sources=sources,
    )
    return text


def style_sheet() -> str:
    """The one style sheet of page and figures."""
    return resources.files("study.report").joinpath("static/report.css").read_text(encoding="utf-8")


def sources(data: ReportData, section: Section) -> Markup:
    """The footnote that traces a section's numbers: files read with the start of their sha256, tables written."""
    read = [
        Markup("<code>{}</code>&nbsp;<span class='digest'>{}</span>").format(name, data.digests[name][:10])
        for name in section.sources
        if name in data.digests
    ]
    written = [Markup("<code>tables/{}.csv</code>").format(table.name) for table in (*section.tables, *section.files)]
    parts = [
        Markup("From {}").format(Markup(", ").join(read)) if read else None,
        Markup("numbers in {}").format(Markup(", ").join(written)) if written else None,
    ]
    shown = [part for part in parts if part]
    return Markup('<p class="source">{}</p>').format(Markup(" · ").join(shown)) if shown else Markup("")
