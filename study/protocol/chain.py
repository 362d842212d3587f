"""The chain spec → splits → trials → selection → protocol → predictions → comparison, looked at link by link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from datasets.base.errors import DataError
from study.base.errors import StudyError
from study.plan.cells import Plan
from study.protocol import sealed_links, search_links
from study.protocol.link import Break
from study.store.directory import StudyDirectory

Look = Callable[[Plan, StudyDirectory], Iterator[Break]]


def breaks(plan: Plan, directory: StudyDirectory) -> list[Break]:
    """Every link of a study that does not hold, in the order of the chain. Reads; changes nothing."""
    found: list[Break] = []
    for link, path, look in (
        ("spec", directory.spec, search_links.spec_link),
        ("splits", directory.root / "splits", search_links.splits_link),
        ("trials", directory.root / "trials.db", search_links.trials_link),
        ("protocol", directory.protocol, sealed_links.protocol_link),
        ("operating points", directory.operating_points, sealed_links.operating_points_link),
        ("log", directory.test_reads, sealed_links.log_link),
        ("predictions", directory.predictions, sealed_links.predictions_link),
    ):
        found += _caught(link, path, look, plan, directory)
    return found


def _caught(link: str, path: Path, look: Look, plan: Plan, directory: StudyDirectory) -> list[Break]:
    """What a look finds; a record that cannot be read is a broken link too."""
    try:
        return list(look(plan, directory))
    except (StudyError, DataError) as error:
        return [Break(link=link, path=path, message=str(error), reopenable="--reopen" in str(error))]
