"""A table of the report, and its four forms: HTML, CSV, Markdown, LaTeX (booktabs).

CSV holds the numbers (six significant digits); the others hold what a reader should see.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape


@dataclass(frozen=True)
class Cell:
    """What one cell shows. `sub` is a second, smaller line; `mark` a trailing sign that the notes explain."""

    text: str
    bold: bool = False
    sub: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """Rows to show and the numbers behind them.

    `align` has one letter a column: `l` (row headings and text) or `r` (numbers). `numbers` is what the CSV holds.
    `group`: rows are set off where the first column changes, and its repeated values are shown once.
    """

    name: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    align: str
    numbers: pd.DataFrame
    notes: Sequence[str] = ()
    group: bool = False

    def _all(self) -> list[list[Cell]]:
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]

    def cells(self) -> list[list[Cell]]:
        """All rows as cells, repeated group headings blanked."""
        rows = self._all()
        if not self.group:
            return rows
        shown, last = [], None
        for row in rows:
            shown.append([Cell("", sub=""), *row[1:]] if row[0] == last else row)
            last = row[0]
        return shown

    def csv(self) -> str:
        """Comma-separated numbers. Text that a spreadsheet would run as a formula has an apostrophe before it."""
        out = io.StringIO()
        safe = self.numbers.rename(columns=_inert).map(_inert)
        safe.to_csv(out, index=False, float_format="%.6g", lineterminator="\n")
        return out.getvalue()

    def markdown(self) -> str:
        """A pipe table with its caption and notes."""

        def plain(text: str) -> str:
            return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", " ".join(text.split()))

        def shown(cell: Cell) -> str:
            text = " ".join(part for part in (plain(cell.text) + plain(cell.mark), plain(cell.sub)) if part)
            return f"**{text}**" if cell.bold and text else text

        rule = [":--" if letter == "l" else "--:" for letter in self.align]
        lines = [[plain(name) for name in self.header], rule, *([shown(c) for c in row] for row in self.cells())]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n\n".join([plain(self.caption), body, *(plain(note) for note in self.notes)]) + "\n"

    def latex(self) -> str:
        """A `table` environment for the booktabs package; every special character is escaped."""

        def shown(cell: Cell) -> str:
            text = tex(cell.text) + (rf"\textsuperscript{{{tex(cell.mark)}}}" if cell.mark else "")
            text = rf"\textbf{{{text}}}" if cell.bold and text else text
            return rf"{text} {{\footnotesize {tex(cell.sub)}}}" if cell.sub else text

        body = []
        for index, row in enumerate(self.cells()):
            if self.group and index and row[0].text:
                body.append(r"\midrule")
            body.append(" & ".join(shown(cell) for cell in row) + r" \\")
        note = [rf"\par\footnotesize {tex(' '.join(self.notes))}"] if self.notes else []
        lines = [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{tex(self.caption)}}}",
            rf"\label{{tab:{self.name}}}",
            rf"\begin{{tabular}}{{{self.align}}}",
            r"\toprule",
            " & ".join(tex(name) for name in self.header) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *note,
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"

    def html(self) -> Markup:
        """A table with caption, column and row headings, in a box of its own that scrolls where it is too wide.

        Groups get a heading row, so that the first column names the row and can stay in view on a narrow screen.
        """
        skip = 1 if self.group else 0
        columns = list(zip(self.header, self.align, strict=True))[skip:]
        head = "".join(f'<th scope="col" class="{side}">{escape(name)}</th>' for name, side in columns)
        body, last = [], None
        for row in self._all():
            if self.group and row[0] != last:
                title = f"{escape(self.header[0])}: {escape(row[0].text)}"
                body.append(
                    f'<tr class="group"><th scope="rowgroup" colspan="{len(columns)}"><span>{title}</span></th></tr>'
                )
                last = row[0]
            cells = zip(row[skip:], self.align[skip:], strict=True)
            body.append(f"<tr>{''.join(_td(cell, side, i == 0) for i, (cell, side) in enumerate(cells))}</tr>")
        notes = "".join(f"<p class='note'>{escape(note)}</p>" for note in self.notes)
        return Markup(
            f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(self.caption)}"><table>'
            f"<caption>{escape(self.caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table></div>{notes}"
        )


def _inert(value: object) -> object:
    """Text that starts like a formula, behind an apostrophe: method names come from specs, and so from anyone."""
    if not isinstance(value, str):
        return value
    mark = "'" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else ""
    return mark + value.replace("\r", " ")  # unquoted, it would begin a new line


def _td(cell: Cell, side: str, first: bool) -> str:
    mark = f"<sup>{escape(cell.mark)}</sup>" if cell.mark else ""
    text = f"{escape(cell.text)}{mark}"
    text = f"<b>{text}</b>" if cell.bold else text
    sub = f"<span class='sub'>{escape(cell.sub)}</span>" if cell.sub else ""
    tag = 'th scope="row"' if first and side == "l" else "td"
    return f'<{tag} class="{side}">{text}{sub}</{tag.split()[0]}>'


_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "±": r"$\pm$", "≥": r"$\geq$", "≤": r"$\leq$",
    "×": r"$\times$", "–": "--", "…": r"\ldots{}", "≈": r"$\approx$", "†": r"\textdagger{}", "→": r"$\rightarrow$",
    "<": r"\textless{}", ">": r"\textgreater{}", "·": r"$\cdot$", "Δ": r"$\Delta$",
}  # fmt: skip


def tex(text: str) -> str:
    """The text with LaTeX's special characters escaped."""
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))
