"""A chain of instruments in a city of which a part is simulated."""

from collections.abc import Sequence

import numpy as np

from sim.policy.instrument import Instrument
from sim.world.districts import apportion


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
