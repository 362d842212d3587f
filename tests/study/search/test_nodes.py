"""Several nodes, some of which come and go."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

import pytest

from tests.study.search.crash import ROOT
from tests.study.search.nodes import TRIALS


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_study_uses_all_nodes_survives_one_and_uses_a_new_one(tmp_path):
    env = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "TOY_SECONDS": "1.5"}
    command = [sys.executable, "-m", "tests.study.search.nodes", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    found = json.loads(done.stdout.partition("RESULT ")[2])
    assert (found["examined"], found["unfit"]) == (3, [])
    assert len(found["states"]) == 2 * TRIALS
    assert set(found["states"]) <= {"COMPLETE", "PRUNED"}
    assert found["attempts"] > 2 * TRIALS, "the killed node's trial went on elsewhere"
    assert found["gaps"] == []
    assert (found["first_three_used"], found["added_used"], found["used"]) == (True, True, 4)
    assert found["killed_is_gone"]
