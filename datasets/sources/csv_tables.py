"""Reading a release's tables: as text, with the columns that its documents promise, and in words all sources share."""

from __future__ import annotations

import io

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root

FITZPATRICK = ("I", "II", "III", "IV", "V", "VI")
_UNKNOWN = ("", "unknown", "nan", "none", "n/a")


def read_table(root: Root, path: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A CSV of the release as text (null where a cell is empty), separated by commas, semicolons or tabs.

    Raises `DataError` where it is not there, does not parse, or lacks one of `columns`.
    """
    try:
        text = root.read(path).decode("utf-8-sig")
        table = pd.read_csv(io.StringIO(text), dtype=str, sep=separator(text))
    except (DataError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"The release has the table {path}, but {root.location}/{path}: {error}. Point the root at the folder that "
            "holds it."
        ) from error
    lacking = [column for column in columns if column not in table.columns]
    if lacking:
        raise DataError(
            f"{root.location}/{path}: the release's table has the columns {list(columns)}, but {lacking} are missing "
            f"from {list(table.columns)}. Take the file as it was released."
        )
    return table


def read_header(root: Root, path: str) -> list[str]:
    """The column names of a table; none where it does not parse."""
    try:
        text = root.read(path).decode("utf-8-sig")
        return list(pd.read_csv(io.StringIO(text.partition("\n")[0]), dtype=str, sep=separator(text), nrows=0).columns)
    except (DataError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        return []


def separator(text: str) -> str:
    """What separates the columns of a table, judged by its first line: a comma, a semicolon or a tab."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def one_hot(truth: pd.DataFrame, image: str, columns: tuple[str, ...], name: str) -> pd.Series:
    """The column of each row that holds its only 1; the others hold 0. Raises `DataError` for a row of another form."""
    marks = truth[list(columns)].apply(pd.to_numeric, errors="coerce")
    odd = truth[image][(marks.sum(axis=1) != 1) | ~marks.isin([0, 1]).all(axis=1)]
    if len(odd):
        raise DataError(f"{name}: each image has one diagnosis, but {odd.iloc[0]!r} has not. Take the released file.")
    return marks.idxmax(axis=1)


def words(column: pd.Series) -> pd.Series:
    """Trimmed text, null where a release says that it does not know."""
    text = column.astype("string").str.strip()
    return text.mask(text.str.lower().isin(_UNKNOWN)).astype(object).where(lambda values: values.notna(), None)


def optional(table: pd.DataFrame, name: str) -> pd.Series:
    """The words of a column; all null where the table has no such column."""
    return words(table[name]) if name in table.columns else pd.Series([None] * len(table), dtype=object)


def years(column: pd.Series) -> pd.Series:
    """Ages as float years, NaN where unknown. Raises `DataError` for what is no age."""
    ages = pd.to_numeric(words(column), errors="coerce")
    odd = column[words(column).notna() & ~ages.between(0, 120)]
    if len(odd):
        raise DataError(f"An age is a number of years from 0 to 120, got {odd.iloc[0]!r}. Correct the table.")
    return ages.astype("float64")


def sexes(column: pd.Series) -> pd.Series:
    """`male`, `female` or null. Raises `DataError` for another word."""
    text = words(words(column).str.lower() if words(column).notna().any() else column)
    odd = text[text.notna() & ~text.isin(["male", "female"])]
    if len(odd):
        raise DataError(f"A sex is male, female or empty, got {odd.iloc[0]!r}. Correct the table.")
    return text


def fitzpatrick(column: pd.Series) -> pd.Series:
    """Skin tone `I` to `VI` from 1 to 6 (also as 1.0) or from the Roman numeral itself; null where unknown.

    Raises `DataError` for another value.
    """
    table = {str(number): roman for number, roman in enumerate(FITZPATRICK, start=1)}
    table |= {f"{number}.0": roman for number, roman in table.items()} | {roman: roman for roman in FITZPATRICK}
    text = words(column)
    odd = text[text.notna() & ~text.isin(table)]
    if len(odd):
        raise DataError(f"A Fitzpatrick skin type is 1 to 6 or empty, got {odd.iloc[0]!r}. Correct the table.")
    return text.map(table).astype(object).where(lambda values: values.notna(), None)
