"""Which share of the slots' time is training, in a search of trials of two seconds."""

from __future__ import annotations

from study.cluster import connection
from tests.benchmarks.engine import search

SECONDS = 2.0  # of a trial (`toys.two_seconds`)
EPOCHS = (1, 4)
"""Epochs of a trial: the more, the more often it waits for an answer."""


def run(short: bool) -> dict:
    """Searches of trials in one epoch and in four, on all slots of this machine's own Ray."""
    connection.connect()
    slots = sum(int(node["CPU"]) for node in connection.nodes())
    return {
        "title": "Slot time in training, trials of 2 s",
        "rows": [_row(18 if short else 125, epochs, slots) for epochs in EPOCHS],
        "note": f"{slots} slots; a trial keeps a core busy for {SECONDS:g} s, so that the driver has none for itself. "
        "Whole: of the search, the start of its processes included. Steady: from the end of the first trials to that "
        "of the last.",
    }


def _row(trials: int, epochs: int, slots: int) -> dict:
    found = search(trials, max_epochs=epochs, train="tests.study.search.toys:two_seconds", scheduler="none")
    ends = found["ends"]
    steady = SECONDS * (len(ends) - slots) / (slots * (ends[-1] - ends[slots - 1]))
    return {
        "trials": len(ends),
        "epochs of each": epochs,
        "whole": f"{SECONDS * len(ends) / (slots * found['seconds']):.1%}",
        "steady": f"{steady:.1%}",
    }
