"""The tables below a root, as text, in the forms that people keep them in."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root
from datasets.sources.csv_tables import separator

TEXT = ("csv", "tsv", "tab", "txt")
UNREAD = ("xlsx", "xls", "ods", "sav", "mat", "h5", "hdf5", "json", "jsonl", "db", "sqlite")


def read_all(root: Root, paths: list[str], left_out: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Path and content of each table of several columns; what is no table is passed over, and a form that is not read
    is told in `left_out`."""
    for path in paths:
        ending = path.rpartition(".")[2].lower()
        if ending in UNREAD:
            left_out.append(f"{path}: tables are read as CSV, TSV or parquet; export it as one.")
        if ending not in (*TEXT, "parquet"):
            continue
        table = _parquet(root, path) if ending == "parquet" else _text(root, path)
        if table is not None and len(table) and len(table.columns) > 1:
            yield path, table


def _text(root: Root, path: str) -> pd.DataFrame | None:
    try:
        content = root.read(path)
        try:
            text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252")  # what spreadsheets of Western Europe write
        table = pd.read_csv(io.StringIO(text), dtype=str, sep=separator(text))
    except (DataError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        return None
    return table.astype(object).rename(columns=lambda name: str(name).strip())


def _parquet(root: Root, path: str) -> pd.DataFrame | None:
    try:
        table = pd.read_parquet(io.BytesIO(root.read(path)))
    except (DataError, ValueError, OSError):
        return None
    return table.astype("string").astype(object).rename(columns=str)
