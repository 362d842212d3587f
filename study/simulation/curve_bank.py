"""A bank of real learning curves in one parquet file: what `study curves` writes and `study simulate --curves` reads.

One row a trial: `cell`, `method`, `backbone`, `fraction`, `number`, `configuration` (equal for trials with the same
parameters), `state`, `reason`, `param.<name>` for every searched parameter (null where a cell's space lacks it), and
lists over epochs: `val_auc`, `val_loss`, `train_loss`, `seconds`. The spaces stand in the file's metadata, so that a
bank is read alike after the spaces of the package have changed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from search_spaces import SearchSpace
from search_spaces.domains import Choice, Domain, Float, Int, Value
from study.base.errors import StudyError
from study.plan.cells import Cell, Plan
from study.store.trial import TrialRecord

METADATA = b"study_curves"
PER_EPOCH = ("val_auc", "val_loss", "train_loss", "seconds")


@dataclass(frozen=True, kw_only=True)
class BankTrial:
    """One recorded training. `auc` [epochs]; `failed`: it diverged after its last epoch, and what it said."""

    configuration: int
    params: Mapping[str, Value]
    auc: np.ndarray
    failed: str = ""


@dataclass(frozen=True, kw_only=True)
class BankCell:
    """The recorded trials of one method at one training fraction. `max_epochs`: of the longest of them."""

    key: str
    method: str
    backbone: str
    fraction: float
    space: SearchSpace
    max_epochs: int
    trials: tuple[BankTrial, ...]


def recorded(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials that belong into a bank: those that trained to their end or diverged."""
    return [trial for trial in trials if trial.state in ("COMPLETE", "FAIL")]


def write_bank(plan: Plan, trials: Sequence[TrialRecord], out: Path) -> Path:
    """Write every recorded trial, and the cells that have one."""
    ended = recorded(trials)
    cells = [cell for cell in plan.cells if any(trial.cell == cell.key for trial in ended)]
    names = sorted({name for cell in cells for name in cell.space.domains})
    numbers = {cell.key: _configurations(cell, ended) for cell in cells}
    rows = [_row(plan.cell(trial.cell), trial, numbers[trial.cell], names) for trial in ended]
    table = pa.Table.from_pylist(rows, schema=_schema(names))
    about = {"cells": {cell.key: _about(cell) for cell in cells}, "spec": plan.spec.identity()}
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_name(f".{out.name}.half")
    pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(about)}), half, compression="zstd")
    half.replace(out)
    return out


def read_bank(path: Path) -> list[BankCell]:
    """The cells of a bank in their order; without those that have no trial, which an older version wrote too.

    Raises `StudyError` for a file that is none.
    """
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[METADATA])
    except (OSError, KeyError, ValueError, pa.ArrowInvalid) as error:
        raise StudyError(
            f"A bank of curves is a parquet file that `study curves` wrote, got {str(path)!r}: {error}. Check the path."
        ) from error
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        rows[row["cell"]].append(row)
    return [_cell(key, facts, rows[key]) for key, facts in about["cells"].items() if key in rows]


def _configurations(cell: Cell, trials: Sequence[TrialRecord]) -> dict[str, int]:
    """Searched parameters as text -> number of the configuration, in the order of the trials."""
    found: dict[str, int] = {}
    for trial in sorted((t for t in trials if t.cell == cell.key), key=lambda t: t.number):
        found.setdefault(_text(cell, trial), len(found))
    return found


def _text(cell: Cell, trial: TrialRecord) -> str:
    return json.dumps({name: trial.params[name] for name in cell.space.domains}, sort_keys=True)


def _row(cell: Cell, trial: TrialRecord, numbers: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    searched = {name: trial.params[name] for name in cell.space.domains}
    return {
        "cell": cell.key,
        "method": cell.method.name,
        "backbone": cell.backbone,
        "fraction": cell.fraction,
        "number": trial.number,
        "configuration": numbers[_text(cell, trial)],
        "state": trial.state,
        "reason": trial.reason,
        **{f"param.{name}": json.dumps(searched[name]) if name in searched else None for name in names},
        **{name: [epoch.metrics.get(name) for epoch in trial.epochs] for name in PER_EPOCH},
    }


def _schema(names: Sequence[str]) -> pa.Schema:
    text, number = ("cell", "method", "backbone", "state", "reason"), ("number", "configuration")
    return pa.schema(
        [
            *[(name, pa.string()) for name in text[:3]],
            ("fraction", pa.float64()),
            *[(name, pa.int32()) for name in number],
            *[(name, pa.string()) for name in text[3:]],
            *[(f"param.{name}", pa.string()) for name in names],
            *[(name, pa.list_(pa.float32())) for name in PER_EPOCH],
        ]
    )


def _about(cell: Cell) -> dict[str, Any]:
    space = cell.space
    return {
        "method": cell.method.name,
        "backbone": cell.backbone,
        "fraction": cell.fraction,
        "image_size": cell.image_size,
        "max_epochs": cell.max_epochs,
        "space": {
            "name": space.name,
            "domains": {name: [type(domain).__name__, asdict(domain)] for name, domain in space.domains.items()},
            "fixed": dict(space.fixed),
            "grid": dict(space.grid or {}),
        },
    }


def _cell(key: str, facts: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> BankCell:
    space = facts["space"]
    domains = {name: _domain(kind, values) for name, (kind, values) in space["domains"].items()}
    trials = [
        BankTrial(
            configuration=row["configuration"],
            params={**space["fixed"], **{name: json.loads(row[f"param.{name}"]) for name in domains}},
            auc=np.array(row["val_auc"], dtype=float),
            failed=(row["reason"] or "failed") if row["state"] == "FAIL" else "",
        )
        for row in sorted(rows, key=lambda row: row["number"])
    ]
    return BankCell(
        key=key,
        method=facts["method"],
        backbone=facts["backbone"],
        fraction=facts["fraction"],
        max_epochs=max(len(trial.auc) for trial in trials),
        space=SearchSpace(name=space["name"], domains=domains, fixed=space["fixed"], grid=space["grid"]),
        trials=tuple(trials),
    )


def _domain(kind: str, values: Mapping[str, Any]) -> Domain:
    if kind == "Choice":
        return Choice(values=tuple(values["values"]))
    return (Int if kind == "Int" else Float)(**values)
