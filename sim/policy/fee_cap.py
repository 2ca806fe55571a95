"""Fee cap: institutions may ask no more than a sum, by band."""

from typing import Any, ClassVar

import numpy as np

from sim.params import MANY, number
from sim.policy.bases import Rule, Selective, Standing, of_kinds, of_standing
from sim.policy.instrument import Columns, Floats, Kinds, Offered


def _cap(band: str) -> Any:
    return number("yuan a month", f"most that may be asked for {band}", default=float(MANY), idle=float(MANY))


class FeeCap(Rule, Selective):
    """Limits posted fees; what an institution would ask below the limit it still asks.

    Taiyuan, 2024: public centres ask at most 1,298 yuan for older toddlers (Taiyuan Evening News, January 2025).
    """

    title: ClassVar[str] = "a limit on posted fees"

    infant: float = _cap("infants")
    toddler: float = _cap("toddlers")
    older_toddler: float = _cap("older toddlers")
    standing: Standing = of_standing("institutions that it binds")
    kinds: Kinds = of_kinds("kinds that it binds")

    @property
    def inert(self) -> bool:
        """Limits nothing."""
        return min(self.infant, self.toddler, self.older_toddler) >= MANY

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """The fee, or the limit where that is less."""
        del columns
        caps = np.array([self.infant, self.toddler, self.older_toddler])
        bound = self.means(offered)
        return np.where(bound[:, None], np.minimum(fee, caps), fee)
