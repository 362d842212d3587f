"""Dockerfile and compose.yaml, as far as they can be checked where nothing builds an image."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SECRETS = {
    "RAY_AUTH_TOKEN", "POSTGRES_PASSWORD", "S3_SECRET_KEY", "MLFLOW_ADMIN_PASSWORD", "MLFLOW_FLASK_SERVER_SECRET_KEY"
}  # fmt: skip


def texts(node: object) -> list[str]:
    """All strings within a parsed file."""
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts(value)]
    return [text for value in node for text in texts(value)] if isinstance(node, list) else [str(node)]


def test_every_secret_comes_from_the_environment_and_none_has_a_default():
    asked = {name: rest for text in texts(COMPOSE) for name, rest in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", text)}
    assert set(asked) == SECRETS | {"DATA"}
    assert all(asked[name].startswith(":?") for name in SECRETS)
    written = {
        name: value
        for service in COMPOSE["services"].values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"PASSWORD|SECRET|TOKEN$", name)
    }
    assert written
    assert all(str(value).startswith("${") for value in written.values())


def test_the_comment_that_makes_the_secrets_names_them_all():
    line = next(line for line in (ROOT / "compose.yaml").read_text().splitlines() if "for name in" in line)
    assert set(re.findall(r"[A-Z_0-9]{6,}", line)) == SECRETS


def test_ports_are_open_on_this_machine_alone():
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_services_wait_for_what_they_need():
    services = COMPOSE["services"]
    for service in services.values():
        for name, how in service.get("depends_on", {}).items():
            assert name in services
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[name]


def test_volumes_and_configurations_are_declared():
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            name = volume.split(":")[0]
            assert name.startswith(("$", ".", "/")) or name in COMPOSE["volumes"]
        for config in service.get("configs", []):
            assert config["source"] in COMPOSE["configs"]


def test_images_are_pinned_and_nothing_runs_as_root():
    images = {service["image"] for service in COMPOSE["services"].values()} - {"skin-lesion-study"}
    base = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(":" in image and not image.endswith(":latest") for image in [*images, *base])
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.MULTILINE)


def test_what_the_image_copies_is_there_and_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists()
            assert f"!{name}" in ignored


@pytest.mark.parametrize("extra", re.findall(r'"\.\[([^\]]+)\]"', DOCKERFILE))
def test_the_extras_of_the_image_exist(extra):
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extra.split(",")) <= set(known)
