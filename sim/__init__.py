"""A laboratory for childcare subsidy policy: a whole city, child by child and institution by institution.

Public names are imported on first use, so `--help` stays quick.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing typing takes a while, and an interrupt must be answered sooner
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
    """Import a public name from its module on first use."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
