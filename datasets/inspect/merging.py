"""What several tables, and the folders, say together about each picture."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from datasets.inspect import folders
from datasets.inspect.diagnosis_agreement import agree, meaning_of, settle
from datasets.inspect.diagnosis_names import is_of_a_model
from datasets.inspect.notes import Notes

LEVELS = 2
"""Levels of folders that say nothing and are told."""


def join(table: pd.DataFrame, named: list[tuple[str, pd.DataFrame]], notes: Notes) -> set[str]:
    """Fill `table` (by path) from tables with their names, the one of most pictures first; returns the pictures that
    have no diagnosis because statements about them contradict each other."""
    named = sorted(named, key=lambda each: (-len(each[1]), each[0]))
    conflicts: set[str] = set().union(*(rows.attrs["conflicts"] for _, rows in named))
    speaking = [(name, rows) for name, rows in named if "diagnosis" in rows and rows["diagnosis"].notna().any()]
    trusted = [each for each in speaking if not is_of_a_model(each[0].rpartition("/")[2])]
    if trusted and len(trusted) < len(speaking):
        names = ", ".join(name for name, _ in speaking if name not in dict(trusted))
        notes.careful.append(f"{names}: by the name these are predictions; their diagnoses are not taken.")
        speaking = trusted
    elif speaking and not trusted:
        names = ", ".join(name for name, _ in speaking)
        notes.careful.append(f"{names}: by the name these are predictions, and no other table has diagnoses.")
    words = _settled(speaking, conflicts, notes)
    filled = table.set_index("path").astype(object)
    for name, rows in named:
        known = rows.set_index("path").astype(object).drop(columns="diagnosis", errors="ignore")
        _say_other_ids(name, filled, known, notes)
        filled = filled.combine_first(known).reindex(index=table["path"], columns=filled.columns)
    filled["diagnosis"] = pd.Series({path: words.get(path) for path in filled.index}, dtype=object)
    table[filled.columns] = filled.to_numpy()
    nameless = set(table["path"]) - {path for _, rows in named for path in rows["path"]}
    if named and nameless:
        notes.careful.append(f"{len(nameless):,} pictures are in no table (the first: {min(nameless)}).")
    return conflicts


def _say_other_ids(name: str, filled: pd.DataFrame, known: pd.DataFrame, notes: Notes) -> None:
    """Patients and lesions that a table names otherwise than those before it."""
    for column in ("patient_id", "lesion_id"):
        if column in known:
            before = filled[column].reindex(known.index)
            odd = before.notna() & known[column].notna() & (before != known[column])
            if odd.any():
                notes.careful.append(
                    f"{name}: {int(odd.sum()):,} pictures have another {column.removesuffix('_id')} than in a larger "
                    f"table, which counts (the first: {known.index[odd][0]})."
                )


def _settled(speaking: list[tuple[str, pd.DataFrame]], conflicts: set[str], notes: Notes) -> dict[str, str]:
    """Picture -> diagnosis; those whose tables contradict each other are added to `conflicts` and told."""
    said: dict[str, list[tuple[str, str]]] = {}
    for name, rows in speaking:
        known = rows[rows["diagnosis"].notna()]
        for path, word in zip(known["path"], known["diagnosis"], strict=True):
            said.setdefault(path, []).append((name, word))
    found: dict[str, str] = {}
    pairs: Counter[str] = Counter()
    first: dict[str, str] = {}
    for path in sorted(said):
        word = settle(each for _, each in said[path])
        if word is not None and path not in conflicts:
            found[path] = word
        elif word is None:
            conflicts.add(path)
            tables = " and ".join(name for name, _ in said[path])
            pairs[tables] += 1
            first.setdefault(tables, f"{path}: {' and '.join(repr(each) for _, each in said[path])}")
    for tables, count in pairs.items():
        notes.left_out.append(
            f"{tables} disagree about {count:,} pictures, so these have no diagnosis (the first: {first[tables]}). "
            "Take the table that is wrong out of the folder."
        )
    return found


def fill_from_folders(table: pd.DataFrame, conflicts: set[str], notes: Notes) -> None:
    """Parts, diagnoses and patients that the folders name, where no table does; contradictions are told."""
    paths = table["path"].tolist()
    parts, words = folders.parts(paths), folders.class_words(paths)
    known = table["part"].notna()
    if (parts.notna() & ~known).any():
        table["part"] = table["part"].where(known, parts)  # a table's word counts before a folder's
        counts = parts.fillna("no part").value_counts()
        notes.said.append("folders divide them: " + ", ".join(f"{count:,} {part}" for part, count in counts.items()))
    used = _diagnoses(table, words, conflicts, notes)
    patients = folders.patients(paths)
    if patients is not None:
        used |= set(patients.dropna())
        if table["patient_id"].isna().all():
            table["patient_id"] = patients
            first = patients.dropna().iloc[0]
            notes.careful.append(
                f"folders such as {first!r} are taken for patients ({patients.nunique():,}): all pictures of one stay "
                "on one side of a split. If they are none, rename them."
            )
    used |= set(table["patient_id"].dropna()) | set(table["lesion_id"].dropna())
    hint = " If each is a patient, put a table with a column patient_id beside the pictures."
    for names in folders.other_levels(paths, used)[:LEVELS]:
        shown = ", ".join(repr(name) for name in names[:3]) + (", …" if len(names) > 3 else "")
        notes.careful.append(
            f"folders {shown} are neither a diagnosis nor train, validation or test, and say nothing here."
            + (hint if table["patient_id"].isna().all() else "")
        )


def _diagnoses(table: pd.DataFrame, words: pd.Series, conflicts: set[str], notes: Notes) -> set[str]:
    """Fill diagnoses from the folders' words; returns the names of folders that say one."""
    understood = words.map(lambda word: isinstance(word, str) and _says(word)).astype(bool)
    if table["diagnosis"].isna().all() and not conflicts and words.nunique() > 1:
        table["diagnosis"] = words
        notes.said.append(f"the diagnosis is the name of a folder ({words.nunique()} names)")
        return set(words.dropna())
    lacking = table["diagnosis"].isna() & understood & ~table["path"].isin(conflicts)
    both = table["diagnosis"].notna() & understood
    odd = [place for place in table.index[both] if not agree(table["diagnosis"][place], words[place])]
    if odd:
        first = f"{table['path'][odd[0]]}: {table['diagnosis'][odd[0]]!r}"
        notes.careful.append(
            f"{len(odd):,} pictures lie in a folder of another diagnosis than their table says (the first: {first}). "
            "The table counts; look at them."
        )
    if lacking.any():
        table["diagnosis"] = table["diagnosis"].where(~lacking, words)
        notes.careful.append(
            f"{int(lacking.sum()):,} pictures without a diagnosis in a table have that of their folder. If the table "
            "lists all that you mean to use, take the others out of the folder."
        )
    return set(words[understood])


def _says(word: str) -> bool:
    found = meaning_of(word)
    return found is not None and found.side != "unknown"
