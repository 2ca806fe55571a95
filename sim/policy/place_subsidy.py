"""Place subsidy: the treasury pays institutions per place and month, filled or not."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from sim.dates import YEAR
from sim.params import ByName, by_name, number
from sim.policy.instrument import Columns, Floats, Instrument, Kinds, Offered, Path, Recognition

MOST = 100_000  # yuan a month for a place


class PlaceSubsidy(Instrument):
    """Pays institutions of a standing for the places they keep open, whoever sits there.

    Shenyang has a tiered subsidy for inclusive places (Liaoning Daily, 19 November 2025; amounts not given); Rizhao's
    Donggang district pays 710 yuan a place and year (China Daily, 22 August 2025).
    """

    title: ClassVar[str] = "money to institutions per place, filled or not"

    yuan_per_place: float = number("yuan a month", "per place", default=0.0, idle=0.0, at_most=MOST)
    yuan_by_kind: ByName[Annotated[float, Field(ge=0, le=MOST)]] = by_name(
        "yuan a month", "in place of yuan_per_place at the kinds of institution that it names"
    )
    standing: Literal["any", "registered", "inclusive"] = Field(
        default="inclusive", description="institutions that receive it"
    )
    kinds: Kinds = Field(default=(), description="kinds that receive it; empty for all")
    budget: float | None = number("yuan", "total after which it ends", default=None, at_most=1e12)

    @property
    def idle(self) -> bool:
        """Pays nothing."""
        return not any(rate > 0 for rate in (self.yuan_per_place, *self.yuan_by_kind.values()))

    @property
    def budget_yuan(self) -> float | None:
        """The total after which it ends."""
        return self.budget

    def at_scale(self, scale: float) -> Self:
        """The budget is thinned."""
        return self if self.budget is None else self.model_copy(update={"budget": self.budget * scale})

    def kinds_named(self) -> dict[Path, str]:
        """Those that receive it, and those with a rate of their own."""
        rates: dict[Path, str] = {("yuan_by_kind", name): name for name in self.yuan_by_kind}
        return rates | {("kinds", n): name for n, name in enumerate(self.kinds)}

    def place_income(self, offered: Offered, columns: Columns) -> Floats:
        """The sum per place, by kind."""
        del columns
        rates = [self.yuan_by_kind.get(name, self.yuan_per_place) for name in offered.kind_names]
        paid = offered.that_are(self.standing) & offered.of_kinds(self.kinds)
        return np.where(paid, np.array(rates)[offered.kind], 0.0)

    def recognition(self, offered: Offered, columns: Columns, months: int) -> Recognition:
        """What its places bring over the months of the coming year."""
        none = np.zeros((len(offered.kind), 3))
        return Recognition(pay=none, cut=none, place=self.place_income(offered, columns) * (months / YEAR))
