"""`study data prepare` over several nodes."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.study.preparation.decoding_nodes import IMAGES, NODES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cache", "decodes", "caches"),
    [("shared", IMAGES, ["cache"]), ("own", IMAGES * NODES, [f"cache{number}" for number in range(NODES)])],
)
def test_every_node_has_all_images_and_each_is_decoded_once_a_cache(tmp_path, cache, decodes, caches):
    command = [sys.executable, "-m", "tests.study.preparation.decoding_nodes", str(tmp_path), cache]
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
    environment.pop("SKIN_CACHE", None)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, env=environment, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.rpartition("RESULT ")[2])
    assert found["nodes"] == NODES
    assert found["images"] == [IMAGES] * NODES
    assert found["decodes"] == found["distinct"] == decodes
    assert found["caches"] == caches
