"""What an audit says: one typed finding for each thing that it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`key` names the finding for ever (`lesion_overlap:train-test`), so that a spec can accept it by name.

    `message` says it in one sentence; `count` is how many images (or pairs, as the message says) it touches;
    `severity` is `error` for a leak, `warning` for what weakens a result, `note` for what could not be checked.
    """

    key: str
    message: str
    count: int
    severity: Severity
