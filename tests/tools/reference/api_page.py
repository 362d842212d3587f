"""The Python API reference, from signatures and docstrings."""

from __future__ import annotations

import inspect
from typing import Any

from study import api
from study.evaluation.trained_model import TrainedModel

OPENING = """# Python reference

Examples are in [From Python](../python-api.md). Bad input is one `study.base.errors.StudyError`.
"""


def api_page() -> str:
    """Markdown: what `import study` offers, and the classes that it returns."""
    parts = [OPENING, *(_function(f"study.{name}", getattr(api, name)) for name in ("run", "open"))]
    for name, kind in (("Study", api.Study), ("TrainedModel", TrainedModel)):
        parts.append(f"## {name}\n\n{inspect.cleandoc(kind.__doc__ or '')}\n")
        parts += [_function(f"{name}.{method}", value, "###") for method, value in _public(kind)]
    return "\n".join(parts)


def _public(kind: type) -> list[tuple[str, Any]]:
    return [
        (name, value) for name, value in vars(kind).items() if inspect.isfunction(value) and not name.startswith("_")
    ]


def _function(name: str, function: Any, level: str = "##") -> str:
    signature = str(inspect.signature(function)).replace("'", "").replace("(self, ", "(").replace("(self)", "()")
    title = f"{level} {name.rpartition('.')[2] if level == '###' else name}"
    return f"{title}\n\n```python\n{name}{signature}\n```\n\n{inspect.cleandoc(function.__doc__ or '')}\n"
