"""Fee subsidy: the treasury pays part of each enrolled child's fee."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sim.dates import BAND_NAMES
from sim.params import MANY, fraction, number
from sim.policy.bases import Budgeted, Selective, Standing, limited, of_kinds, of_standing
from sim.policy.instrument import Bands, Columns, Groups, Kinds, Offered, Relief


class FeeSubsidy(Budgeted, Selective):
    """Pays min(ceiling, amount + rate · net fee) of each bill, for families below an income limit.

    Of the form of Sichuan's 200 yuan a child-month (China Daily, 22 August 2025) and of any rate.
    """

    title: ClassVar[str] = "part of the fee, paid for every eligible bill"

    rate: float = fraction("share of the net fee so far", default=0.0, idle=0.0)
    amount: float = number("yuan a month", "flat amount", default=0.0, idle=0.0, at_most=1_000_000)
    ceiling: float = number("yuan a month", "at most this per bill", default=float(MANY))
    income_limit: float = number("yuan a month", "household income up to which it is paid", default=float(MANY))
    bands: Bands = Field(default=BAND_NAMES, description="bands for which it is paid")
    kinds: Kinds = of_kinds("kinds of institution at which it is paid")
    standing: Standing = of_standing("institutions at which it is paid")
    budget: float | None = limited()

    @property
    def inert(self) -> bool:
        """No rate and no amount, or a ceiling of nothing."""
        return (self.rate == 0 and self.amount == 0) or self.ceiling == 0

    def incomes_told_apart(self) -> tuple[float, ...]:
        """The income limit, where there is one."""
        return (self.income_limit,) if self.income_limit < MANY else ()

    def relief(self, offered: Offered, groups: Groups, columns: Columns) -> Relief | None:
        """A rate and an amount where family, band and institution qualify."""
        del columns
        family = (groups.income_to <= self.income_limit) | (self.income_limit >= MANY)
        band = np.isin(BAND_NAMES, self.bands)
        place = self.means(offered)
        pays = (family[:, None, None] & band[None, :, None] & place[None, None, :]).astype(float)
        return Relief(rate=self.rate * pays, amount=self.amount * pays, ceiling=self.ceiling * pays)
