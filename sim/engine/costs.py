"""Costs of institutions: carers, a head, rent, utilities, food; and costs that are not paid in cash.

Carers are as many as the legal ratio asks for the children of an age, and at least one a class in use.
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

    staff, rent, goods : paid
    unpaid : what no cash leaves for: an owner's own work as head, and the wear of the fit-out
    """

    staff: Fen
    rent: Fen
    goods: Fen
    unpaid: Fen

    @property
    def cash(self) -> Fen:
        """Costs paid in cash."""
        return self.staff + self.rent + self.goods


class CostRules:
    """Rules for the costs of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World) -> None:
        self._institutions = world.institutions
        self._costs, self._classes = world.facts.costs, world.facts.classes
        self._sizes = world.institutions.class_seats
        # a carer who works all day sees as many groups as share a place
        self._per_carer = np.rint(np.array(self._classes.per_carer) / world.institutions.hours_share[:, None]).astype(
            np.int64
        )

    @cached_property
    def marginal(self) -> NDArray[np.float64]:
        """Cost of one more child, (J, 4) by class type [yuan a month]: food, materials, its share of a carer."""
        carer = self._costs.carer_wage * (1 + self._costs.wage_charges) / np.array(self._classes.per_carer)
        return np.asarray((self._costs.food_per_child + carer) * self._institutions.hours_share[:, None])

    @cached_property
    def place(self) -> NDArray[np.float64]:
        """Cost of a seat, filled or not, (J,) [yuan a month]."""
        place = self._costs.utilities_per_place + self._costs.rent_per_place * self._institutions.pays_rent
        return np.asarray(place * self._institutions.hours_share)

    def _carers(
        self, taken: NDArray[Any], which: Rows | slice = slice(None), expected: bool = False
    ) -> NDArray[np.float64]:
        """Carers of some, (rows,): one a class in use, and more as the legal ratio asks for its children.

        Of a number that is only expected a whole carer is on average half a carer more than its children's part.
        """
        if expected:
            return np.asarray((taken / self._per_carer[which] + 0.5 * np.minimum(taken, 1.0)).sum(axis=1))
        # of whole numbers a rounded quotient is exact, and much faster than a whole one
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
        """Costs of a month, seats and children by class type, (rows, 4). Who shares a place shares its costs, and food.

        Each class in use has a carer, and more as the legal ratio asks for its children; each that runs has its heads.
        rows : institutions with all their services; everybody if left out
        unlisted : (rows,)  what the children there cost beyond what is listed [yuan]; goes with the goods
        expected : whether `taken` is expected, float64, and carers are as many as come to be on average
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
        """Share of its places that must be filled for an institution to cover its costs, (J,); above 1 if none does.

        places : (J, 4); fee : (J, 3) [yuan a month]; full : with the owner's work and the wear of the fit-out
        Every class that is open is staffed here and all fill alike; nan where there are no places.
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
    """Sum over the services of each institution, (rows,), from values of some rows; all others' are nothing."""
    if not institutions.several:
        return values
    out = np.zeros(len(institutions), values.dtype)
    out[rows] = values
    return institutions.pooled(out)[rows]


def room(places: NDArray[np.int32], taken: NDArray[Any], enrolled: NDArray[Any]) -> NDArray[np.float64]:
    """Children of each band that could sit at an institution if the other bands stay, (J, 3).

    places, taken : (J, 4) by class type; enrolled : (J, 3) by band
    """
    mixed = np.maximum(enrolled[:, 1:] - taken[:, 1:BANDS], 0)  # toddlers and older toddlers in mixed classes
    others = np.maximum(taken[:, MIXED, None] - mixed, 0)
    out = places[:, :BANDS].astype(float)
    out[:, 1:] += np.maximum(places[:, MIXED, None] - others, 0)
    return out


def _fen(yuan: NDArray[np.float64]) -> Fen:
    return np.rint(100 * yuan).astype(np.int64)
