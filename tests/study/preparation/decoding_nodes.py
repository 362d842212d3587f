"""Three Ray nodes on this machine decode a spec's images: with one cache between them, and with one each.

    python -m tests.study.preparation.decoding_nodes DIR shared|own          # prints what happened as JSON

A process of its own, because Ray reads its authentication from the environment once. Workers write a line for each
image that they decode into `DIR/decoded`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from study.preparation.decode_on_nodes import prepare
from study.spec.loading import parse_spec
from tests.datasets import releases

IMAGES = 12
NODES = 3


def count_decodes() -> None:
    """Run in every worker as it starts: what decodes an image says so first."""
    from datasets.cache import reading

    decode = reading.decode

    def counted(content: bytes):
        with open(os.environ["DECODED"], "a") as file:
            file.write(f"{os.environ.get('SKIN_CACHE')} {hash(content)}\n")
        return decode(content)

    reading.decode = counted


def run(root: Path, cache: str) -> dict[str, object]:
    for number in range(IMAGES):
        releases.picture(root / "images" / ("melanoma" if number % 3 else "nevus") / f"{number}.jpg", number)
    spec = parse_spec(
        {
            "study": "nodes",
            "methods": ["supervised:ft", "simclr:ft"],
            "backbone": "test_resnet",
            "image_size": 32,
            "train": {"source": "folder", "root": str(root / "images")},
            "tests": ["folder_test"],
        },
        where="spec",
    )
    caches = [root / (f"cache{number}" if cache == "own" else "cache") for number in range(NODES)]
    os.environ.update(DECODED=str(root / "decoded"), PYTHONHASHSEED="0")
    head = {"num_cpus": 1, "include_dashboard": False, "env_vars": {"SKIN_CACHE": str(caches[0])}}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    try:
        for place in caches[1:]:
            nodes.add_node(num_cpus=1, env_vars={"SKIN_CACHE": str(place)})
        ray.init(nodes.address, runtime_env={"worker_process_setup_hook": count_decodes}, log_to_driver=False)
        found = prepare(spec, nodes.address)
    finally:
        ray.shutdown()
        nodes.shutdown()
    lines = (root / "decoded").read_text().splitlines()
    return {
        "nodes": len(found),
        "images": [each.images for each in found],
        "decodes": len(lines),
        "distinct": len(set(lines)),
        "caches": sorted(path.parent.parent.name for path in root.glob("cache*/*/index.parquet")),
    }


if __name__ == "__main__":
    print("RESULT " + json.dumps(run(Path(sys.argv[1]), sys.argv[2])))
