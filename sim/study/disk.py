"""Files on disk: written aside and renamed, so whole or not at all."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


class StoreError(RuntimeError):
    """The results folder cannot be read or written."""


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Where to write a file that is renamed to `path` when all went well; no other process writes there.

    Raises StoreError if the disk refuses.
    """
    part = _part(path)
    try:
        yield part
        part.replace(path)
    except OSError as error:
        _drop(part)
        raise _refused(path, error) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises StoreError if the disk refuses."""
    with aside(path) as part:
        part.write_bytes(content)


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files, each whole, and none of them where one can't be written. Raises StoreError.

    files : contents by path; their folders are there
    """
    written: list[Path] = []
    path = Path()
    try:
        for path, content in files.items():
            if path.is_dir():  # known only when it is renamed, which is after the others
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            written.append(_part(path))
            written[-1].write_bytes(content)
        for path, part in zip(files, written, strict=True):
            part.replace(path)
    except OSError as error:
        for part in written:
            _drop(part)
        raise _refused(path, error) from error


def _part(path: Path) -> Path:
    """Where a file is written before it has its name; no other process writes there."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def _drop(part: Path) -> None:
    """Remove what was half-written; the error that left it is the one to tell."""
    with suppress(OSError):
        part.unlink()


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: found {error.strerror or error}, expected to write here")
