"""The results folder of one scenario: ours, not busy, and of this file."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sim.study.disk import StoreError, write_whole
from sim.study.store import remove_other_jobs

MARKER = "scenario.txt"  # names the scenario file whose results these are
MOST_NAMED = 10_000  # characters of a path


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
        try:
            self._lock = self._taken()
        except OSError as error:
            raise StoreError(f"{self.path}: found {error.strerror}, expected to write here") from error
        return self

    def _taken(self) -> IO[str]:
        """The marker, locked, with this scenario's name in it. Raises FolderError or OSError."""
        marker = self.path / MARKER
        if self.path.exists() and not self.path.is_dir():
            raise FolderError(f"{self.path}: found a file, expected a folder for results")
        if self.path.exists() and any(self.path.iterdir()) and not marker.exists():
            raise FolderError(f"{self.path}: found a folder with other content, expected an empty one or results")
        if marker.is_symlink() or (marker.exists() and not marker.is_file()):
            raise FolderError(f"{marker}: found no plain file, expected the name of a scenario file")
        (self.path / "jobs").mkdir(parents=True, exist_ok=True)
        lock = marker.open("a+", encoding="utf-8", errors="surrogateescape")
        try:
            self._claim(lock)
        except BaseException:
            lock.close()
            raise
        return lock

    def _claim(self, lock: IO[str]) -> None:
        """Lock the marker, and write this scenario's name into it if there is none."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(f"{self.path}: found another run at work, expected to be alone") from None
        lock.seek(0)
        named = lock.read(MOST_NAMED).strip()
        if named and named != self._scenario:
            found = "".join(c if c.isprintable() else "?" for c in named[:200])
            raise FolderError(f"{self.path}: found results of {found}, expected those of {self._scenario}")
        if not named:
            lock.write(self._scenario + "\n")
            lock.flush()

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
        """Remove tables, figures and page of an earlier run, which are not those of the jobs that lie here now."""
        for name in ("summary.csv", "summary.xlsx", "split.csv", "monthly.parquet", "manifest.json", "report.html"):
            (self.path / name).unlink(missing_ok=True)
        for figure in [*self.path.glob("figures/*.png"), *self.path.glob("figures/*.svg")]:
            figure.unlink(missing_ok=True)

    def put_or_remove(self, name: str, content: bytes | None) -> None:
        """Write a table that not every scenario has, or remove what an earlier run left of it."""
        if content is None:
            (self.path / name).unlink(missing_ok=True)
        else:
            write_whole(self.path / name, content)

    def tidy(self, jobs: set[str]) -> None:
        """Remove jobs that the plan no longer names, and halves of files."""
        remove_other_jobs(self.path, jobs)
        for half in [*self.path.glob("*.part"), *self.path.glob("figures/*.part")]:
            half.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep runs out of a results folder while it is read; nothing is written, and other readers may come in.

    Raises FolderError where a run is at work in it, OSError where there is no marker to be read.
    """
    with (path / MARKER).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(f"{path}: found a run at work, expected to read in peace") from None
        yield
