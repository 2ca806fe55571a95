"""Information campaign: families hear of voucher pools, and of what institutions are like."""

from typing import ClassVar, Self

import numpy as np

from sim.params import fraction, number
from sim.policy.instrument import Columns, Floats, Instrument, Offered


class InformationCampaign(Instrument):
    """Tells a share of those who do not know of voucher pools each month, and raises trust in all institutions.

    Hangzhou held 1,274 parenting classes in eight months (Hangzhou Daily, 23 September 2023); Chengyang's family
    programme spent 3 million yuan on 3,200 families (Qingdao Daily, 11 November 2021). What they changed is not
    published.
    """

    title: ClassVar[str] = "families hear of vouchers and of institutions"

    told: float = fraction("share of those who do not know of a pool who are told each month", default=0.0, idle=0.0)
    trust_yuan: float = number(
        "yuan a month", "what more trust makes care worth to a family", default=0.0, idle=0.0, at_most=10_000
    )
    yuan_per_month: float = number("yuan a month", "that the campaign costs", default=0.0, idle=0.0, at_most=1e9)

    @property
    def inert(self) -> bool:
        """Tells nobody anything and costs nothing."""
        return self.told == 0 and self.trust_yuan == 0 and self.yuan_per_month == 0

    def at_scale(self, scale: float) -> Self:
        """Its cost is thinned: there are fewer to tell."""
        return super().at_scale(scale).model_copy(update={"yuan_per_month": self.yuan_per_month * scale})

    def reach(self) -> float:
        """As declared."""
        return self.told

    def appeal(self, offered: Offered, columns: Columns) -> Floats:
        """Trust, everywhere and for all."""
        del columns
        return np.full((len(offered.kind), 3), self.trust_yuan)

    def overhead(self, offered: Offered, columns: Columns) -> float:
        """As declared."""
        del offered, columns
        return self.yuan_per_month
