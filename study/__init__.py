"""Fair, tuned comparisons of pre-training for skin-lesion diagnosis.

`study.run(spec)` runs a study; `study.open(directory)` reads one that was started: see `study.api`.
Neither loads torch, Ray or MLflow before it needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trainables  # noqa: F401  before anything imports `datasets`: see trainables/datasets_package.py

if TYPE_CHECKING:
    from study.api import Study, open, run

__all__ = ["Study", "open", "run"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from study import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
