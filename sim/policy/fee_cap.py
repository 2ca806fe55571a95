"""Fee cap: institutions may ask no more than a sum, by band."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.params import MANY, number
from sim.policy.instrument import Columns, Floats, Instrument, Kinds, Offered, Path


def _cap(band: str) -> Any:
    return number("yuan a month", f"most that may be asked for {band}", default=float(MANY), idle=float(MANY))


class FeeCap(Instrument):
    """Limits posted fees; what an institution would ask below the limit it still asks.

    Taiyuan, 2024: public centres ask at most 1,298 yuan for older toddlers (Taiyuan Evening News, January 2025).
    """

    title: ClassVar[str] = "a limit on posted fees"
    spends: ClassVar[bool] = False

    infant: float = _cap("infants")
    toddler: float = _cap("toddlers")
    older_toddler: float = _cap("older toddlers")
    standing: Literal["any", "registered", "inclusive"] = Field(default="any", description="institutions that it binds")
    kinds: Kinds = Field(default=(), description="kinds that it binds; empty for all")

    @property
    def idle(self) -> bool:
        """Limits nothing."""
        return min(self.infant, self.toddler, self.older_toddler) >= MANY

    def kinds_named(self) -> dict[Path, str]:
        """Those it binds."""
        return {("kinds", n): name for n, name in enumerate(self.kinds)}

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """The fee, or the limit where that is less."""
        del columns
        caps = np.array([self.infant, self.toddler, self.older_toddler])
        bound = offered.that_are(self.standing) & offered.of_kinds(self.kinds)
        return np.where(bound[:, None], np.minimum(fee, caps), fee)
