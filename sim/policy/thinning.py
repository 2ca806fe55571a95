"""A chain of instruments in a city of which a part is simulated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.policy.instrument import Instrument
from sim.world.districts import apportion

TELLING = 0.1  # of what thinning alone would leave: rounded by more than that, an instrument weighs otherwise


@dataclass(frozen=True)
class Rounded:
    """An instrument whose whole numbers stand for more or less than those of the file would in the whole city.

    written, thinned, left : as in the file, times the scale, and as they are run
    """

    instrument: Instrument
    parameter: str
    written: tuple[int, ...]
    thinned: tuple[float, ...]
    left: tuple[int, ...]


def rounded(chain: Sequence[Instrument], scale: float) -> Iterator[Rounded]:
    """Those of a policy's instruments that being whole at this scale changes by more than a tenth, or leaves out."""
    for written, thin in zip(chain, thinned(chain, scale), strict=True):
        quota = None if written.inert else written.quota()
        if quota is None:
            continue
        left = (thin.quota() or (quota[0], (0,) * len(quota[1])))[1]
        exact = tuple(scale * count for count in quota[1])
        if any(abs(now - share) > TELLING * share for now, share in zip(left, exact, strict=True)):
            yield Rounded(written, quota[0], quota[1], exact, left)


def thinned(chain: Sequence[Instrument], scale: float) -> tuple[Instrument, ...]:
    """A policy's instruments for a city thinned to `scale`.

    Quotas and budgets are each instrument's own affair (`Instrument.at_scale`). What several open of one kind is one
    number that is thinned, to the nearest and to no less than 1, and shared out by largest remainder: so it hangs on
    neither their order nor on how many there are, and stays within the sites that are kept, which are rounded up.
    """
    out = [instrument.at_scale(scale) for instrument in chain]
    openings = [instrument.opening() for instrument in chain]
    for alike in dict.fromkeys((o.parameter, o.kind) for o in openings if o is not None):
        rows = [n for n, o in enumerate(openings) if o is not None and (o.parameter, o.kind) == alike]
        counts = np.array([o.count for o in openings if o is not None and (o.parameter, o.kind) == alike], float)
        shares = apportion(counts, max(round(scale * float(counts.sum())), 1))
        for n, share in zip(rows, shares, strict=True):
            out[n] = out[n].model_copy(update={alike[0]: int(share)})
    return tuple(out)
