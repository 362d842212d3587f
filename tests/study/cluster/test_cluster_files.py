"""The cluster files pass Ray's own validation, and keep the rules on ports and tokens."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from typer.testing import CliRunner

from study.cli import app
from study.spec.loading import load_spec

ROOT = Path(__file__).parents[3]
LAUNCHER = ["cluster.yaml", "docs/cluster-onprem.yaml"]


def read(name):
    return yaml.safe_load((ROOT / name).read_text())


@pytest.mark.parametrize("name", LAUNCHER)
def test_rays_own_validation_passes(name, tmp_path, monkeypatch):
    monkeypatch.setattr("ray.autoscaler._private.local.config.get_state_path", lambda _: str(tmp_path / "state"))
    monkeypatch.setattr("ray.autoscaler._private.local.config.get_lock_path", lambda _: str(tmp_path / "lock"))
    validate_config(prepare_config(read(name)))


def test_rays_own_validation_can_fail():
    broken = {**read("cluster.yaml"), "head_node_type": "none"}
    with pytest.raises(ValueError, match="head_node_type"):
        validate_config(prepare_config(broken))


@pytest.mark.parametrize("name", LAUNCHER)
@pytest.mark.parametrize("kind", ["head", "worker"])
def test_every_node_asks_for_the_token_on_named_ports(name, kind):
    (start,) = [line for line in read(name)[f"{kind}_start_ray_commands"] if "ray start" in line]
    assert "export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=" in start
    for port in ("--node-manager-port=", "--object-manager-port=", "--min-worker-port=", "--max-worker-port="):
        assert port in start
    assert ("--dashboard-host=127.0.0.1" in start) == (kind == "head")
    assert "0.0.0.0" not in start


def test_only_ssh_is_open_and_workers_are_spot_gpus_that_come_and_go():
    content = read("cluster.yaml")
    assert [rule["ToPort"] for rule in content["provider"]["security_group"]["IpPermissions"]] == [22]
    gpu = content["available_node_types"]["gpu"]
    assert (gpu["min_workers"], gpu["node_config"]["InstanceMarketOptions"]) == (0, {"MarketType": "spot"})
    assert content["available_node_types"]["head"]["resources"] == {"CPU": 0}
    (server,) = [line for line in content["head_start_ray_commands"] if "mlflow server" in line]
    assert "--host 127.0.0.1" in server


def test_files_hold_no_secrets():
    for name in [*LAUNCHER, "docs/ray-job.yaml"]:
        text = (ROOT / name).read_text().lower()
        assert "aws_secret" not in text
        assert "password" not in text
        assert "ray_auth_token=" not in text


def test_the_kubernetes_job_runs_commands_that_exist_on_a_spec_that_exists():
    job = read("docs/ray-job.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    commands = [shlex.split(part) for part in job["spec"]["entrypoint"].split("&&")]
    assert [command[:4] for command in commands] == [["python", "-m", "study", name] for name in ("doctor", "run")]
    for command in commands:
        load_spec(ROOT / command[4])
        assert CliRunner().invoke(app, [command[3], "--help"]).exit_code == 0
    (workers,) = cluster["workerGroupSpecs"]
    (container,) = workers["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert json.dumps(job).count("/shared") >= 4
