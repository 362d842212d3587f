"""What a broken link of a study's chain is, and what its links compare with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from study.base.errors import StudyError
from study.plan.cells import Plan
from study.protocol import protocol
from study.protocol.protocol import Protocol
from study.store.directory import StudyDirectory

CHANGEABLE = (
    "compare", "evaluate", "operating_points", "tests", "select", "replicate", "search", "accept_unfair",
    "accept_leaks",
)  # fmt: skip
"""Keys of a spec that may change with a reason after test labels were read: the trials stay what they are."""


@dataclass(frozen=True, kw_only=True)
class Break:
    """A link that does not hold. `reopenable`: `--reopen REASON` accepts the study as it is now."""

    link: str
    path: Path
    message: str
    reopenable: bool = False


def sealed_protocol(directory: StudyDirectory) -> Protocol | None:
    """The protocol, if it is there and sound; its own look says what is wrong with it."""
    try:
        return protocol.load(directory)
    except StudyError:
        return None


def changed_keys(sealed: Protocol, plan: Plan) -> list[str]:
    """Keys of the spec that are not as they were sealed."""
    now = plan.spec.identity()
    return [name for name in {**now, **sealed.spec} if now.get(name) != sealed.spec.get(name)]
