"""What the doctor says about nodes."""

from __future__ import annotations

import http.server
import threading
import time

import pytest

from study.cluster import node_probe as probes
from study.cluster.doctor import MAX_SKEW, Request, judge, needs, no_answer
from study.plan.cells import plan
from study.spec.loading import parse_spec


@pytest.fixture
def storage(tmp_path):
    (tmp_path / "token").write_text("")
    return tmp_path


def findings(answer, request=None, *, gpus=0.0, **changes):
    now = time.time()
    found = judge("node", {**answer, **changes}, request or Request(), asked=now - 1, heard=now, gpus=gpus)
    return {finding.check: finding for finding in found}


def healthy(**options):
    defaults = {"data": (), "storage": None, "token": "token", "mlflow": None}
    return {**probes.probe(**{**defaults, **options}), "time": time.time()}


def test_a_node_like_this_one_is_fit(storage):
    found = findings(healthy(data=(str(storage),), storage=str(storage)), Request(storage=storage))
    assert {check: finding.detail for check, finding in found.items() if not finding.ok} == {}
    assert set(found) == {"code", "versions", "datasets", "clock", "gpu", "data", "storage"}
    assert [path.name for path in storage.iterdir()] == ["token"], "nothing is left behind"


def test_other_code_and_other_versions_are_named():
    answer = healthy()
    versions = {**answer["versions"], "torch": "1.0"}
    found = findings(answer, code="0" * 16, versions=versions)
    assert not found["code"].ok
    assert found["code"].detail == f"{'0' * 16}, here {probes.code_digest()}"
    assert found["versions"].detail.startswith("torch 1.0 instead of ")


def test_a_node_that_imports_another_datasets_is_told_apart_from_one_without_the_project():
    other = no_answer("node", "Traceback:\nImportError: This project needs its own package `datasets` from /a")
    assert (other.check, other.ok) == ("datasets", False)
    assert other.detail.startswith("ImportError: This project needs")
    none = no_answer("node", "Traceback:\nModuleNotFoundError: No module named 'study'")
    assert (none.check, none.ok) == ("answers", False)
    assert none.detail.endswith("'study': install this project, same version, on the node")


@pytest.mark.parametrize("off", [-60.0, 60.0])
def test_a_clock_that_is_off_is_named(off):
    found = findings(healthy(), time=time.time() + off)
    assert not found["clock"].ok
    assert float(found["clock"].detail.split()[0]) > MAX_SKEW


def test_gpus_that_ray_offers_but_torch_does_not_see_are_named():
    found = findings(healthy(), gpus=4.0)["gpu"]
    assert (found.ok, found.detail) == (False, f"torch sees {healthy()['gpus']['count']}, Ray offers 4")


def test_data_that_is_not_there_and_storage_that_is_not_shared_are_named(tmp_path):
    found = findings(healthy(data=(str(tmp_path / "none"),), storage=str(tmp_path)), Request(storage=tmp_path))
    assert found["data"].detail == f"FileNotFoundError: [Errno 2] No such file or directory: '{tmp_path / 'none'}'"
    assert found["storage"].detail.endswith(f"{tmp_path} is not the directory that the driver sees: it is not shared")


class _Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_an_mlflow_server_is_asked_for_its_health():
    server = http.server.HTTPServer(("127.0.0.1", 0), _Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f"http://127.0.0.1:{server.server_port}"
    try:
        assert findings(healthy(mlflow=uri), Request(mlflow=uri))["mlflow"].detail == f"{uri} answers"
        assert "404" in findings(healthy(mlflow=f"{uri}/x"))["mlflow"].detail
    finally:
        server.shutdown()
        server.server_close()
    assert "URLError" in findings(healthy(mlflow=uri))["mlflow"].detail


def test_a_study_needs_its_data_weights_storage_and_server(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    raw = {
        "study": "toy",
        "methods": ["supervised:ft", {"encoder": "byol", "weights": "/weights/byol.pth"}],
        "train": {"source": "isic2019", "root": "/data/isic2019"},
        "tests": ["isic2019_test", {"source": "isic2020", "root": "s3://bucket/isic2020"}],
    }
    found = needs(plan(parse_spec(raw)), tmp_path)
    assert found == Request(data=("/data/isic2019", "s3://bucket/isic2020", "/weights/byol.pth"), storage=tmp_path)
    remote = {**raw, "tracking": {"uri": "http://mlflow:5000"}}
    assert needs(plan(parse_spec(remote)), tmp_path).mlflow == "http://mlflow:5000"
    assert needs(plan(parse_spec({**raw, "tracking": {"uri": "sqlite:///x.db"}})), tmp_path).mlflow is None
