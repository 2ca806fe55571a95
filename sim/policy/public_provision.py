"""Public provision: new institutions that the treasury builds and answers for."""

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.params import Each, Name, Rows, number
from sim.policy.bases import Builder
from sim.policy.instrument import Column, Columns, Floats, Offered, Opening, Path, ShortageError


class PublicProvision(Builder):
    """Opens institutions of a kind at sites that the city keeps for policies (`city.supply.reserved_sites`).

    Public centres (Taiyuan: ten counties and districts with one each, 1,210 places, Taiyuan Evening News, January
    2025), embedded sites in community rooms, free places in kindergartens and communities (Chengyang; Qingdao Daily, 11
    November 2021), employers' and parks' own (Hangzhou Daily, 23 September 2023) are this instrument with another kind,
    fee and payer. Sites are drawn by lot in the districts named; each has the classes of its kind. What is built stays
    when the window ends; fees are then the kind's and losses are the owner's.
    """

    title: ClassVar[str] = "new institutions built and run for the treasury"

    sites: int = number("institutions", "that open", default=0, idle=0, at_most=10_000)
    of_kind: Name = Field(default="public", description="kind of institution that opens")
    districts: Annotated[Rows[str], Each] = Field(default=(), description="districts in which they open; empty for all")
    fee: float | None = number(
        "yuan a month", "posted fee for every band, 0 for free care; the kind's where left out", default=None
    )
    yuan_per_place: float = number("yuan", "that building a place costs", default=0.0, idle=0.0, at_most=1_000_000)
    covers_deficits: bool = Field(
        default=True, description="whether the treasury pays what they lose in cash each month; else their parent does"
    )
    building_months: int = number("months", "from the month of the start to opening", default=0, at_most=120)

    def clauses(self) -> tuple[str, ...]:
        """Return the institutions, their kind and their cost."""
        return ("sites",)

    @property
    def inert(self) -> bool:
        """Opens nothing."""
        return self.sites == 0

    def districts_named(self) -> dict[Path, str]:
        """Where they open."""
        return {("districts", n): name for n, name in enumerate(self.districts)}

    def opening(self) -> Opening | None:
        """Its sites."""
        return None if self.inert else Opening("sites", self.sites, self.of_kind, True, self.districts)

    def columns(self) -> dict[str, Column]:
        """The institutions it has opened, or is building; and those of them that are not yet paid for."""
        return {"provided": Column("institution", "bool"), "unpaid": Column("institution", "bool")}

    def begin(self, offered: Offered, chance: Floats, columns: Columns) -> None:
        """Draw the sites. Raises ShortageError if there are too few."""
        may = (
            offered.vacant
            & offered.of_kinds((self.of_kind,))
            & offered.in_districts(self.districts)
            & offered.first_row
        )
        if may.sum() < self.sites:
            raise ShortageError(
                f"public_provision of {self.of_kind}: found {int(may.sum())} vacant sites kept for policies, expected "
                f"{self.sites}"
            )
        columns["provided"][np.lexsort((chance, ~may))[: self.sites]] = True
        columns["unpaid"][:] = columns["provided"]

    def opens(self, columns: Columns) -> NDArray[np.bool_]:
        """The sites drawn."""
        return np.asarray(columns["provided"])

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """The fee it sets at its own institutions."""
        del offered
        return fee if self.fee is None else np.where(columns["provided"][:, None], self.fee, fee)

    def grant(self, offered: Offered, columns: Columns) -> Floats:
        """What building costs, at its own institutions; classes that these add later are their own affair."""
        del offered
        return np.repeat(np.where(columns["unpaid"], self.yuan_per_place, 0.0)[:, None], 4, axis=1)

    def note_grants(self, opened: NDArray[np.bool_], columns: Columns) -> None:
        """What stands is paid for."""
        columns["unpaid"][opened] = False

    def covers_losses(self, offered: Offered, columns: Columns) -> NDArray[np.bool_] | None:
        """Its own institutions, if the treasury answers for them."""
        del offered
        return np.asarray(columns["provided"]) if self.covers_deficits else None
