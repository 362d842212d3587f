"""The stage *replicate*: the winners trained anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from study.cluster import connection
from study.cluster.capacity import ClusterCapacity
from study.store import selection_record
from study.store.stage import Count, Stage, StageContext
from study.training.jobs import replicate_job
from study.training.method_checks import check_methods
from study.training.replicates import is_done, pairs, replicate


class Replicate(Stage):
    """Train the winners anew on fresh (split, seed) pairs."""

    name = "replicate"
    needs = ("prepare", "select")

    def check(self, context: StageContext) -> None:
        """Every method can be trained, the cluster answers, and every job fits onto it."""
        with ThreadPoolExecutor(1) as beside:  # to import torch takes about as long as to start a cluster
            begun = (context.directory.root / "trials.db").exists()
            methods = beside.submit(check_methods, context.plan, begun=begun)
            connection.connect(context.address)
            methods.result()
        ClusterCapacity(context.plan)

    def run(self, context: StageContext) -> None:
        """Train what is missing."""
        connection.connect(context.address)
        replicate(context)

    def status(self, context: StageContext) -> Count:
        """Replicates whose result is of the very job that the selection asks for."""
        plan, directory = context.plan, context.directory
        frozen = selection_record.current(plan, directory)
        if frozen is None:
            return Count(done=0, wanted=None)
        jobs = [replicate_job(plan, directory, winner, pair) for winner, pair in pairs(plan, frozen)]
        return Count(done=sum(is_done(job) for job in jobs), wanted=len(jobs))

    def fingerprint(self, context: StageContext) -> str:
        """The selection decides what is trained."""
        return selection_record.load(context.directory).digest


STAGE = Replicate()
