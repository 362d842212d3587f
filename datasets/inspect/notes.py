"""The sentences that a look at a folder gathers for its owner."""

from __future__ import annotations

from dataclasses import dataclass, field

SHOWN = 12
"""Sentences of one kind that an error repeats."""


@dataclass
class Notes:
    """`said`: what was understood; `careful`: what was taken and may be wrong, or not taken and may matter;
    `left_out`: what was not taken and why."""

    said: list[str] = field(default_factory=list)
    careful: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def so_far(self) -> str:
        """All of it as lines to follow an error, "" where nothing was noted: who gets no study sees why."""
        kinds = (("understood", self.said), ("careful", self.careful), ("left out", self.left_out))
        lines = [f"\n  {kind}: {sentence}" for kind, sentences in kinds for sentence in sentences[:SHOWN]]
        return "\nUntil then:" + "".join(lines) if lines else ""
