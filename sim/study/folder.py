"""The results folder of one scenario: ours, not busy, and of this file."""

import fcntl
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sim.study.store import StoreError, remove_other_jobs

MARKER = "scenario.txt"  # names the scenario file whose results these are


class FolderError(RuntimeError):
    """The folder is busy, not ours, or of another scenario file."""


class ResultsFolder:
    """Holds the folder while a study runs; another run of the same folder is refused, not mixed in."""

    def __init__(self, path: Path, scenario: Path) -> None:
        self.path = path
        self._scenario = str(scenario.resolve())
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the folder. Raises FolderError or StoreError."""
        if self.path.exists() and not self.path.is_dir():
            raise FolderError(f"{self.path}: found a file, expected a folder for results")
        marker = self.path / MARKER
        if self.path.exists() and any(self.path.iterdir()) and not marker.exists():
            raise FolderError(f"{self.path}: found a folder with other content, expected an empty one or results")
        try:
            (self.path / "jobs").mkdir(parents=True, exist_ok=True)
            self._lock = marker.open("a+")
        except OSError as error:
            raise StoreError(f"{self.path}: found {error.strerror}, expected to write here") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderError(f"{self.path}: found another run at work, expected to be alone") from None
        self._lock.seek(0)
        named = self._lock.read().strip()
        if named and named != self._scenario:
            self._lock.close()
            raise FolderError(f"{self.path}: found results of {named}, expected those of {self._scenario}")
        if not named:
            self._lock.write(self._scenario + "\n")
            self._lock.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the folder go."""
        if self._lock is not None:
            self._lock.close()

    def forget_jobs(self) -> None:
        """Remove all finished jobs."""
        remove_other_jobs(self.path, set())

    def remove_tables(self) -> None:
        """Remove tables and page of an earlier run, which are not those of the jobs that lie here now."""
        for name in ("summary.csv", "monthly.parquet", "manifest.json", "report.html"):
            (self.path / name).unlink(missing_ok=True)

    def tidy(self, jobs: set[str]) -> None:
        """Remove jobs that the plan no longer names, and halves of files."""
        remove_other_jobs(self.path, jobs)
        for half in self.path.glob("*.part"):
            half.unlink()
