"""Capacity of the cluster: whether the next trial can be placed beside those that run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from study.base.errors import StudyError
from study.cluster import connection
from study.cluster.packing import Bundle, arithmetic, fits, max_running
from study.plan.cells import Plan

REFRESH = 2.0  # seconds that the list of nodes is believed
DRIVER = {"node:__internal_head__": 0.001}  # a worker group's driver costs no CPU that its own workers wait for


class ClusterCapacity:
    """The requests of a plan's cells against the cluster's living nodes."""

    def __init__(self, plan: Plan, max_concurrent: int | None = None):
        self._limit = max_concurrent
        self._nodes = connection.nodes()
        self._read = time.monotonic()
        gpus = 1.0 if any(node.get("GPU", 0) for node in self._nodes) else 0.0
        self._requests = {
            cell.key: _request(
                cell.resources.cpus,
                gpus if cell.resources.gpus is None else cell.resources.gpus,
                cell.resources.workers,
            )
            for cell in plan.cells
        }
        for key, request in self._requests.items():
            if not fits(self._nodes, [request]):
                raise StudyError(
                    f"Every trial must fit onto the cluster, but one of {key} never will: "
                    f"{arithmetic(self._nodes, request)}. Lower resources.*_per_trial or add nodes."
                )

    def request(self, cell: str) -> list[Bundle]:
        """The bundles of a trial of this cell: the one that Tune reserves, then those of its worker group, if any."""
        return [dict(bundle) for bundle in self._requests[cell]]

    def max_running(self, cell: str) -> int:
        """How many trials of this cell run at once on the whole cluster."""
        return max_running(self._nodes, self._requests[cell])

    def can_place(self, cell: str, running: Sequence[str]) -> bool:
        """Whether a trial of `cell` fits beside trials of the `running` cells, on the nodes that live now."""
        if self._limit is not None and len(running) >= self._limit:
            return False
        if time.monotonic() - self._read > REFRESH:
            self._nodes, self._read = connection.nodes(), time.monotonic()
        return fits(self._nodes, [self._requests[key] for key in (*running, cell)])


def _request(cpus: float, gpus: float, workers: int) -> list[Bundle]:
    worker = {"CPU": cpus, "GPU": gpus} if gpus else {"CPU": cpus}
    return [worker] if workers == 1 else [DRIVER, *[worker] * workers]
