"""The arithmetic of a study: one for all its jobs, so that no difference between methods is one between machines."""

from __future__ import annotations

from typing import cast

from datasets.base.atomic_files import write_json
from study.base.errors import RunAgain
from study.protocol import holdings
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory
from trainables.job import Precision

GPU_WAIT = 300  # seconds for a GPU of the cluster to be free


def of_study(spec: StudySpec, directory: StudyDirectory) -> Precision | None:
    """What the spec names, else what was chosen when the search began; None in studies that older versions began."""
    if spec.precision != "auto":
        return spec.precision
    if not directory.precision.exists():
        return None
    record = holdings.read_json(directory.precision, "Restore it from a backup: every job of the study computes in it.")
    return cast(Precision, record["precision"])


def choose(spec: StudySpec, directory: StudyDirectory) -> None:
    """Choose once for a study that has no trial yet, and record it: what the device of its trials is fast in.

    Needs a connected cluster: where it has GPUs, one of them is asked, else this machine's CPU. On a cluster of unlike
    machines, name `precision:` in the spec.
    """
    if spec.precision != "auto" or directory.precision.exists() or (directory.root / "trials.db").exists():
        return
    import ray

    if ray.cluster_resources().get("GPU", 0) > 0:
        try:
            fastest = ray.get(ray.remote(num_gpus=1, num_cpus=0)(_fastest).remote("cuda"), timeout=GPU_WAIT)
        except ray.exceptions.GetTimeoutError as error:
            raise RunAgain(
                f"A free GPU says which arithmetic is fast, but none was free within {GPU_WAIT} s. Run the same "
                "command again when one is, or name `precision:` in the spec."
            ) from error
    else:
        fastest = _fastest("cpu")
    device, precision = fastest
    write_json(directory.precision, {"precision": precision, "device": device})


def _fastest(name: str) -> tuple[str, Precision]:
    import torch

    from trainables.devices.precision import autocast_dtype, describe, prepare

    device = torch.device(name)
    prepare(device, torch.get_num_threads())
    dtype = str(autocast_dtype(device) or torch.float32).removeprefix("torch.")
    return describe(device).split(",")[0], cast(Precision, dtype)
