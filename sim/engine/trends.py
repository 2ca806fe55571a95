"""A city's trends as its months pass: what they add to institutions, and how they move fees and costs.

All of it is a function of the month alone, so no policy moves a trend, and a state taken up at any month goes on as if
it had never been left.
"""

import numpy as np
from numpy.typing import NDArray

from sim.engine.fees import MOST, FeeError
from sim.engine.state import State
from sim.world.city import World

NEVER = 10**9  # an absolute month that no run comes to


class Trends:
    """The trends of one city's institutions; holds nothing that time changes.

    start : absolute month of the scenario's start, from which they count
    """

    def __init__(self, world: World, start: int = NEVER) -> None:
        self._facts, self._start, self._institutions = world.facts.trends, start, world.institutions
        self._sensitivity = world.facts.families.sensitivity

    def worth(self, month: int) -> NDArray[np.float64]:
        """Worth to families that taste and trust have added to institutions by a month, (J,) [yuan a month].

        Taste counts the same at all of them: in yuan it is what makes up for it at the price sensitivity α.
        """
        facts, months = self._facts, month - self._start
        taste = facts.taste(months) / self._sensitivity
        by_kind = np.array([taste + facts.trust_yuan(kind, months) for kind in self._institutions.kind_names])
        return np.asarray(by_kind[self._institutions.kind])

    def listed(self, month: int) -> NDArray[np.float64]:
        """Fees at which institutions open in a month, (J, 3) [yuan a month]."""
        return self._institutions.fee * self._facts.fees(month - self._start)

    def costs(self, month: int) -> NDArray[np.float64]:
        """Costs of a child that have come on top by a month, (J, 3) [yuan a month]: as much as listed fees moved.

        So the fee that earned most still does, and owners answer nothing that the trend did. It hangs on listed fees,
        not on those a policy led to: under every policy the trend is the same yuan.
        """
        return self._institutions.fee * (self._facts.fees(month - self._start) - 1)

    def move_fees(self, month: int, state: State) -> None:
        """Move all institutions' own fees, whatever their rule, by what the trend does in a month.

        Raises FeeError where one passes what can be counted.
        """
        months, fee = month - self._start, state.offers.fee
        fee *= self._facts.fees(months) / self._facts.fees(months - 1)
        if (fee > MOST).any():
            raise FeeError(
                f"fees: found {fee.max():.3g} yuan a month, expected at most {MOST:,}: they follow the trend "
                "city.trends.fee_per_year; a smaller one, or fewer years, holds them"
            )
