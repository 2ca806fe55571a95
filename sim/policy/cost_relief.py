"""Cost relief: the treasury bears part of what institutions pay for utilities and rent."""

from typing import ClassVar

import numpy as np

from sim.params import fraction
from sim.policy.bases import Budgeted, Selective, Standing, limited, of_kinds, of_standing
from sim.policy.instrument import Columns, Floats, Kinds, Offered


class CostRelief(Budgeted, Selective):
    """Pays a share of each institution's bill for water, power, gas and heat, and of its rent.

    Shenyang bills institutions at the residential tariff (Liaoning Daily, 19 November 2025): the difference to the
    commercial one is a share of the bill. Beijing's E-Town pays rent up to 5 yuan per square metre and day (China
    Daily, 22 August 2025). Whoever forgoes the money, here it counts as public cost.
    """

    title: ClassVar[str] = "part of the institutions' bills for utilities and rent"

    utilities: float = fraction("share of utilities that is borne", default=0.0, idle=0.0)
    rent: float = fraction("share of the rent that is borne", default=0.0, idle=0.0)
    standing: Standing = of_standing("institutions that have it")
    kinds: Kinds = of_kinds("kinds that have it")
    budget: float | None = limited()

    @property
    def inert(self) -> bool:
        """Bears nothing."""
        return self.utilities == 0 and self.rent == 0

    def place_income(self, offered: Offered, columns: Columns) -> Floats:
        """The borne part of a place's bills."""
        del columns
        has = self.means(offered)
        return np.where(has, self.utilities * offered.utilities + self.rent * offered.rent, 0.0)
