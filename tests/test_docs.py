"""The documentation says what is true: links lead somewhere, commands and fields exist, made pages are as the code."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from study import cli
from study.spec.model import StudySpec
from tests.study.example_study import raw

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
USE = re.compile(r"^(?:\S*/)?study ((?:(?:data|encoders|spec) )?[a-z]+)\b([^#;|]*)")


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)


def code(path: Path) -> list[str]:
    """Lines of code of a page: fenced, indented, or within backticks."""
    text = path.read_text()
    fenced = [
        line
        for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for line in block.split("\n")
    ]
    indented = [line.strip() for line in prose(path).splitlines() if line.startswith("    ")]
    return [*fenced, *indented, *re.findall(r"`([^`\n]+)`", prose(path))]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown makes them."""
    found = set()
    for title in re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", title.replace("`", "")).strip().lower()
        found.add(re.sub(r"[-\s]+", "-", plain))
    return found


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page):
    for link, picture in LINK.findall(prose(page)):
        target = link or picture
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} is not there"
        assert file.is_relative_to(DOCS if page.is_relative_to(DOCS) else ROOT), f"{target} is not part of the site"
        if anchor:
            assert anchor in anchors(file), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_and_options_exist(page):
    commands = typer.main.get_command(cli.app)
    for name, rest in [found.groups() for line in code(page) if (found := USE.match(line))]:
        command = commands
        for part in name.split():
            if not hasattr(command, "commands"):
                break
            assert part in command.commands, f"study {name}: no such command"
            command = command.commands[part]
        known = {flag for parameter in command.params for flag in parameter.opts}
        wrong = set(re.findall(r"--[a-z][a-z-]*", rest)) - known
        assert not wrong, f"study {name} has no {wrong}"


def specs() -> list[tuple[str, str]]:
    """Pieces of specs in the pages: blocks of YAML whose keys are a spec's."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
            whole = re.sub(r"sha256: \S*…", f"sha256: {'a' * 64}", block)
            if set(yaml.safe_load(whole)) <= set(StudySpec.model_fields):
                found.append((f"{ids(page)}: {block.splitlines()[0]}", whole))
    return found


@pytest.mark.parametrize("block", [block for _, block in specs()], ids=[name for name, _ in specs()])
def test_pieces_of_specs_are_specs(block):
    StudySpec.model_validate(raw() | yaml.safe_load(block))


def test_every_page_is_in_the_navigation():
    def listed(node):
        return [node] if isinstance(node, str) else [page for value in children(node) for page in listed(value)]

    def children(node):
        return node.values() if isinstance(node, dict) else node

    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    assert sorted(listed(site["nav"])) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_reference_pages_are_as_the_code_says():
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.reference", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="the extra `docs` is not installed")
def test_the_site_builds_strictly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
