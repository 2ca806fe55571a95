"""Place subsidy: the treasury pays institutions per place and month, filled or not."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sim.dates import YEAR
from sim.params import ByName, by_name, number
from sim.policy.bases import Budgeted, RatedByKind, Standing, limited, of_kinds, of_standing
from sim.policy.instrument import Columns, Floats, Kinds, Offered, Recognition

MOST = 100_000  # yuan a month for a place


class PlaceSubsidy(Budgeted, RatedByKind):
    """Pays institutions of a standing for the places they keep open, whoever sits there.

    Shenyang has a tiered subsidy for inclusive places (Liaoning Daily, 19 November 2025; amounts not given); Rizhao's
    Donggang district pays 710 yuan a place and year (China Daily, 22 August 2025).
    """

    title: ClassVar[str] = "money to institutions per place, filled or not"

    yuan_per_place: float = number("yuan a month", "per place", default=0.0, idle=0.0, at_most=MOST)
    yuan_by_kind: ByName[Annotated[float, Field(ge=0, le=MOST)]] = by_name(
        "yuan a month", "in place of yuan_per_place at the kinds of institution that it names"
    )
    standing: Standing = of_standing("institutions that receive it", default="inclusive")
    kinds: Kinds = of_kinds("kinds that receive it")
    budget: float | None = limited()

    @property
    def inert(self) -> bool:
        """Pays nothing."""
        return not any(rate > 0 for rate in (self.yuan_per_place, *self.yuan_by_kind.values()))

    def place_income(self, offered: Offered, columns: Columns) -> Floats:
        """The sum per place, by kind."""
        del columns
        return np.where(self.means(offered), self.rate(offered, self.yuan_per_place), 0.0)

    def recognition(self, offered: Offered, columns: Columns, months: int) -> Recognition:
        """What its places bring over the months of the coming year."""
        none = np.zeros((len(offered.kind), 3))
        return Recognition(pay=none, cut=none, place=self.place_income(offered, columns) * (months / YEAR))
