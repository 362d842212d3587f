"""Bringing a server to what the study directory holds, run by run, whatever it holds already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasets.base.atomic_files import file_digest, text_digest
from study.tracking.backend.target import Target, local, local_artifacts
from study.tracking.desired.notes import experiment_note
from study.tracking.desired.runs import Input, Point, Run
from study.tracking.desired.state import Book
from study.tracking.desired.views import views
from study.tracking.sync import paths
from study.tracking.sync.acknowledged import Ack, Acks

if TYPE_CHECKING:
    from study.tracking.backend.client import Server


class Sync:
    """Writes runs that differ from what the server has acknowledged.

    In doubt (a writer or a server died, an answer was lost) the server is asked before anything is written: for the
    run, by its key; for its points, by metric and step. Written again, a point is the same to the millisecond, which
    MLflow's databases take as one point: not even a lost request that arrives late leaves two.
    """

    def __init__(self, book: Book, target: Target):
        self._book, self._target = book, target
        self.acks = Acks(paths.acknowledged(book.directory), target.name)
        self._known: dict[str, Ack] = {}
        self._doubt: set[str] = set()
        self._uncertain: set[str] = set()  # keys whose creation was asked for twice
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The server, connected at first use: runs that it no longer has are forgotten, second ones deleted."""
        if self._server is None:
            from study.tracking.backend.client import Server

            book = self._book
            server = Server(self._target, book.identity.id)
            artifacts = local_artifacts(book.directory) if self._target.uri == local(book.directory) else None
            shown = views(book.plan, book.identity.sessions[0].time)
            tags = {"mlflow.note.content": experiment_note(book.plan), **shown}
            server.open(book.plan.spec.study, artifacts, tags)
            self._adopt(server)
            self._server = server
        return self._server

    def write(self, key: str) -> None:
        """Write what is left of a run, its parents first. Raises whatever the server, or the way to it, raises."""
        run = self._book.run(key)
        if run is None:
            return
        ack = self._existing(run)
        try:
            self._batch(run, ack)
            self._inputs(run, ack)
            self._status(run, ack)
        except Exception:
            self._doubt.add(key)
            raise
        self._doubt.discard(key)
        self.acks.save(key, ack)

    def files(self, key: str) -> None:
        """Write the artifacts of a run that changed."""
        run = self._book.run(key)
        if run is None or not run.files:
            return
        ack = self._existing(run)
        for path, folder in run.files:
            name, digest = f"{folder}/{path.name}", file_digest(path)
            if ack.files.get(name) != digest:
                self.server.upload(ack.run_id, path, folder)
                ack.files[name] = digest
                self.acks.save(key, ack)

    def model(self, key: str) -> None:
        """Log and register the model of a replicate, if it has one."""
        from study.tracking.backend.models import log_model

        run = self._book.run(key)
        if run is None or run.model is None:
            return
        ack = self._existing(run)
        if ack.model != run.model.digest:
            ack.model_id = log_model(self.server, ack.run_id, run, run.model)
            ack.model = run.model.digest
            self.acks.save(key, ack)

    def settle(self) -> None:
        """Once nothing is left to write: delete second runs that lost requests have created after all."""
        for key in sorted(self._uncertain):
            for other in set(self.server.runs(key)[key]) - {self._known[key].run_id}:
                self.server.delete(other)
        self._uncertain.clear()

    def _adopt(self, server: Server) -> None:
        self._known = self.acks.load()
        found = server.runs()
        for key in set(self._known) - set(found):
            self.acks.forget(key)
            del self._known[key]
        for key, run_ids in found.items():
            ack = self._known.get(key)
            if ack is None or ack.run_id not in run_ids:
                ack = self._known[key] = Ack(run_id=run_ids[0])
            for other in set(run_ids) - {ack.run_id}:
                server.delete(other)
        self._doubt = set(self._known)

    def _existing(self, run: Run) -> Ack:
        """The acknowledgement of a run that the server has: created now, or found again where that is in doubt."""
        server = self.server
        if run.key in self._known:
            return self._known[run.key]
        tags = self._tags(run)
        found = server.runs(run.key).get(run.key, []) if run.key in self._doubt else []
        try:
            ack = Ack(run_id=found[0]) if found else Ack(run_id=server.create(run, tags), tags=text_digest(tags))
        except Exception:
            self._doubt.add(run.key)
            self._uncertain.add(run.key)
            raise
        self._known[run.key] = ack
        self.acks.save(run.key, ack)
        return ack

    def _tags(self, run: Run) -> dict[str, str]:
        """A run's tags, with its parent's run, which is created first."""
        if run.parent is None:
            return dict(run.tags)
        if run.parent not in self._known:
            above = self._book.run(run.parent)
            assert above is not None, f"{run.key} has no parent"
            self._existing(above)
        return {**run.tags, "mlflow.parentRunId": self._known[run.parent].run_id}

    def _batch(self, run: Run, ack: Ack) -> None:
        points = list(run.points[ack.points :])
        if run.key in self._doubt and (points or run.values):
            there = self.server.steps(ack.run_id, [point.key for point in points] + list(run.values))
            points = [point for point in points if (point.key, point.step) not in there]
            for (name, step), value in sorted(there.items()):
                if name in run.values:
                    ack.values[name] = (value, step)
        when = run.ended or run.started
        changed = [
            Point(name, value, ack.values[name][1] + 1 if name in ack.values else 0, when)
            for name, value in run.values.items()
            if name not in ack.values or ack.values[name][0] != value
        ]
        labels = self._tags(run)
        params, tags = text_digest(run.params), text_digest(labels)
        if points or changed or params != ack.params or tags != ack.tags:
            self.server.write(
                ack.run_id,
                points + changed,
                run.params if params != ack.params else {},
                labels if tags != ack.tags else {},
                self._scored(run),
            )
        ack.points, ack.params, ack.tags = len(run.points), params, tags
        ack.values |= {point.key: (point.value, point.step) for point in changed}

    def _inputs(self, run: Run, ack: Ack) -> None:
        digest = text_digest([vars(found) for found in run.inputs])
        if run.inputs and digest != ack.inputs:
            self.server.inputs(ack.run_id, run.inputs)
            ack.inputs = digest

    def _status(self, run: Run, ack: Ack) -> None:
        status = run.status if run.kind == "trial" or run.ended is None else f"{run.status} {run.ended:.3f}"
        if status != (ack.status or "RUNNING"):
            self.server.end(ack.run_id, run.status, run.ended)
            ack.status = status

    def _scored(self, run: Run) -> tuple[str, Input] | None:
        model_id = self._known[run.scored_by].model_id if run.scored_by in self._known else ""
        return (model_id, run.scored_on) if model_id and run.scored_on else None
