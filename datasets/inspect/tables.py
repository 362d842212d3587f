"""The tables below a root, as text, in the forms that people keep them in."""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Iterator

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root
from datasets.sources.csv_tables import separator

TEXT = ("csv", "tsv", "tab", "txt")
UNREAD = ("xlsx", "xls", "ods", "sav", "mat", "h5", "hdf5", "json", "jsonl", "db", "sqlite")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[^\n]*\n')


def read_all(root: Root, paths: list[str], left_out: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Path and content of each table of several columns; what is no table is passed over, and a form that is not read
    is told in `left_out`."""
    unread: dict[str, list[str]] = {}
    for path in paths:
        unread.setdefault(path.rpartition(".")[2].lower(), []).append(path)
    for ending in UNREAD:
        if found := unread.get(ending):
            which = found[0] if len(found) == 1 else f"{len(found):,} .{ending} files (the first: {found[0]})"
            left_out.append(f"{which}: tables are read as CSV, TSV or parquet; export it as one.")
    for path in paths:
        ending = path.rpartition(".")[2].lower()
        if ending not in (*TEXT, "parquet"):
            continue
        try:
            table = _parquet(root, path) if ending == "parquet" else _text(root, path)
        except (DataError, ValueError, TypeError, OSError) as error:
            reason = str(error).strip().partition("\n")[0]
            if ending == "txt":  # a licence or a note, most often
                continue
            left_out.append(f"{path} cannot be read as a table: {reason}. Save it as CSV in UTF-8.")
            continue
        if len(table) and len(table.columns) > 1:
            yield path, table


def _text(root: Root, path: str) -> pd.DataFrame:
    """A text as a table, its cells as they are written: `NA` and `null` may be names. Raises `DataError` or
    `ValueError` where it does not parse; a text of one column is an empty table."""
    content = root.read(path)
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")  # what spreadsheets of Western Europe write
    text = unicodedata.normalize("NFC", text)
    mark = separator(text)
    if match := _SEPARATOR_LINE.match(text):  # what Excel writes for itself
        mark, text = match[1], text[match.end() :]
    elif mark not in text.partition("\n")[0] and "|" in text.partition("\n")[0]:
        mark = "|"
    if mark not in text.partition("\n")[0]:
        return pd.DataFrame()
    table = _parse(text, mark)
    table = table.astype(object)
    trimmed = [str(name).strip() for name in table.columns]
    table.columns = pd.Index(trimmed if len(set(trimmed)) == len(trimmed) else list(map(str, table.columns)))
    blank = [name for name in table.columns if name.startswith("Unnamed:") and table[name].isna().all()]
    return table.drop(columns=blank)  # lines that end in a separator


def _parse(text: str, mark: str) -> pd.DataFrame:
    """Raises `ValueError` for rows of more cells than the header has names: which is which nobody knows."""
    head, _, rest = text.partition("\n")
    lines = [line for line in rest.splitlines() if line.strip()]
    if not head.rstrip().endswith(mark) and lines and all(line.endswith(mark) for line in lines):
        text = f"{head.rstrip()}{mark}\n{rest}"
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return pd.read_csv(
                io.StringIO(text), dtype=str, sep=mark, keep_default_na=False, na_values=[""], index_col=False
            )
        except pd.errors.ParserWarning as warning:
            raise ValueError(
                "rows have more cells than the header has names, as where a number with a decimal comma is not quoted"
            ) from warning


def _parquet(root: Root, path: str) -> pd.DataFrame:
    table = pd.read_parquet(io.BytesIO(root.read(path)))
    return table.astype("string").astype(object).rename(columns=str)
