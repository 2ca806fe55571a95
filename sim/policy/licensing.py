"""Licensing: institutions that were not registered become so."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.params import fraction
from sim.policy.bases import OfKinds, Rule, of_kinds
from sim.policy.instrument import Column, Columns, Floats, Kinds, Offered


class Licensing(Rule, OfKinds):
    """Registers a share of the institutions that are not, drawn by lot, from its first day on.

    Registration decides where vouchers are taken and who is paid. Beijing's E-Town moved supervision from health to
    education and handed over 13 institutions (Beijing News, 2 November 2025). The first day is the one on which
    registration is done, not applied for.
    """

    title: ClassVar[str] = "registration of institutions"

    share: float = fraction("share of those not registered who become so", default=0.0, idle=0.0)
    kinds: Kinds = of_kinds("kinds that are registered")

    @property
    def inert(self) -> bool:
        """Registers nobody."""
        return self.share == 0

    def columns(self) -> dict[str, Column]:
        """Who is registered by it."""
        return {"registered": Column("institution", "bool")}

    def begin(self, offered: Offered, chance: Floats, columns: Columns) -> None:
        """Draw who."""
        columns["registered"][:] = ~offered.registered & offered.of_kinds(self.kinds) & (chance < self.share)

    def registers(self, columns: Columns) -> NDArray[np.bool_]:
        """Those drawn."""
        return np.asarray(columns["registered"])
