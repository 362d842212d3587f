"""What the report is made of: the tables and facts of one comparison directory, and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from study.report.figures.palette import Palette, palette
from study.report.inputs.context import Context, ReportError, read_context


@dataclass(frozen=True)
class ReportData:
    """Tables by name, facts, and the digest of every file that was read. A table that is absent is None."""

    tables: Mapping[str, pd.DataFrame]
    context: Context
    digests: Mapping[str, str]
    directory: Path

    def table(self, name: str, *columns: str) -> pd.DataFrame | None:
        """The table, or None where there is none or it has no rows. Raises `ReportError` when a column is missing."""
        found = self.tables.get(name)
        if found is None or found.empty:
            return None
        lacking = [column for column in columns if column not in found.columns]
        if lacking:
            raise ReportError(
                f"{self.directory / name}.parquet: the table {name!r} has the columns {list(columns)}, but {lacking} "
                f"are missing from {list(found.columns)}. Run `study compare` again."
            )
        return found

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """Methods in the order of the study, the baseline first."""
        known = list(self.context.methods)
        for table in self.tables.values():
            for column in ("other", "method"):
                known += _new(table, column, known)
        if self.baseline in known:
            known.remove(self.baseline)
            known.insert(0, self.baseline)
        return tuple(known)

    def ordered(self, table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """The rows sorted by the columns: methods and test sets in the order of the study, large fractions first."""
        orders = {"method": self.methods, "other": self.methods, "dataset": self.sets}

        def rank(column: pd.Series) -> pd.Series:
            names = orders.get(str(column.name))
            return column if names is None else column.map({name: index for index, name in enumerate(names)})

        ascending = [column != "fraction" for column in columns]
        return table.sort_values(list(columns), ascending=ascending, key=rank, kind="stable")

    @cached_property
    def baseline(self) -> str | None:
        """What the others are compared with; without a context, what most differences are taken from."""
        if self.context.baseline:
            return self.context.baseline
        differences = self.table("differences", "other")
        return None if differences is None else str(differences["other"].mode().iloc[0])

    @cached_property
    def fractions(self) -> tuple[float, ...]:
        """Training fractions, the largest first."""
        found = {float(f) for table in self.tables.values() if "fraction" in table.columns for f in table["fraction"]}
        return tuple(sorted((f for f in found if f == f), reverse=True))

    @cached_property
    def sets(self) -> tuple[str, ...]:
        """Test sets: the in-distribution one first, then in the order of the study."""
        known = list(self.context.tests)
        for name in ("estimates", "differences"):
            if name in self.tables:
                known += _new(self.tables[name], "dataset", known)
        home = self.home if self.home in known else None
        return tuple([home] if home else []) + tuple(name for name in known if name != home)

    @cached_property
    def home(self) -> str | None:
        """The in-distribution test set, where there is one."""
        return self.context.in_distribution

    @cached_property
    def palette(self) -> Palette:
        """Colours and markers of the methods."""
        return palette(self.methods, self.baseline)


def read_data(directory: Path) -> ReportData:
    """Everything in a comparison directory. Raises `ReportError` when it holds no table at all."""
    paths = sorted(directory.glob("*.parquet"))
    if not paths:
        raise ReportError(
            f"A report is made from comparison tables (*.parquet), but {directory} holds none. Run `study compare`."
        )
    others = (directory / "context.json", directory / "qualitative" / "panels.json")
    files = [*paths, *(path for path in others if path.is_file())]
    return ReportData(
        tables={path.stem: pd.read_parquet(path) for path in paths},
        context=read_context(directory / "context.json"),
        digests={path.relative_to(directory).as_posix(): _digest(path) for path in files},
        directory=directory,
    )


def _new(table: pd.DataFrame, column: str, known: list[str]) -> list[str]:
    """Values of a column that are not known yet, in the order of first appearance; none where there is no column."""
    if column not in table.columns:
        return []
    return [str(value) for value in table[column].dropna().drop_duplicates() if value not in known]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries."""
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return rows


def groups(table: pd.DataFrame, column: str) -> list[tuple[Any, pd.DataFrame]]:
    """The rows by the value of a column, in the order of first appearance."""
    return list(table.groupby(column, sort=False))
