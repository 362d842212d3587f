"""What the driver does when its own Ray node dies under it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import ray

from study.base.errors import StudyError
from study.cluster import heartbeat


@pytest.fixture
def nodes(monkeypatch):
    """The nodes that Ray names; this driver is on `mine`, and every look is due."""
    found = [{"NodeID": "mine", "Alive": True}, {"NodeID": "other", "Alive": True}]
    monkeypatch.setattr(ray, "nodes", lambda: found)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(get_node_id=lambda: "mine"))
    monkeypatch.setattr(heartbeat, "INTERVAL", -1.0)
    return found


def test_the_loss_of_another_node_is_survived(nodes):
    node = heartbeat.NodeHeartbeat()
    nodes[1]["Alive"] = False
    assert not node.lost()
    node.check()


def test_the_loss_of_the_drivers_own_node_ends_what_it_waits_for(nodes):
    node = heartbeat.NodeHeartbeat()
    nodes[0]["Alive"] = False
    assert node.lost()
    nodes[0]["Alive"] = True
    with pytest.raises(StudyError, match="Run the same command again"):
        node.check()  # a node that was declared dead does not come back
