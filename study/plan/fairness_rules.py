"""The rules of a fair comparison, checked on the plan before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from datasets.base.registry import nearest
from study.base.errors import StudyError
from study.plan.cells import Cell, Plan
from study.spec.choices import SAMPLERS
from study.spec.model import StudySpec


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One broken rule. `key` is what `accept_unfair[].what` names; `reason` is the spec's, or the one that the file of
    the search space gives; None where nobody gives one."""

    key: str
    message: str
    reason: str | None = None


def parity(plan: Plan) -> pd.DataFrame:
    """What every cell is given, one row a cell: the table that `study plan` prints and the report repeats."""
    search = plan.spec.search
    design = search.shared_design if SAMPLERS.get(search.sampler).shares_design else 0
    rows = [
        {
            "cell": cell.key,
            "method": cell.method.name,
            "fraction": cell.fraction,
            "backbone": cell.backbone,
            "image_size": cell.image_size,
            "trials": cell.trials,
            **({"repeats": search.repeats} if search.repeats > 1 else {}),
            "max_epochs": cell.max_epochs,
            "dimensions": cell.space.dimensions,
            "space": cell.space.name,
            "space_digest": cell.space.digest,
            "shared_design": min(design * search.repeats, cell.trials),
            "sampler": search.sampler,
            "scheduler": search.scheduler.description,
            "objective": search.objective,
            "replicates": plan.spec.select.k * plan.spec.replicate.pairs,
            "cpus": cell.resources.cpus,
            "gpus": cell.resources.gpus,
            "workers": cell.resources.workers,
        }
        for cell in plan.cells
    ]
    return pd.DataFrame(rows)


def violations(plan: Plan) -> list[Violation]:
    """Every rule that the plan breaks against the baseline, accepted or not. Raises for an acceptance of nothing."""
    accepted = {item.what: item.reason for item in plan.spec.accept_unfair}
    found = [
        Violation(key=key, message=message, reason=accepted.get(key) or _stated(plan, key))
        for key, message in _broken(plan)
    ]
    unused = set(accepted) - {violation.key for violation in found}
    if unused:
        item = sorted(unused)[0]
        raise StudyError(
            f"accept_unfair names rules that the plan breaks, got {item!r}, which it does not; "
            f"{nearest(item, [violation.key for violation in found])}. Remove or correct it."
        )
    return found


def check(plan: Plan) -> list[Violation]:
    """The accepted violations. Raises `StudyError` when one is not accepted."""
    found = violations(plan)
    refused = [violation for violation in found if violation.reason is None]
    if refused:
        lines = "\n".join(f"  - {violation.key}: {violation.message}" for violation in refused)
        raise StudyError(
            f"A study treats all methods alike, but this plan does not:\n{lines}\n"
            "Mend the spec, or list each key under accept_unfair with a reason that the report will repeat."
        )
    return found


STAGE_EPOCHS = "stage_epochs"
Rule = Callable[[StudySpec, Cell, Cell], str | None]


def _broken(plan: Plan) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    baseline = plan.spec.methods[0].name
    for cell in plan.cells:
        peer = next(c for c in plan.cells if c.method.name == baseline and c.fraction == cell.fraction)
        for rule, check_rule in RULES.items():
            message = check_rule(plan.spec, cell, peer)
            if message:
                found.setdefault(f"{rule}:{cell.method.name}", message)
    return list(found.items())


def _equal_trials(spec: StudySpec, cell: Cell, peer: Cell) -> str | None:
    if cell.trials != peer.trials:
        return f"{cell.method.name} gets {cell.trials} trials a cell, {peer.method.name} {peer.trials}"
    return None


def _equal_epochs(spec: StudySpec, cell: Cell, peer: Cell) -> str | None:
    if cell.max_epochs != peer.max_epochs:
        return f"{cell.method.name} may train {cell.max_epochs} epochs, {peer.method.name} {peer.max_epochs}"
    return None


def _equal_space(spec: StudySpec, cell: Cell, peer: Cell) -> str | None:
    if cell.space.digest == peer.space.digest:
        return _equal_points(spec, cell, peer)
    return (
        f"{cell.method.name} searches {cell.space.dimensions} parameters of {cell.space.name!r}, "
        f"{peer.method.name} {peer.space.dimensions} of {peer.space.name!r}: not the same space"
    )


def _equal_points(spec: StudySpec, cell: Cell, peer: Cell) -> str | None:
    """Points of designs and grids follow the order of a file's parameters, which its digest does not tell."""
    if list(cell.space.domains) != list(peer.space.domains):
        return f"{cell.method.name} searches the parameters of {peer.method.name} in another order: not the same design"
    if spec.search.sampler == "grid" and cell.space.grid_points() != peer.space.grid_points():
        return f"{cell.method.name} and {peer.method.name} search one space, but not the same grid of it"
    return None


def _equal_stage(spec: StudySpec, cell: Cell, peer: Cell) -> str | None:
    """A contrastive stage trains the encoder before the epochs that the rule `epochs` counts."""
    domain = cell.space.domains.get(STAGE_EPOCHS)
    given = domain.grid(2) if domain is not None else (cell.space.fixed.get(STAGE_EPOCHS, 0),)
    if any(isinstance(epochs, str) for epochs in given):
        raise StudyError(f"{STAGE_EPOCHS} of {cell.space.name!r} counts epochs, got {given!r}. Correct the space.")
    most = max(map(float, given))
    if not most or cell.space.digest == peer.space.digest:
        return None
    return (
        f"{cell.method.name} trains its encoder for up to {most:g} epochs in a stage of its own, beside the "
        f"{cell.max_epochs} epochs that every method may train; the ledger counts its images and seconds"
    )


def _equal_workers(spec: StudySpec, cell: Cell, peer: Cell) -> str | None:
    if cell.resources.workers != peer.resources.workers:
        return f"{cell.method.name} trains on {cell.resources.workers} workers, {peer.method.name} on others"
    return None


RULES: dict[str, Rule] = {
    "trials": _equal_trials,
    "epochs": _equal_epochs,
    "space": _equal_space,
    "stage": _equal_stage,
    "workers": _equal_workers,
}


def _stated(plan: Plan, key: str) -> str | None:
    """The reason for departing that the file of a search space gives; what the spec changes of the space stands by it.

    Not where the spec changes it for this method alone: then it owes a reason of its own.
    """
    rule, _, method = key.partition(":")
    cell = next(cell for cell in plan.cells if cell.method.name == method)
    if rule == "stage":  # it was no rule of older versions, whose studies go on
        return cell.space.reason or "the stage is what this method is; what it costs stands in the ledger"
    spaces = plan.spec.search.spaces
    if rule != "space" or method in spaces or cell.space.reason is None:
        return None
    changed = spaces.get(cell.method.pipeline)
    if not isinstance(changed, Mapping):
        return cell.space.reason
    return f"{cell.space.reason} (The spec changes of this space: {', '.join(changed)}.)"
