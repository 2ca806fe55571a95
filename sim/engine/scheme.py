"""The inclusive scheme: a guided fee in return for what the treasury pays to those who are recognised (普惠)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.engine.fees import Outlook, Position, Yuan, best_fee, served
from sim.policy.instrument import Recognition
from sim.world.supply import SupplyFacts


def guided_fee(facts: SupplyFacts, posted: Yuan) -> Yuan:
    """Fees at which institutions would join, (J, 3), before what instruments demand; posted : what they ask today."""
    return posted * (1 - facts.inclusive_discount)


def choose(
    facts: SupplyFacts,
    asked: NDArray[np.bool_],
    inclusive: NDArray[np.bool_],
    at: Position,
    outlook: Outlook,
    spill: Yuan,
    inside: Recognition,
    outside: Recognition,
    pooled: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    seats: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Return membership in the scheme, bool (J,): those asked join or leave where a year gains more than it costs.

    Inside, the fee stands `inclusive_discount` and what instruments demand below the one asked at joining; outside
    it is the one that earns most. Both are compared at what comes by the demand around today's fee.

    asked : bool (J,); at : with costs before what the treasury pays
    spill : what the owner's other institutions gain per yuan of this one's fee, (J, 3)
    inside, outside : what instruments pay and demand of those recognised, and of the others
    pooled : sums over an institution's services, which are in the scheme together
    seats : (J,)  full-time places
    """
    guided = np.where(inclusive[:, None], at.posted, guided_fee(facts, at.posted) - inside.cut)
    guided = np.maximum(guided, 0.0)
    free = best_fee(at, outlook, spill, outside.pay)

    def year(fee: Yuan, pay: Yuan) -> NDArray[np.float64]:
        own = (fee - at.cost + pay) * served(at, outlook, fee) + at.scale * spill * (fee - at.posted)
        return np.asarray(YEAR * own.sum(axis=1))

    # whoever asks a fee that is not its best can have a better one without the scheme
    alone = np.maximum(year(free, outside.pay), year(at.posted, outside.pay))
    places = YEAR * (inside.place - outside.place) * seats
    gain = pooled(year(guided, inside.pay) - alone + places)
    joins, leaves = asked & ~inclusive & (gain > facts.scheme_cost), asked & inclusive & (-gain > facts.scheme_cost)
    return (inclusive | joins) & ~leaves
