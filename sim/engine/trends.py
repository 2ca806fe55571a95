"""Trends of a city by month: their effect on the worth of institutions, fees and costs.

Trends depend on the month alone: no policy moves them, and a run resumed from any month continues unchanged.
"""

import numpy as np
from numpy.typing import NDArray

from sim.engine.fees import MOST, FeeError
from sim.engine.state import State
from sim.world.city import World

NEVER = 10**9  # an absolute month after any run


class Trends:
    """Trends of one city's institutions; holds nothing that time changes.

    start : absolute month of the scenario's start, from which they count
    """

    def __init__(self, world: World, start: int = NEVER) -> None:
        self._facts, self._start, self._institutions = world.facts.trends, start, world.institutions
        self._sensitivity = world.facts.families.sensitivity

    def worth(self, month: int) -> NDArray[np.float64]:
        """Return the trend in institutions' worth to households by a month, (J,) [yuan a month].

        Taste counts equally at all of them; it is converted to yuan at the price sensitivity α.
        """
        facts, months = self._facts, month - self._start
        taste = facts.taste(months) / self._sensitivity
        by_kind = np.array([taste + facts.trust_yuan(kind, months) for kind in self._institutions.kind_names])
        return np.asarray(by_kind[self._institutions.kind])

    def listed(self, month: int) -> NDArray[np.float64]:
        """Return the fees at opening in a month, (J, 3) [yuan a month]."""
        return self._institutions.fee * self._facts.fees(month - self._start)

    def costs(self, month: int) -> NDArray[np.float64]:
        """Return the rise of costs per child by a month, (J, 3) [yuan a month]: equal to the rise of listed fees.

        Thus the best-response fee follows the trend and owners do not respond to it otherwise. It is based on listed
        fees, not on fees moved by a policy: the trend is the same in yuan under every policy.
        """
        return self._institutions.fee * (self._facts.fees(month - self._start) - 1)

    def move_fees(self, month: int, state: State) -> None:
        """Move all institutions' own fees, whatever their rule, by the trend of a month.

        Raises FeeError if a fee exceeds the countable range.
        """
        months, fee = month - self._start, state.offers.fee
        fee *= self._facts.fees(months) / self._facts.fees(months - 1)
        if (fee > MOST).any():
            raise FeeError(
                f"fees: found {fee.max():.3g} yuan a month, expected at most {MOST:,}: they follow the trend "
                "city.trends.fee_per_year; a smaller one, or fewer years, holds them"
            )
