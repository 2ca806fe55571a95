"""Files on disk: written aside and renamed, so whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class StoreError(RuntimeError):
    """The results folder cannot be read or written."""


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Where to write a file that is renamed to `path` when all went well; no other process writes there.

    Raises StoreError if the disk refuses.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to tell
            part.unlink()
        raise StoreError(f"{path}: found {error.strerror or error}, expected to write here") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises StoreError if the disk refuses."""
    with aside(path) as part:
        part.write_bytes(content)
