"""Compilation of kernels: three decorators, a prefetch hint, and a cache folder named by a digest of the source.

`entry` marks functions called from Python. `inner` marks functions called only from compiled code: they get no Python
wrapper, halving the time of the first run. `inlined` marks the few `inner` functions called once per child: passing
their many columns would take longer than their work.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.source import digest


def _cache_folder() -> str:
    """Return the cache folder of this exact source, because the compiler misses a changed function in another module.

    Falls back to a private temporary folder if the user's cache folder cannot be written.
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
from llvmlite import ir  # noqa: E402  (the cache folder must be named before)
from numba import config, njit  # noqa: E402
from numba.core import cgutils, types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

# Python's check for division by zero is a branch, and a loop with a branch is not vectorised
_HOW: Any = {"cache": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
entry: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(**_HOW)
inner: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(**_HOW | {"no_cpython_wrapper": True})
inlined: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(
    **_HOW | {"no_cpython_wrapper": True, "forceinline": True}
)


def _prefetch(_: Any, array: Any, row: Any) -> Any:
    """Prefetch the memory line at the start of an array row.

    Loops over children far apart in memory mostly wait for it; a prefetch some children ahead hides the wait. The hint
    affects time only: the row is not read, and an index out of bounds is harmless.
    """

    tools: Any = cgutils

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column = context.make_array(signature.args[0])(context, builder, args[0])
        at = context.cast(builder, args[1], signature.args[1], types.intp)
        stride = tools.unpack_tuple(builder, column.strides)[0]
        start = builder.bitcast(column.data, ir.IntType(8).as_pointer())
        line = builder.gep(start, [builder.mul(at, stride)])
        whole = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [line.type, whole, whole, whole])
        fetch = tools.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(fetch, [line, whole(0), whole(3), whole(1)])  # to read, to keep near, of the data
        return context.get_dummy_value()

    return types.void(array, row), build


def _no_hint(array: Any, row: Any) -> None:
    """Do nothing: stands for `prefetch` if compilation is disabled."""


_settings: Any = config
prefetch: Any = _no_hint if _settings.DISABLE_JIT else intrinsic(_prefetch)
