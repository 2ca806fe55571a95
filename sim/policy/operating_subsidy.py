"""Operating subsidy: the treasury pays institutions per enrolled child-month, and may limit or lower their fees."""

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.dates import BAND_NAMES, YEAR
from sim.params import MANY, ByName, by_name, number
from sim.policy.bases import (
    Budgeted,
    FeeRule,
    FeesByBand,
    RatedByKind,
    Standing,
    fee_rule,
    fee_rule_by_band,
    limited,
    of_kinds,
    of_standing,
)
from sim.policy.instrument import (
    Bands,
    ChildIncome,
    Column,
    Columns,
    Floats,
    Kinds,
    Offered,
    Recognition,
)

MOST = 1_000_000  # yuan a month for a child


class OperatingSubsidy(Budgeted, RatedByKind, FeeRule):
    """Pays recognised institutions a sum per child actually enrolled, for at most some months of a child-year.

    Shanxi, 2024: 500 yuan (independent institutions) or 300 (kindergartens) per child-month, at most ten
    months, for about 20,000 inclusive places that follow the guide price (Shanxi Daily, 22 August 2024).
    """

    title: ClassVar[str] = "money to institutions per enrolled child-month"
    asks_who_is_enrolled: ClassVar[bool] = True
    pays_institutions: ClassVar[bool] = True

    yuan_per_child: float = number("yuan a month", "per enrolled child-month", default=0.0, idle=0.0, at_most=MOST)
    yuan_by_kind: ByName[Annotated[float, Field(ge=0, le=MOST)]] = by_name(
        "yuan a month", "in place of yuan_per_child at the kinds of institution that it names"
    )
    months_cap: int = number("months", "paid per child and calendar year at most", default=10, at_most=12)
    places: int = number("places", "child-months paid per month at most, city-wide", default=MANY)
    fee_cut: float = number("yuan a month", "by which the posted fee of a participant must fall", default=0.0, idle=0.0)
    fee_at_most: float = fee_rule()
    fee_at_most_by_band: FeesByBand = fee_rule_by_band()
    budget: float | None = limited()
    standing: Standing = of_standing("institutions that may take part", default="inclusive")
    kinds: Kinds = of_kinds("kinds that may take part")
    bands: Bands = Field(default=BAND_NAMES, description="bands for which it is paid")

    def clauses(self) -> tuple[str, ...]:
        """Return the amount and the institutions paid, which many files leave to the default."""
        by_kind_alone = self.yuan_per_child == 0 and self.yuan_by_kind
        return ("amount_by_kind" if by_kind_alone else "amount", "standing")

    @property
    def inert(self) -> bool:
        """Pays nothing and asks for nothing, or has no places to pay for."""
        pays = any(rate > 0 for rate in (self.yuan_per_child, *self.yuan_by_kind.values()))
        return self.places == 0 or not (pays or self.fee_cut > 0 or self.rules)

    def at_scale(self, scale: float) -> Self:
        """Places and budget are thinned."""
        places = self.places if self.places >= MANY else round(self.places * scale)
        return super().at_scale(scale).model_copy(update={"places": places})

    def quota(self) -> tuple[str, tuple[int, ...]] | None:
        """Its places, where they are limited."""
        return ("places", (self.places,)) if self.places < MANY else None

    def columns(self) -> dict[str, Column]:
        """Who takes part."""
        return {"takes_part": Column("institution", "bool")}

    def begin(self, offered: Offered, chance: Floats, columns: Columns) -> None:
        """Choose participants by lot until the children they enrol fill the places; those who take part go first.

        The last may reach beyond; what is paid in a month stays within the places.
        """
        may = self.means(offered)
        children = np.where(may, offered.enrolled[:, np.isin(BAND_NAMES, self.bands)].sum(axis=1), 0)
        chosen = columns["takes_part"]
        order = np.lexsort((chance, ~chosen, ~may))[: int(may.sum())]
        chosen[:] = False
        chosen[order] = np.cumsum(children[order]) - children[order] < self.places

    def _paid(self, columns: Columns) -> NDArray[np.bool_]:
        """Bands by institutions for which it is paid, bool (3, n)."""
        return np.isin(BAND_NAMES, self.bands)[:, None] & columns["takes_part"][None, :]

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """Participants ask `fee_cut` less in the bands that are paid for, never below nothing, and keep the rule."""
        del offered
        asked = np.minimum(np.maximum(fee - self.fee_cut, 0.0), self.most())
        return np.where(self._paid(columns).T, asked, fee)

    def child_income(self, offered: Offered, columns: Columns) -> ChildIncome | None:
        """The sum per child-month, by kind."""
        yuan = self.rate(offered, self.yuan_per_child)[None, :] * self._paid(columns)
        return ChildIncome(yuan=yuan, months_cap=self.months_cap, places=self.places)

    def recognition(self, offered: Offered, columns: Columns, months: int, fee: Floats) -> Recognition:
        """Its rate, and by how much less it lets ask, over the months of the coming year, where one may take part.

        Who does not take part yet counts on it as far as places are left for the children of all who could.
        """
        paid = self.means(offered)[:, None]
        paid = paid & np.isin(BAND_NAMES, self.bands)
        children = np.where(paid, offered.enrolled, 0).sum(axis=1)
        inside = columns["takes_part"]
        left, others = max(self.places - int(children[inside].sum()), 0), int(children[~inside].sum())
        odds = np.where(inside, 1.0, min(left / others, 1.0) if others > 0 else 1.0)[:, None]
        pay = paid * odds * self.rate(offered, self.yuan_per_child)[:, None] * min(self.months_cap, months) / YEAR
        above = np.maximum(fee - self.fee_cut - self.most(), 0.0)
        cut: Floats = paid * odds * self.fee_cut * (months / YEAR) + paid * odds * above * (months / YEAR)
        return Recognition(pay=pay, cut=cut, place=np.zeros(len(inside)))
