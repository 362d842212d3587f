"""`study doctor`: is every node of the cluster fit for this study? One probe a node; nothing is trained or changed."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.base.versions import WORKERS, versions
from study.cluster import connection
from study.cluster.node_probe import code_digest, probe
from study.plan.cells import Plan

PROBE_WAIT = 120.0  # seconds that a node gets to answer; a fresh one imports torch for the first time
MAX_SKEW = 5.0  # seconds between a node's clock and the driver's: times in records and logs stay comparable


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check on one node. `detail` says what was found, and for a failed check what to do."""

    node: str
    check: str
    ok: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a study needs of a node."""

    data: tuple[str, ...] = ()
    storage: Path | None = None
    mlflow: str | None = None


def needs(plan: Plan, storage: Path) -> Request:
    """What the nodes must reach for this plan: its data, local weights, its study directory and its MLflow server."""
    spec = plan.spec
    roots = [spec.train.root, *(test.root for test in spec.tests), *(method.weights for method in spec.methods)]
    data = [root for root in dict.fromkeys(roots) if root and ("://" in root or os.path.isabs(root))]
    uri = spec.tracking.uri or os.environ.get("MLFLOW_TRACKING_URI")
    remote = uri if uri and uri.startswith(("http://", "https://")) else None
    return Request(data=tuple(data), storage=storage.absolute(), mlflow=remote)


def diagnose(request: Request, address: str | None = None) -> list[Finding]:
    """Probe every living node. Raises `StudyError` when the cluster cannot be reached at all."""
    connection.connect(address)
    token = f".doctor-{uuid.uuid4().hex}"
    made = request.storage is not None and not request.storage.exists()
    if request.storage is not None:
        request.storage.mkdir(parents=True, exist_ok=True)
        (request.storage / token).write_text("written by the driver")
    try:
        return [finding for node in _nodes() for finding in _examine(node, request, token)]
    finally:
        if request.storage is not None:
            (request.storage / token).unlink(missing_ok=True)
            if made:
                request.storage.rmdir()


def _nodes() -> list[Mapping[str, Any]]:
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def _examine(node: Mapping[str, Any], request: Request, token: str) -> list[Finding]:
    import ray
    from ray.exceptions import GetTimeoutError, RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    name = f"{node['NodeManagerHostname']} ({node['NodeID'][:8]})"
    remote = ray.remote(probe).options(
        num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    )
    asked = time.time()
    reference = remote.remote(
        request.data, None if request.storage is None else str(request.storage), token, request.mlflow
    )
    try:
        answer = ray.get(reference, timeout=PROBE_WAIT)
    except GetTimeoutError:
        ray.cancel(reference, force=True)
        return [Finding(node=name, check="answers", ok=False, detail=f"no answer within {PROBE_WAIT:g} s")]
    except RayError as error:
        return [no_answer(name, str(error))]
    return judge(name, answer, request, asked=asked, heard=time.time(), gpus=float(node["Resources"].get("GPU", 0)))


def no_answer(name: str, error: str) -> Finding:
    """What it means that the probe could not run on a node; `error` ends with the node's own error."""
    why = error.strip().splitlines()[-1]
    if "package `datasets`" in why:  # trainables/datasets_package.py says what to do
        return Finding(node=name, check="datasets", ok=False, detail=why)
    return Finding(
        node=name, check="answers", ok=False, detail=f"{why}: install this project, same version, on the node"
    )


def judge(
    name: str, answer: Mapping[str, Any], request: Request, *, asked: float, heard: float, gpus: float
) -> list[Finding]:
    """What a node's answer means. The probe ran between `asked` and `heard` by the driver's clock."""
    skew = max(asked - answer["time"], answer["time"] - heard, 0.0)
    theirs, ours, code = answer["versions"], versions(WORKERS), code_digest()
    differ = [f"{key} {theirs.get(key)} instead of {value}" for key, value in ours.items() if theirs.get(key) != value]
    seen = answer["gpus"].get("count", 0)
    checks: Sequence[tuple[str, bool, str]] = (
        (
            "code",
            answer["code"] == code,
            answer["code"] if answer["code"] == code else f"{answer['code']}, here {code}",
        ),
        ("versions", not differ, "; ".join(differ) or f"as here: {len(ours)} packages"),
        # A node that would import another `datasets` fails earlier; one with older code does not say.
        *_optional("datasets", answer.get("datasets"), str(answer.get("datasets"))),
        ("clock", skew <= MAX_SKEW, f"{skew:.1f} s off" if skew else "in step"),
        ("gpu", seen >= gpus, _failure(answer["gpus"]) or f"torch sees {seen}, Ray offers {gpus:g}"),
        *(("data", not _failure(found), _failure(found) or root) for root, found in answer["data"].items()),
        *_optional("storage", answer["storage"], f"{request.storage} is shared and writable"),
        *_optional("mlflow", answer["mlflow"], f"{request.mlflow} answers"),
    )
    return [Finding(node=name, check=check, ok=bool(ok), detail=detail) for check, ok, detail in checks]


def _optional(check: str, answer: Any, fine: str) -> list[tuple[str, bool, str]]:
    return [] if answer is None else [(check, not _failure(answer), _failure(answer) or fine)]


def _failure(answer: Any) -> str:
    return str(answer.get("error", "")) if isinstance(answer, Mapping) else ""
