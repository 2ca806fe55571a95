"""Prepayment escrow: fees paid in advance are held for families until the months they pay for."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.params import fraction
from sim.policy.instrument import Floats, Instrument, Kinds, Offered, Path


class PrepaymentEscrow(Instrument):
    """Holds a share of what families pay in advance; when an institution closes, that share comes back to them.

    It costs the treasury nothing and moves no fee: what it does is seen where institutions close.
    """

    title: ClassVar[str] = "fees paid in advance are held for families"
    spends: ClassVar[bool] = False

    share: float = fraction("share of prepaid fees that is held", default=0.0, idle=0.0)
    standing: Literal["any", "registered", "inclusive"] = Field(
        default="any", description="institutions from which it is required"
    )
    kinds: Kinds = Field(default=(), description="kinds from which it is required; empty for all")

    @property
    def idle(self) -> bool:
        """Holds nothing."""
        return self.share == 0

    def kinds_named(self) -> dict[Path, str]:
        """Those from which it is required."""
        return {("kinds", n): name for n, name in enumerate(self.kinds)}

    def escrow(self, offered: Offered) -> Floats:
        """The share, where it is required."""
        return np.where(offered.that_are(self.standing) & offered.of_kinds(self.kinds), self.share, 0.0)
