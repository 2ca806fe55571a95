"""Capacity grant: the treasury pays owners once for each place that they open."""

from typing import ClassVar

import numpy as np

from sim.params import number
from sim.policy.bases import Budgeted, Selective, Standing, limited, of_kinds, of_standing
from sim.policy.instrument import Columns, Floats, Kinds, Offered


class CapacityGrant(Budgeted, Selective):
    """Pays part of the fit-out of new classes and new institutions on the day they open; owners count on it before.

    The nation's scheme of 2019 paid 10,000 yuan per new inclusive place (发改社会〔2019〕1606号; amount from memory);
    Qingdao had 25.85 million yuan for 68 projects (Qingdao Daily, 11 November 2021). What opens in the window is paid
    for, whether it was begun because of the grant or not; sites kept for policies have no owner who could be paid.
    """

    title: ClassVar[str] = "money to owners once for each place that opens"

    yuan_per_place: float = number("yuan", "once per place that opens", default=0.0, idle=0.0, at_most=1_000_000)
    standing: Standing = of_standing("institutions that receive it")
    kinds: Kinds = of_kinds("kinds that receive it")
    budget: float | None = limited()

    def clauses(self) -> tuple[str, ...]:
        """Return the amount and its terms."""
        return ("amount",)

    @property
    def inert(self) -> bool:
        """Pays nothing."""
        return self.yuan_per_place == 0

    def grant(self, offered: Offered, columns: Columns) -> Floats:
        """The sum, where it is due."""
        del columns
        paid = self.means(offered) & ~offered.reserved
        return np.repeat(np.where(paid, self.yuan_per_place, 0.0)[:, None], 4, axis=1)
