"""Finished jobs on disk: one file each, written aside and renamed, so whole or not at all."""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from sim.engine.recorder import Record


class StoreError(RuntimeError):
    """The results folder cannot be written."""


def digest_of(parts: dict[str, Any]) -> str:
    """Hash of what defines a job, hexadecimal, 32 characters; `parts` must be plain JSON values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Where to write a file that is renamed to `path` when all went well. Raises StoreError if the disk refuses."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to tell
            part.unlink()
        raise StoreError(f"{path}: found {error.strerror}, expected to write here") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises StoreError if the disk refuses."""
    with aside(path) as part:
        part.write_bytes(content)


def job_path(folder: Path, job: str) -> Path:
    """Where a job's record lies."""
    return folder / "jobs" / f"{job}.npz"


def save_record(folder: Path, job: str, record: Record) -> None:
    """Store a record under its job's hash. Raises StoreError if the disk refuses."""
    arrays: dict[str, Any] = {}
    for f in fields(Record):
        value = getattr(record, f.name)
        if f.name == "stays":
            arrays |= {f"stays.{name}": column for name, column in value.items()}
        else:
            arrays[f.name] = np.array(value)
    with aside(job_path(folder, job)) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def load_record(folder: Path, job: str) -> Record | None:
    """A stored record; None if there is none or it is not a whole one, so that the job is run again."""
    try:
        with job_path(folder, job).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            plain = {name: arrays[name] for name in arrays.files}
        stays = {name.removeprefix("stays."): plain.pop(name) for name in list(plain) if name.startswith("stays.")}
        plain |= {name: tuple(str(x) for x in plain[name]) for name in ("groups", "instrument_kinds")}
        plain |= {name: int(plain[name]) for name in ("first", "children")}
        return Record(stays=stays, **plain)
    except (FileNotFoundError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError):
        return None


def remove_other_jobs(folder: Path, keep: set[str]) -> None:
    """Remove finished jobs that the plan no longer names, and what killed runs left half-written."""
    for path in (folder / "jobs").iterdir():
        if path.suffix == ".part" or (path.suffix == ".npz" and path.stem not in keep):
            path.unlink(missing_ok=True)
