"""Digest of this package's source: part of every job's hash, and name of the compiled code's cache."""

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def digest() -> str:
    """Return the hash of every source file of the package, hexadecimal, 16 characters."""
    state = hashlib.blake2b(digest_size=8)
    for path in sorted(PACKAGE.rglob("*.py")):
        state.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()
