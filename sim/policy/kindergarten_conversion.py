"""Kindergarten conversion: spare rooms become classes for under-threes."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.dates import BAND_NAMES, Band
from sim.params import Name, number
from sim.policy.bases import Builder
from sim.policy.instrument import Column, Columns, Floats, Offered, Opening, ShortageError

SEATS = 4


class KindergartenConversion(Builder):
    """Adds a class of one band at some institutions of a kind, drawn by lot.

    First among those that are building none; where these are too few, also where an owner is adding one of its own.
    At an institution one policy builds at a time.

    Kindergartens shrink: 20,400 closed over two years (China Daily, 9 April 2024), and converting a tenth of the idle
    inclusive seats would meet Beijing's inclusive demand (Ru Yu, Population and Economics 2024 no. 6). Counties of
    Jinzhong rebuilt theirs (Shanxi Daily, 22 August 2024).
    """

    title: ClassVar[str] = "classes for under-threes in the spare rooms of kindergartens"

    classes: int = number("classes", "that open, one at an institution", default=0, idle=0, at_most=30_000)
    of_kind: Name = Field(default="kindergarten", description="kind of institution at which they open")
    band: Band = Field(default="older_toddler", description="band that they are for")
    yuan_per_place: float = number("yuan", "that converting a place costs", default=0.0, idle=0.0, at_most=1_000_000)
    building_months: int = number("months", "from the month of the start to opening", default=0, at_most=120)

    def clauses(self) -> tuple[str, ...]:
        """Return the classes, where they open and their cost."""
        return ("classes",)

    @property
    def inert(self) -> bool:
        """Opens nothing."""
        return self.classes == 0

    def opening(self) -> Opening | None:
        """Its classes."""
        return None if self.inert else Opening("classes", self.classes, self.of_kind, False)

    def columns(self) -> dict[str, Column]:
        """Where a class is added and not yet paid for."""
        return {"converts": Column("institution", "bool")}

    def begin(self, offered: Offered, chance: Floats, columns: Columns) -> None:
        """Draw where. Raises ShortageError if there are too few."""
        may = offered.may_build & offered.of_kinds((self.of_kind,)) & offered.first_row
        if may.sum() < self.classes:
            raise ShortageError(
                f"kindergarten_conversion: found {int(may.sum())} institutions of kind {self.of_kind} that may add a "
                f"class, expected {self.classes}"
            )
        columns["converts"][np.lexsort((chance, offered.building, ~may))[: self.classes]] = True

    def _added(self, columns: Columns) -> NDArray[np.bool_]:
        """Where and of which type, bool (n, 4)."""
        own = np.arange(SEATS) == BAND_NAMES.index(self.band)
        return np.asarray(columns["converts"][:, None] & own)

    def adds_classes(self, columns: Columns) -> NDArray[np.bool_]:
        """A class of the band where the lot fell."""
        return self._added(columns)

    def note_grants(self, opened: NDArray[np.bool_], columns: Columns) -> None:
        """What stands is paid for; classes that an institution adds later are its own affair."""
        columns["converts"][opened] = False

    def grant(self, offered: Offered, columns: Columns) -> Floats:
        """What converting costs, in its own classes."""
        del offered
        return np.where(self._added(columns), self.yuan_per_place, 0.0)
