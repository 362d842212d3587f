"""Whether the node that the driver runs on is alive."""

from __future__ import annotations

import time

from study.base.errors import RunAgain

INTERVAL = 5.0  # seconds between two checks


class NodeHeartbeat:
    """Checks whether the driver's own node is alive.

    Ray mostly ends the driver together with its node, but not always: such a driver would wait for ever.
    """

    def __init__(self) -> None:
        import ray

        self._node = ray.get_runtime_context().get_node_id()
        self._checked = time.monotonic()
        self._lost = False

    def lost(self) -> bool:
        """Whether the cluster has declared the node dead; asks every `INTERVAL` seconds."""
        import ray

        if not self._lost and time.monotonic() - self._checked > INTERVAL:
            self._checked = time.monotonic()
            self._lost = not any(node["Alive"] and node["NodeID"] == self._node for node in ray.nodes())
        return self._lost

    def check(self) -> None:
        """Raise `RunAgain` once the node is lost."""
        if self.lost():
            raise RunAgain("The Ray node of this driver has died. Run the same command again: it goes on from here.")
