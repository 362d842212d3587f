"""The Ray of one machine is that machine's alone."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys

import pytest
import ray

from study.base.errors import RunAgain, StudyError
from study.cluster.connection import connect

LISTENERS = """
import json, os
import psutil, ray
from study.cluster.connection import connect

connect()
ray.get(ray.remote(lambda: 1).remote())
me = psutil.Process()
processes = [me, *me.children(recursive=True)]
found = [
    (process.name(), held.laddr.ip)
    for process in processes
    for held in process.net_connections(kind="tcp")
    if held.status == psutil.CONN_LISTEN
]
print(json.dumps(found))
assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in os.environ
ray.shutdown()
"""


def test_nothing_of_a_local_ray_listens_beyond_the_loopback_interface():
    done = subprocess.run([sys.executable, "-c", LISTENERS], capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    names = " ".join(name for name, _ in found)
    assert all(name in names for name in ("gcs_server", "raylet", "python", "ray::"))
    for name, address in found:
        ip = ipaddress.ip_address(address)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        assert ip.is_loopback, f"{name} listens on {address}"


@pytest.mark.parametrize(
    ("raised", "expected", "said"),
    [
        (Exception("The current node timed out during startup. This could …"), RunAgain, "did not start here in time"),
        (ConnectionError("refused"), StudyError, "Check the address"),
        (KeyError("a fault of ours"), KeyError, "a fault of ours"),
    ],
)
def test_a_ray_that_does_not_start_is_said(raised, expected, said, monkeypatch):
    def init(**_: object) -> None:
        raise raised

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(expected, match=said):
        connect()
