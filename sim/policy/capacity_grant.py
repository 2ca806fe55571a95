"""Capacity grant: the treasury pays owners once for each place that they open."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from sim.params import number
from sim.policy.instrument import Columns, Floats, Instrument, Kinds, Offered, Path


class CapacityGrant(Instrument):
    """Pays part of the fit-out of new classes and new institutions on the day they open; owners count on it before.

    The nation's scheme of 2019 paid 10,000 yuan per new inclusive place (发改社会〔2019〕1606号; amount from memory);
    Qingdao had 25.85 million yuan for 68 projects (Qingdao Daily, 11 November 2021). What opens in the window is paid
    for, whether it was begun because of the grant or not; sites kept for policies have no owner who could be paid.
    """

    title: ClassVar[str] = "money to owners once for each place that opens"

    yuan_per_place: float = number("yuan", "once per place that opens", default=0.0, idle=0.0, at_most=1_000_000)
    standing: Literal["any", "registered", "inclusive"] = Field(
        default="any", description="institutions that receive it"
    )
    kinds: Kinds = Field(default=(), description="kinds that receive it; empty for all")
    budget: float | None = number("yuan", "total after which it ends", default=None, at_most=1e12)

    @property
    def idle(self) -> bool:
        """Pays nothing."""
        return self.yuan_per_place == 0

    @property
    def budget_yuan(self) -> float | None:
        """The total after which it ends."""
        return self.budget

    def at_scale(self, scale: float) -> Self:
        """The budget is thinned."""
        return self if self.budget is None else self.model_copy(update={"budget": self.budget * scale})

    def kinds_named(self) -> dict[Path, str]:
        """Those that receive it."""
        return {("kinds", n): name for n, name in enumerate(self.kinds)}

    def grant(self, offered: Offered, columns: Columns) -> Floats:
        """The sum, where it is due."""
        del columns
        paid = offered.that_are(self.standing) & offered.of_kinds(self.kinds) & ~offered.reserved
        return np.repeat(np.where(paid, self.yuan_per_place, 0.0)[:, None], 4, axis=1)
