"""Which reference pages there are. `tests/test_docs.py` holds the committed ones equal to what is made here."""

from __future__ import annotations

from pathlib import Path

from tests.tools.reference.api_page import api_page
from tests.tools.reference.cli_page import cli_page
from tests.tools.reference.names_page import names_page
from tests.tools.reference.spec_page import spec_page

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
NOTE = "<!-- Made by `make docs` from the code; do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """File name -> content."""
    made = {"spec.md": spec_page(), "cli.md": cli_page(), "names.md": names_page(), "api.md": api_page()}
    return {name: NOTE + text.rstrip() + "\n" for name, text in made.items()}
