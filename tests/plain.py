"""Tests run again with the compiler off: no number changes its width by being compiled."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def passes_uncompiled(path: str) -> None:
    """Assert that the tests of a file, but those of being uncompiled, also pass with the kernels as plain Python."""
    # NumPy's own scalars warn where compiled integers wrap round, as Philox means them to
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning",
         path, "-k", "not uncompiled"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])},
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
