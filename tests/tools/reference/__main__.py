"""The reference pages of the documentation, made from the code: `python -m tests.tools.reference` renews them.

`--check` changes nothing and names the pages that are not as the code says.
"""

from __future__ import annotations

import sys

from tests.tools.reference.pages import FOLDER, pages

made = pages()
old = [name for name, text in made.items() if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text]
if "--check" in sys.argv:
    sys.exit(f"run `make docs`: {', '.join(old)}" if old else 0)
for name in old:
    (FOLDER / name).write_text(made[name], encoding="utf-8")
    print(FOLDER / name)
