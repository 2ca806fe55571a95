"""The compiler: three decorators, and a cache folder named by the source it compiled.

`entry` is for functions that Python calls, `inner` for those that only other compiled functions
call: for them no Python wrapper is built, which halves the time of the first run. `inlined` is for the
few of these that run for child after child: handing over many columns would take longer than their work.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.source import digest


def _cache_folder() -> str:
    """A folder of this very source: the compiler does not notice a changed function in another module.

    Where the user's cache folder cannot be written, a private temporary folder serves.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "childcare-sim" / digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    return str(folder) if writable else tempfile.mkdtemp(prefix="childcare-sim-")


os.environ.setdefault("NUMBA_CACHE_DIR", _cache_folder())
from numba import njit  # noqa: E402  (the cache folder must be named first)

# Python's check for a division by zero is a branch, and no loop with one runs on vectors
_HOW: Any = {"cache": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
entry: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(**_HOW)
inner: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(**_HOW | {"no_cpython_wrapper": True})
inlined: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(
    **_HOW | {"no_cpython_wrapper": True, "forceinline": True}
)
