"""Operating subsidy: the treasury pays institutions per enrolled child-month, and may ask for lower fees."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.params import MANY, Rows, number
from sim.policy.instrument import (
    BAND_WORDS,
    Band,
    ChildIncome,
    Column,
    Columns,
    Floats,
    Instrument,
    Offered,
)


class OperatingSubsidy(Instrument):
    """Pays recognised institutions a sum per child actually enrolled, for at most some months of a child-year.

    Shanxi, 2024: 500 yuan (independent institutions) or 300 (kindergartens) per child-month, at most ten
    months, for about 20,000 inclusive places that follow the guide price (Shanxi Daily, 22 August 2024).
    """

    title: ClassVar[str] = "money to institutions per enrolled child-month"
    asks_who_is_enrolled: ClassVar[bool] = True
    pays_institutions: ClassVar[bool] = True

    yuan_per_child: float = number("yuan a month", "per enrolled child-month", default=0.0, idle=0.0, at_most=1_000_000)
    kindergarten_yuan_per_child: float | None = number(
        "yuan a month", "in place of it for classes run by kindergartens", default=None, at_most=1_000_000
    )
    months_cap: int = number("months", "paid per child and calendar year at most", default=10, at_most=12)
    places: int = number("places", "child-months paid per month at most, city-wide", default=MANY)
    fee_cut: float = number("yuan a month", "by which the posted fee of a participant must fall", default=0.0, idle=0.0)
    budget: float | None = number("yuan", "total after which it ends", default=None, at_most=1e12)
    standing: Literal["any", "registered", "inclusive"] = Field(
        default="inclusive", description="institutions that may take part"
    )
    kinds: Rows[str] = Field(default=(), description="kinds that may take part; empty for all")
    bands: Rows[Band] = Field(default=BAND_WORDS, description="bands for which it is paid")

    @property
    def idle(self) -> bool:
        """Pays nothing and asks for nothing, or has no places to pay for."""
        pays = self.yuan_per_child > 0 or (self.kindergarten_yuan_per_child or 0) > 0
        return self.places == 0 or not (pays or self.fee_cut > 0)

    @property
    def budget_yuan(self) -> float | None:
        """The total after which it ends."""
        return self.budget

    def at_scale(self, scale: float) -> Self:
        """Places and budget are thinned."""
        return self.model_copy(
            update={
                "places": self.places if self.places >= MANY else round(self.places * scale),
                "budget": None if self.budget is None else self.budget * scale,
            }
        )

    def columns(self) -> dict[str, Column]:
        """Who takes part."""
        return {"takes_part": Column("institution", "bool")}

    def begin(self, offered: Offered, chance: Floats, columns: Columns) -> None:
        """Choose participants by lot until the children they enrol fill the places.

        The last may reach beyond; what is paid in a month stays within the places.
        """
        may = offered.that_are(self.standing) & offered.of_kinds(self.kinds)
        children = np.where(may, offered.enrolled[:, np.isin(BAND_WORDS, self.bands)].sum(axis=1), 0)
        order = np.argsort(np.where(may, chance, 2.0), kind="stable")[: int(may.sum())]
        chosen = columns["takes_part"]
        chosen[:] = False
        chosen[order] = np.cumsum(children[order]) - children[order] < self.places

    def _paid(self, columns: Columns) -> NDArray[np.bool_]:
        """Bands by institutions for which it is paid, bool (3, n)."""
        return np.isin(BAND_WORDS, self.bands)[:, None] & columns["takes_part"][None, :]

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """Participants ask `fee_cut` less in the bands that are paid for, never less than nothing."""
        del offered
        return np.where(self._paid(columns).T, np.maximum(fee - self.fee_cut, 0.0), fee)

    def child_income(self, offered: Offered, columns: Columns) -> ChildIncome | None:
        """The sum per child-month, by kind."""
        other = self.yuan_per_child if self.kindergarten_yuan_per_child is None else self.kindergarten_yuan_per_child
        yuan = np.where(offered.of_kinds(("kindergarten",)), other, self.yuan_per_child)
        return ChildIncome(yuan=yuan[None, :] * self._paid(columns), months_cap=self.months_cap, places=self.places)
