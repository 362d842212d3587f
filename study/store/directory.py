"""Where everything of a study is: the study directory is the whole truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from study.spec.locations import folder


@dataclass(frozen=True)
class StudyDirectory:
    """Paths in a study directory (local disk or a file system that all nodes share)."""

    root: Path

    @property
    def spec(self) -> Path:
        """The spec, as run."""
        return self.root / "spec.yaml"

    @property
    def plan(self) -> Path:
        """Cells, parity, seeds: what `study plan` printed."""
        return self.root / "plan.json"

    @property
    def precision(self) -> Path:
        """The arithmetic that was chosen for all jobs (JSON)."""
        return self.root / "precision.json"

    @property
    def storage_url(self) -> str:
        """URL of the Optuna storage: the only record of trials."""
        return f"sqlite:///{self.root / 'trials.db'}"

    @property
    def selection(self) -> Path:
        """The frozen winners."""
        return self.root / "selection.json"

    @property
    def validation(self) -> Path:
        """Prediction tables of the replicates' own validation images (parquet)."""
        return self.root / "validation"

    @property
    def operating_points(self) -> Path:
        """Thresholds and temperatures that were chosen on them (JSON)."""
        return self.root / "operating_points.json"

    @property
    def protocol(self) -> Path:
        """What was decided before test labels were read (JSON)."""
        return self.root / "protocol.json"

    @property
    def test_reads(self) -> Path:
        """The log of the protocol: one JSON line an event, reads of test labels among them."""
        return self.root / "test_reads.jsonl"

    @property
    def audit(self) -> Path:
        """The leakage audit's findings (JSON)."""
        return self.root / "audit.json"

    @property
    def joined(self) -> Path:
        """Pairs of training images that look the same and so stay on one side of every split (JSON), if there are."""
        return self.root / "joined.json"

    @property
    def manifests(self) -> Path:
        """Digest, classes, counts and notes of every data set (JSON)."""
        return self.root / "manifests.json"

    @property
    def predictions(self) -> Path:
        """Prediction tables (parquet)."""
        return self.root / "predictions"

    @property
    def comparison(self) -> Path:
        """Comparison tables (parquet)."""
        return self.root / "comparison"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.root / "report.html"

    @property
    def figures(self) -> Path:
        """The report's curves as SVG."""
        return self.root / "figures"

    @property
    def tables(self) -> Path:
        """The report's tables as CSV, Markdown and LaTeX."""
        return self.root / "tables"

    @property
    def stages(self) -> Path:
        """Content-addressed results of contrastive stages."""
        return self.root / "stages"

    @property
    def progress(self) -> Path:
        """Which comparison and report were made from what, and how long each part of the line took (JSON)."""
        return self.root / "progress.json"

    @property
    def panels(self) -> Path:
        """The qualitative pages: images looked at by the winners."""
        return self.comparison / "qualitative"

    def split(self, index: int, fraction: float) -> Path:
        """CSV of split `index` at a training fraction (0: the split of the search)."""
        return self.root / "splits" / f"{index}-{fraction:g}.csv"

    def trial(self, cell: str, number: int) -> Path:
        """Checkpoints of one trial."""
        return self.root / "trials" / cell / str(number)

    def replicate(self, cell: str, rank: int, pair: int) -> Path:
        """Checkpoints and history of one replicate."""
        return self.root / "replicates" / cell / f"{rank}-{pair}"

    def validation_table(self, cell: str, rank: int, pair: int) -> Path:
        """Scores of a replicate on its own validation images."""
        return self.validation / f"{cell}-{rank}-{pair}.parquet"

    def prediction(self, dataset: str, cell: str, rank: int, pair: int) -> Path:
        """One prediction table."""
        return self.predictions / dataset / f"{cell}-{rank}-{pair}.parquet"


def at(root: Path | str) -> StudyDirectory:
    """The study directory at a path. Raises `StudyError` for a URI."""
    return StudyDirectory(folder(root).absolute())
