"""Costs of institutions: carers, a head, rent, utilities, food; and costs not paid in cash.

The number of carers follows the legal ratio for the children of an age, with at least one per class in use.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.dates import MIXED, YEAR
from sim.world.city import World
from sim.world.institutions import BANDS, Institutions

Fen = NDArray[np.int64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Costs:
    """A month's costs by institution, int64 (J,) [fen].

    staff, rent, goods : paid in cash
    unpaid : not paid in cash: an owner's own work as head, and depreciation of the fit-out
    """

    staff: Fen
    rent: Fen
    goods: Fen
    unpaid: Fen

    @property
    def cash(self) -> Fen:
        """Return costs paid in cash."""
        return self.staff + self.rent + self.goods


class CostRules:
    """Cost rules of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World) -> None:
        self._institutions = world.institutions
        self._costs, self._classes = world.facts.costs, world.facts.classes
        self._sizes = world.institutions.class_seats
        # a carer working all day looks after as many groups as there are children per place
        self._per_carer = np.rint(np.array(self._classes.per_carer) / world.institutions.hours_share[:, None]).astype(
            np.int64
        )

    @cached_property
    def marginal(self) -> NDArray[np.float64]:
        """Return the marginal cost of a child, (J, 4) by class type [yuan a month]: food, materials, carer."""
        carer = self._costs.carer_wage * (1 + self._costs.wage_charges) / np.array(self._classes.per_carer)
        return np.asarray((self._costs.food_per_child + carer) * self._institutions.hours_share[:, None])

    @cached_property
    def place(self) -> NDArray[np.float64]:
        """Return the cost of a seat, filled or not, (J,) [yuan a month]."""
        place = self._costs.utilities_per_place + self._costs.rent_per_place * self._institutions.pays_rent
        return np.asarray(place * self._institutions.hours_share)

    def _carers(
        self, taken: NDArray[Any], which: Rows | slice = slice(None), expected: bool = False
    ) -> NDArray[np.float64]:
        """Return carers of some institutions, (rows,): one per class in use, more if the legal ratio demands.

        For an expected number of children, rounding up to whole carers adds half a carer on average.
        """
        if expected:
            return np.asarray((taken / self._per_carer[which] + 0.5 * np.minimum(taken, 1.0)).sum(axis=1))
        # for whole numbers a rounded quotient is exact, and much faster than integer division
        by_type = np.maximum(np.ceil(taken / self._per_carer[which]), np.ceil(taken / self._sizes[which]))
        return np.asarray(by_type.sum(axis=1))

    def month(
        self,
        places: NDArray[np.int32],
        taken: NDArray[Any],
        rows: Rows | None = None,
        unlisted: NDArray[np.float64] | float = 0.0,
        expected: bool = False,
    ) -> Costs:
        """Return costs of a month from seats and children by class type, (rows, 4).

        Children sharing a place share its costs, and food. Each running institution has its heads.
        rows : institutions with all their services; all if None
        unlisted : (rows,)  unlisted costs of the children there [yuan]; booked with the goods
        expected : `taken` is expected, float64, and carers are their expected number
        """
        costs, institutions, which = self._costs, self._institutions, slice(None) if rows is None else rows
        hours, pays_rent = institutions.hours_share[which], institutions.pays_rent[which]
        seats, children = places.sum(axis=1), taken.sum(axis=1) * hours
        runs = (institutions.pooled(seats) if rows is None else pooled_among(institutions, seats, rows)) > 0
        seats = seats * hours
        head = costs.head_wage * (1 + costs.wage_charges) * institutions.heads[which] * runs
        owner_works = institutions.owner_works[which]
        carers = costs.carer_wage * (1 + costs.wage_charges) * self._carers(taken, which, expected)
        wear = self._classes.fit_out_yuan * seats / (self._classes.fit_out_years * YEAR) * pays_rent
        return Costs(
            staff=_fen(carers + np.where(owner_works, 0.0, head)),
            rent=_fen(costs.rent_per_place * seats * pays_rent),
            goods=_fen(costs.utilities_per_place * seats + costs.food_per_child * children + unlisted),
            unpaid=_fen(np.where(owner_works, head, 0.0) + wear),
        )

    def break_even(
        self, places: NDArray[np.int32], fee: NDArray[np.float64], full: bool = False
    ) -> NDArray[np.float64]:
        """Return the break-even occupancy, (J,): the share of places to fill to cover costs; above 1 if out of reach.

        places : (J, 4); fee : (J, 3) [yuan a month]; full : with the owner's work and depreciation of the fit-out
        Assumes every open class is staffed and all fill alike; nan without places.
        """
        size = places.sum(axis=1)
        month, hours = self.month(places, places), self._institutions.hours_share
        fixed = (
            month.staff + month.rent + (month.unpaid if full else 0)
        ) / 100 + self._costs.utilities_per_place * size * hours
        by_type = np.concatenate([fee, fee[:, 1:].mean(axis=1, keepdims=True)], axis=1)
        filled = (places * (by_type - self._costs.food_per_child * hours[:, None])).sum(axis=1)
        return np.asarray(np.divide(fixed, filled, out=np.full(len(size), np.nan), where=filled > 0))


def pooled_among(institutions: Institutions, values: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Sum values of some rows over the services of each institution, (rows,); other rows count as zero."""
    if not institutions.several:
        return values
    out = np.zeros(len(institutions), values.dtype)
    out[rows] = values
    return institutions.pooled(out)[rows]


def room(places: NDArray[np.int32], taken: NDArray[Any], enrolled: NDArray[Any]) -> NDArray[np.float64]:
    """Return the capacity for each band with the other bands' enrolment given, (J, 3).

    places, taken : (J, 4) by class type; enrolled : (J, 3) by band
    """
    mixed = np.maximum(enrolled[:, 1:] - taken[:, 1:BANDS], 0)  # toddlers and older toddlers in mixed classes
    others = np.maximum(taken[:, MIXED, None] - mixed, 0)
    out = places[:, :BANDS].astype(float)
    out[:, 1:] += np.maximum(places[:, MIXED, None] - others, 0)
    return out


def _fen(yuan: NDArray[np.float64]) -> Fen:
    return np.rint(100 * yuan).astype(np.int64)
