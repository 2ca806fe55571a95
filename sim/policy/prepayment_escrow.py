"""Prepayment escrow: fees paid in advance are held for families until the months they pay for."""

from typing import ClassVar

import numpy as np

from sim.params import fraction
from sim.policy.bases import Rule, Selective, Standing, of_kinds, of_standing
from sim.policy.instrument import Floats, Kinds, Offered


class PrepaymentEscrow(Rule, Selective):
    """Holds a share of what families pay in advance; when an institution closes, that share comes back to them.

    It costs the treasury nothing and moves no fee: what it does is seen where institutions close.
    """

    title: ClassVar[str] = "fees paid in advance are held for families"

    share: float = fraction("share of prepaid fees that is held", default=0.0, idle=0.0)
    standing: Standing = of_standing("institutions from which it is required")
    kinds: Kinds = of_kinds("kinds from which it is required")

    @property
    def inert(self) -> bool:
        """Holds nothing."""
        return self.share == 0

    def escrow(self, offered: Offered) -> Floats:
        """The share, where it is required."""
        return np.where(self.means(offered), self.share, 0.0)
