"""`study data prepare`: the decoded cache built ahead, here or on every node of a cluster."""

from __future__ import annotations

import dataclasses
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef
from study.base.errors import StudyError
from study.cluster import connection
from study.preparation import manifests
from study.preparation.leakage import data_sources
from study.spec.model import StudySpec

Say = Callable[[str], None]
References = dict[str, dict[str, Any]]
QUIET_SECONDS = 30.0
"""How often to say that nodes are still at work."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoded:
    """One data set in the cache of one node: images that can be used, bad ones skipped, bytes, seconds it took."""

    host: str
    name: str
    images: int
    skipped: int
    nbytes: int
    seconds: float


def prepare(spec: StudySpec, address: str | None = None, say: Say = lambda _: None) -> list[Decoded]:
    """Decode every image of the spec's data sets on this machine, or on every node of the cluster at `address`.

    What is decoded already is left alone. Raises `StudyError` for bad images, all of them in all data sets at once,
    and for a node that is lost on the way.
    """
    references = {name: dataclasses.asdict(manifests.reference(source)) for name, source in data_sources(spec).items()}
    if address is None and not os.environ.get("RAY_ADDRESS"):
        return decode(references, spec.cache_side, say)
    return _everywhere(references, spec.cache_side, address, say)


def decode(references: References, short_side: int, say: Say = lambda _: None) -> list[Decoded]:
    """Decode these data sets here. Raises `StudyError` once, for the faults of all of them."""
    found: list[Decoded] = []
    faults: list[str] = []
    for name, reference in references.items():
        try:
            found.append(_decode(name, DataRef(**reference), short_side, say))
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise StudyError("\n".join(faults))
    return found


def _decode(name: str, reference: DataRef, short_side: int, say: Say) -> Decoded:
    import datasets
    from datasets.cache.store import open_store

    def heard(done: int, of: int) -> None:
        if done % 1000 == 0 or done == of:
            say(f"decode data={name} done={done}/{of}")

    started = time.monotonic()
    manifest = datasets.load(reference)
    store = open_store(manifest, short_side=short_side, on_bad_image=reference.on_bad_image, progress=heard)
    return Decoded(
        host=socket.gethostname(),
        name=name,
        images=len(store),
        skipped=len(manifest) - len(store),
        nbytes=store.nbytes,
        seconds=time.monotonic() - started,
    )


def _everywhere(references: References, short_side: int, address: str | None, say: Say) -> list[Decoded]:
    import ray
    from ray.exceptions import RayError, RayTaskError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    connection.connect(address)
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    remote = ray.remote(decode)
    waiting = {
        remote.options(
            num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(references, short_side): node
        for node in nodes
    }
    found: list[Decoded] = []
    while waiting:
        done, _ = ray.wait(list(waiting), num_returns=1, timeout=QUIET_SECONDS)
        if not done:
            say(f"decoding on {len(waiting)} of {len(nodes)} nodes")
        for reference in done:
            node = waiting.pop(reference)
            try:
                found += ray.get(reference)
            except RayTaskError as error:
                raise StudyError(str(error.cause)) from error
            except RayError as error:
                raise StudyError(f"Node {node} was lost while it decoded: {error}. Run the command again.") from error
    return found
