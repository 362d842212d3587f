"""Reading a release's tables: as text, with the columns that its documents promise, and in words all sources share."""

from __future__ import annotations

import io

import pandas as pd

from datasets.base.errors import DataError
from datasets.base.roots import Root

FITZPATRICK = ("I", "II", "III", "IV", "V", "VI")
_UNKNOWN = ("", "unknown", "nan", "none", "n/a")


def read_table(root: Root, path: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A CSV of the release as text (null where a cell is empty), separated by commas or semicolons.

    Raises `DataError` where it is not there, does not parse, or lacks one of `columns`.
    """
    try:
        text = root.read(path).decode("utf-8-sig")
        separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
        table = pd.read_csv(io.StringIO(text), dtype=str, sep=separator)
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


def first_table(root: Root, paths: tuple[str, ...], columns: tuple[str, ...]) -> pd.DataFrame:
    """The first of several tables that is there (a release and its revisions); errors as of `read_table`."""
    found = [path for path, stamp in zip(paths, root.stamps(paths), strict=True) if stamp]
    return read_table(root, (found or list(paths))[0], columns)


def words(column: pd.Series) -> pd.Series:
    """Trimmed text, null where a release says that it does not know."""
    text = column.astype("string").str.strip()
    return text.mask(text.str.lower().isin(_UNKNOWN)).astype(object).where(lambda values: values.notna(), None)


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
