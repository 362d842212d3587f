"""Renew constraints.txt: a version of every package that the project or one of its extras needs.

    python -m tests.tools.constraints               # keeps what is there, adds what pyproject.toml asks for since
    python -m tests.tools.constraints --upgrade     # takes the newest of all; run the tests with them

pip resolves one extra after the other, each with the versions found so far, and installs nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.utils import canonicalize_name

from datasets.base.atomic_files import write_text

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"


def resolve(wanted: list[str]) -> dict[str, str]:
    """Versions by canonical name of all that pip would install into an empty environment, within the constraints."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    done = subprocess.run([*command, "-c", str(CONSTRAINTS), *wanted], stdout=subprocess.PIPE, text=True, check=True)
    found = [one["metadata"] for one in json.loads(done.stdout)["install"]]
    return {canonicalize_name(one["name"]): one["version"] for one in found}


def renew(upgrade: bool) -> None:
    """Write the file anew after each extra, so that a conflict names the extra that brings it."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = content["project"]
    pins: dict[str, str] = {}
    if upgrade:
        write_text(CONSTRAINTS, "")
    else:
        pins = dict(line.split("==") for line in CONSTRAINTS.read_text().split())
    extras: dict[str, list[str]] = project["optional-dependencies"]
    # Those that take other extras in come first: what several ask for together is the hardest to find.
    for extra in sorted(extras, key=lambda name: not any(line.startswith(project["name"]) for line in extras[name])):
        print(f"resolving {extra}", flush=True)
        pins |= resolve(["-e", f"{ROOT}[{extra}]", *content["build-system"]["requires"]])
        pins.pop(canonicalize_name(project["name"]), None)
        write_text(CONSTRAINTS, "".join(f"{name}=={pins[name]}\n" for name in sorted(pins)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="the newest versions, whatever stands there")
    renew(parser.parse_args().upgrade)
