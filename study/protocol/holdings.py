"""What a study directory holds now, as digests: the other side of every comparison with the sealed protocol."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

from datasets.base.atomic_files import file_digest, text_digest
from datasets.splits.split import Split
from study.base.errors import StudyError
from study.cluster.node_probe import code_digest
from study.store.directory import StudyDirectory
from study.store.trial import TrialRecord

OUTPUTS = {"compared": ("comparison",), "reported": ("report.html", "tables", "figures")}
"""Files and folders that the stages *compare* and *report* write."""


def read_json(path: Path, action: str) -> Any:
    """A record that must be there and whole. Raises `StudyError` with the file and what to do."""
    try:
        return json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StudyError(f"A study's records are whole, but {path} cannot be read: {error}. {action}") from error


def recorded_data(directory: StudyDirectory) -> dict[str, Any]:
    """Content of `manifests.json`; empty before the stage *prepare*."""
    if not directory.manifests.exists():
        return {}
    content = read_json(directory.manifests, "Delete it and `study run` the study again.")
    if not isinstance(content, dict) or not {"data", "splits"} <= set(content):
        raise StudyError(
            f"{directory.manifests} records data sets and splits, got another file. Delete it and `study run` again."
        )
    return content


def required_data(directory: StudyDirectory) -> dict[str, Any]:
    """`recorded_data` of a study that was prepared. Raises `StudyError` where the record or the audit is missing."""
    for path in (directory.manifests, directory.audit):
        if not path.exists():
            raise StudyError(
                f"A study records what was found in its data, but {path} is missing. `study run` the study again, "
                "which writes it anew."
            )
    return recorded_data(directory)


def classes(directory: StudyDirectory, name: str) -> list[str]:
    """The classes of a data set, as recorded; an older version recorded none, and had two."""
    recorded = recorded_data(directory).get("data", {}).get(name, {})
    return list(recorded.get("classes", ("the negative class", "the positive class")))


def class_count(directory: StudyDirectory, name: str) -> int:
    """How many classes a data set has."""
    return len(classes(directory, name))


def data_digests(directory: StudyDirectory) -> dict[str, str]:
    """Digest of every data set's manifest, as recorded."""
    return {name: str(facts["digest"]) for name, facts in recorded_data(directory).get("data", {}).items()}


def split_digests(directory: StudyDirectory) -> dict[str, str]:
    """Digest of every split file that is there, by file name."""
    return {path.name: Split.read(path).digest for path in sorted((directory.root / "splits").glob("*.csv"))}


def trials_digest(trials: list[TrialRecord]) -> str:
    """Digest of everything about the trials that a selection can rest on."""
    return text_digest([trial.content for trial in trials])


def prediction_digests(directory: StudyDirectory) -> dict[str, dict[str, Any]]:
    """Facts of every prediction table, by its path below `predictions/`."""
    return {
        path.with_suffix(".parquet").relative_to(directory.predictions).as_posix(): read_json(
            path, f"Delete it and run `study evaluate {directory.root}`."
        )
        for path in sorted(directory.predictions.rglob("*.json"))
    }


def facts_digest(facts: dict[str, Any]) -> str:
    """Digest of what is known of a prediction table, but for its own digest and its place in the log."""
    return text_digest({name: value for name, value in facts.items() if name not in ("sha256", "log")})


def output_digest(directory: StudyDirectory, kind: str) -> str | None:
    """Digest over the files that *compare* (`compared`) or *report* (`reported`) wrote; None where there are none."""
    files: list[Path] = []
    for name in OUTPUTS[kind]:
        path = directory.root / name
        files += [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
    if kind == "compared":  # the qualitative pages there belong to the stage evaluate
        files = [path for path in files if directory.panels not in path.parents]
    if not files:
        return None
    return text_digest([[path.relative_to(directory.root).as_posix(), file_digest(path)] for path in sorted(files)])


def optional_digest(path: Path) -> str | None:
    """Digest of a file's bytes; None where there is none."""
    return file_digest(path) if path.is_file() else None


def code() -> str:
    """Version and digest of this project's code."""
    return f"{importlib.metadata.version('skin-lesion-study')} {code_digest()}"
