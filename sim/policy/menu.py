"""The menu: every instrument in this folder, by kind; a new file is on it by being there."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from sim.policy.instrument import Instrument

_NOT_LEAVES = {"bases", "instrument", "menu", "thinning"}


@cache
def menu() -> dict[str, type[Instrument]]:
    """Instrument classes by kind (the file's name), in alphabetical order.

    Raises TypeError naming a file that does not define exactly one instrument.
    """
    found: dict[str, type[Instrument]] = {}
    folder = str(Path(__file__).parent)
    for name in sorted(m.name for m in pkgutil.iter_modules([folder]) if m.name not in _NOT_LEAVES):
        module = importlib.import_module(f"sim.policy.{name}")
        mine = [
            c
            for c in vars(module).values()
            if isinstance(c, type) and issubclass(c, Instrument) and c.__module__ == module.__name__
        ]
        if len(mine) != 1:
            raise TypeError(f"sim/policy/{name}.py defines {len(mine)} instruments; a leaf defines one")
        found[name] = mine[0]
    return found


def kind_of(instrument: Instrument) -> str:
    """The word by which scenario files call an instrument."""
    return type(instrument).__module__.rsplit(".", 1)[-1]
