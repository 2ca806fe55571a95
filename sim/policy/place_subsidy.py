"""Place subsidy: the treasury pays institutions per place and month, filled or not, and may limit their fees."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sim.params import ByName, by_name, number
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
from sim.policy.instrument import Columns, Floats, Kinds, Offered

MOST = 100_000  # yuan a month for a place


class PlaceSubsidy(Budgeted, RatedByKind, FeeRule):
    """Pays institutions of a standing for the places they keep open, whoever sits there.

    Shenyang has a tiered subsidy for inclusive places (Liaoning Daily, 19 November 2025; amounts not given); Rizhao's
    Donggang district pays 710 yuan a place and year (China Daily, 22 August 2025).
    """

    title: ClassVar[str] = "money to institutions per place, filled or not"

    yuan_per_place: float = number("yuan a month", "per place", default=0.0, idle=0.0, at_most=MOST)
    yuan_by_kind: ByName[Annotated[float, Field(ge=0, le=MOST)]] = by_name(
        "yuan a month", "in place of yuan_per_place at the kinds of institution that it names"
    )
    fee_at_most: float = fee_rule()
    fee_at_most_by_band: FeesByBand = fee_rule_by_band()
    standing: Standing = of_standing("institutions that receive it", default="inclusive")
    kinds: Kinds = of_kinds("kinds that receive it")
    budget: float | None = limited()

    def clauses(self) -> tuple[str, ...]:
        """Return the amount and the institutions paid, which many files leave to the default."""
        by_kind_alone = self.yuan_per_place == 0 and self.yuan_by_kind
        return ("amount_by_kind" if by_kind_alone else "amount", "standing")

    @property
    def inert(self) -> bool:
        """Pays nothing and asks for nothing."""
        return not (self.rules or any(rate > 0 for rate in (self.yuan_per_place, *self.yuan_by_kind.values())))

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """Limit the fees of those paid to what the rule allows."""
        del columns
        return np.where(self.means(offered)[:, None], np.minimum(fee, self.most()), fee)

    def place_income(self, offered: Offered, columns: Columns) -> Floats:
        """The sum per place, by kind."""
        del columns
        return np.where(self.means(offered), self.rate(offered, self.yuan_per_place), 0.0)
