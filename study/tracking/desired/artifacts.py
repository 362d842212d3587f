"""The files of a study that become artifacts of its MLflow run."""

from __future__ import annotations

from pathlib import Path

from study.store.directory import StudyDirectory

FOLDERS = ("tables", "figures", "comparison", "splits")


def study_files(directory: StudyDirectory) -> tuple[tuple[Path, str], ...]:
    """The existing files, each with its artifact folder."""
    single = (
        directory.spec,
        directory.plan,
        directory.audit,
        directory.manifests,
        directory.selection,
        directory.operating_points,
        directory.test_reads,
        directory.report,
    )
    files = [(path, "") for path in single if path.is_file()]
    for name in FOLDERS:
        root = directory.root / name
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.name.startswith(".") and path.suffix != ".half":
                files.append((path, path.parent.relative_to(directory.root).as_posix()))
    return tuple(files)
