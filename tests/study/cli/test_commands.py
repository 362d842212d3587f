"""Every file of commands is on the command line."""

import sys
from pathlib import Path

import study.cli


def test_every_file_of_commands_is_registered():
    files = {path.stem for path in Path(study.cli.__file__).parent.glob("*.py")} - {"__init__"}
    assert {f"study.cli.{name}" for name in files} <= set(sys.modules)
