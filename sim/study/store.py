"""Finished jobs on disk: one file each, with a digest of its content, so that damage is seen."""

import hashlib
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.recorder import Record
from sim.study.disk import StoreError, aside

_DIGEST = "digest"  # of all arrays, beside them in the file
_JOB_FILE = re.compile(r"[0-9a-f]{32}\.npz(?P<half>\.\d+\.part)?")


class DamagedError(ValueError):
    """A job's file is not what was once written there."""


def digest_of(parts: dict[str, Any]) -> str:
    """Hash of what defines a job, hexadecimal, 32 characters; `parts` must be plain JSON values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def job_path(folder: Path, job: str) -> Path:
    """Where a job's record lies."""
    return folder / "jobs" / f"{job}.npz"


def save_record(folder: Path, job: str, record: Record) -> None:
    """Store a record under its job's hash. Raises StoreError if the disk refuses."""
    arrays: dict[str, NDArray[Any]] = {}
    for f in fields(Record):
        value = getattr(record, f.name)
        if f.name == "stays":
            arrays |= {f"stays.{name}": column for name, column in value.items()}
        else:
            arrays[f.name] = np.array(value)
    with aside(job_path(folder, job)) as part, part.open("wb") as file:
        np.savez(file, **{_DIGEST: _digest(arrays)}, **arrays)  # type: ignore[arg-type]


def _digest(arrays: dict[str, NDArray[Any]]) -> NDArray[np.uint8]:
    """Hash of names, types, shapes and content, uint8 (16,)."""
    state = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        state.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + np.ascontiguousarray(array).tobytes())
    return np.frombuffer(state.digest(), np.uint8)


def load_record(folder: Path, job: str) -> Record | None:
    """A stored record; None if there is none.

    Raises DamagedError if what is there is not what was written, StoreError if it cannot be read.
    """
    path = job_path(folder, job)
    if path.is_fifo() or path.is_socket():  # it would be waited for
        raise DamagedError("no file of ours")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            plain = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno is None:  # the archive's own complaint, not the disk's
            raise DamagedError(str(error)) from error
        raise StoreError(f"{path}: found {error.strerror}, expected to read here") from error
    except Exception as error:  # a broken archive may raise anything from a bad checksum to a lack of memory
        raise DamagedError(str(error)) from error
    written = plain.pop(_DIGEST, None)
    if written is None or not np.array_equal(written, _digest(plain)):
        raise DamagedError("the digest is another")
    stays = {name.removeprefix("stays."): plain.pop(name) for name in list(plain) if name.startswith("stays.")}
    words = {name: tuple(str(x) for x in plain.pop(name)) for name in ("groups", "instrument_kinds")}
    whole = {name: int(plain.pop(name)) for name in ("first", "children")}
    return Record(stays=stays, **words, **whole, **plain)  # type: ignore[arg-type]


def stored_jobs(folder: Path) -> set[str]:
    """Hashes of the jobs that lie in a folder, whole or damaged."""
    names = (_JOB_FILE.fullmatch(path.name) for path in (folder / "jobs").glob("*.npz"))
    return {name[0].removesuffix(".npz") for name in names if name is not None}


def remove_other_jobs(folder: Path, keep: set[str]) -> None:
    """Remove finished jobs that the plan no longer names, and what killed runs left half-written; nothing else."""
    for path in (folder / "jobs").iterdir():
        ours = _JOB_FILE.fullmatch(path.name)
        if ours and (ours["half"] or path.stem not in keep):
            path.unlink(missing_ok=True)
