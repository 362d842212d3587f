"""The command-line reference, from the commands that Typer knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from study import cli

OPENING = """# Command-line reference

Every command has `--help`. {exit_codes}
"""


def cli_page() -> str:
    """Markdown: one section a command, in the order of `study --help`."""
    said = " ".join((cli.main.__doc__ or "").split())
    parts = [OPENING.format(exit_codes=said.partition(". ")[2])]
    parts += [_section(name, command) for name, command in _commands("study", typer.main.get_command(cli.app))]
    return "\n".join(parts)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    if hasattr(command, "commands"):
        for part, inner in command.commands.items():
            yield from _commands(f"{name} {part}", inner)
    else:
        yield name, command


def _section(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([name, *(_argument(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    lines = [f"## {name}", "", f"    {usage}", "", _paragraphs(command.help or ""), ""]
    if command.params:
        lines += ["| argument or option | default | what |", "|---|---|---|"]
        lines += [f"| `{_argument(p)}` | {_default(p)} | {_cell(p.help)} |" for p in arguments]
        lines += [f"| {_flags(p)} | {_default(p)} | {_cell(p.help)} |" for p in options]
        lines.append("")
    return "\n".join(lines)


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper()
    return f"{name}…" if parameter.nargs == -1 else name


def _flags(parameter: Any) -> str:
    return ", ".join(f"`{flag}`" for flag in [*parameter.opts, *parameter.secondary_opts])


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    return "" if parameter.default in (None, False, []) else f"`{parameter.default}`"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")
