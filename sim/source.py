"""The digest of this package's source: part of every job's hash and the name of the compiled-code cache."""

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def digest() -> str:
    """Hash of every source file of the package, hexadecimal, 16 characters."""
    state = hashlib.blake2b(digest_size=8)
    for path in sorted(PACKAGE.rglob("*.py")):
        state.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()


def prepare_compiled_cache() -> None:
    """Point the compiler's cache at a folder of this very source, before the compiler is imported.

    Its own cache does not notice a changed function in another module, so the folder's name must.
    Where the user's cache folder cannot be written, a private temporary folder serves.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "childcare-sim" / digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        folder = Path(tempfile.mkdtemp(prefix="childcare-sim-"))
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
