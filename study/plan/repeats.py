"""The searches of a cell: with `search.repeats` R, trial n belongs to search n mod R, all counted from 0.

In turn, so that at any moment each search has spent the same share of the trials, and so that a record of trials needs
no further column: what a trial belongs to follows from its number. Pair i of the replicates (from 1) trains the winners
of search (i - 1) mod R.
"""

from __future__ import annotations

from datasets.base.seeds import seed


def search_of_trial(number: int, repeats: int) -> int:
    """Which search of its cell a trial belongs to."""
    return number % repeats


def search_of_pair(pair: int, repeats: int) -> int:
    """Which search's winners a pair of the replicates trains."""
    return (pair - 1) % repeats


def search_seed(study_seed: int, search: int) -> int:
    """The seed of a search's design and sampler; the first search has the study's, as the only one always had."""
    return study_seed if search == 0 else seed(study_seed, "search", search)
