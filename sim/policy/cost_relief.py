"""Cost relief: the treasury bears part of what institutions pay for utilities and rent."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from sim.params import fraction, number
from sim.policy.instrument import Columns, Floats, Instrument, Kinds, Offered, Path


class CostRelief(Instrument):
    """Pays a share of each institution's bill for water, power, gas and heat, and of its rent.

    Shenyang bills institutions at the residential tariff (Liaoning Daily, 19 November 2025): the difference to the
    commercial one is a share of the bill. Beijing's E-Town pays rent up to 5 yuan per square metre and day (China
    Daily, 22 August 2025). Whoever forgoes the money, here it counts as public cost.
    """

    title: ClassVar[str] = "part of the institutions' bills for utilities and rent"

    utilities: float = fraction("share of utilities that is borne", default=0.0, idle=0.0)
    rent: float = fraction("share of the rent that is borne", default=0.0, idle=0.0)
    standing: Literal["any", "registered", "inclusive"] = Field(default="any", description="institutions that have it")
    kinds: Kinds = Field(default=(), description="kinds that have it; empty for all")
    budget: float | None = number("yuan", "total after which it ends", default=None, at_most=1e12)

    @property
    def idle(self) -> bool:
        """Bears nothing."""
        return self.utilities == 0 and self.rent == 0

    @property
    def budget_yuan(self) -> float | None:
        """The total after which it ends."""
        return self.budget

    def at_scale(self, scale: float) -> Self:
        """The budget is thinned."""
        return self if self.budget is None else self.model_copy(update={"budget": self.budget * scale})

    def kinds_named(self) -> dict[Path, str]:
        """Those that have it."""
        return {("kinds", n): name for n, name in enumerate(self.kinds)}

    def place_income(self, offered: Offered, columns: Columns) -> Floats:
        """The borne part of a place's bills."""
        del columns
        has = offered.that_are(self.standing) & offered.of_kinds(self.kinds)
        return np.where(has, self.utilities * offered.utilities + self.rent * offered.rent, 0.0)
