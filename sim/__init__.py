"""A laboratory for childcare subsidy policy: a whole city, child by child and institution by institution.

The names a notebook needs are loaded when they are first asked for, so that `--help` stays quick.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing itself takes a while to load, before an interrupt can be answered
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "Laboratory": "sim.study.laboratory",
    "compare": "sim.study.summary",
    "load": "sim.scenario.schema",
    "run": "sim.study.run",
}

__all__ = ["Laboratory", "compare", "load", "run"]


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
