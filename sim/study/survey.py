"""Questions put to families alone: how many would use care on given terms, had every institution a place for them.

The answer is a choice probability, the logit of docs/model.md over what a family considers, at its own taste, income
and distances, and with what having been in care has left behind: no shock is drawn, no seat is taken, nobody is used to
an institution, nobody holds a voucher. So terms can be asked of that surveys ask of and no city has, and the tastes can
be given another city's use of care.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.replication import Replication
from sim.kernels.choice import OF_SERVICES
from sim.kernels.columns import BAND_OF_PART, ENTRY, NOBODY, PARTS, ChoiceInputs
from sim.params import number
from sim.policy.instrument import Columns, Floats, Instrument, Offered
from sim.world.city import World
from sim.world.families import QUINTILES
from sim.world.institutions import BANDS

THREE_YEARS = 36  # months: surveys ask families of children under three
FOR_GOOD = 120  # months: longer than any family commits itself
FURTHEST = 60.0  # units of the shock by which tastes may have to move to another use of care
EXPONENTS = (-700.0, 700.0)  # beyond which e to a power is no normal number


class Asked(Instrument):
    """One fee at every institution: what an answer supposes, no policy."""

    title: ClassVar[str] = "one fee asked by all"

    fee: float = number("yuan a month", "the fee")

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """The same fee for all."""
        del offered, columns
        return np.full_like(fee, self.fee)


@dataclass(frozen=True)
class Answers:
    """Chance that each child asked of would be enrolled, on the terms that were put.

    rows : int64 (n,)  the children; share : float64 (n,); band, quintile : int8 (n,)  from 0, of the child
    """

    rows: NDArray[np.int64]
    share: NDArray[np.float64]
    band: NDArray[np.int8]
    quintile: NDArray[np.int8]

    @property
    def whole(self) -> float:
        """Share of all, not a number where nobody was asked."""
        return float(self.share.mean()) if len(self.share) else float("nan")

    @property
    def by_band(self) -> NDArray[np.float64]:
        """Share of each band's children, float64 (3,)."""
        return self._mean_by(self.band, BANDS)

    @property
    def by_quintile(self) -> NDArray[np.float64]:
        """Share of each fifth of income, float64 (5,)."""
        return self._mean_by(self.quintile, QUINTILES)

    def _mean_by(self, of: NDArray[np.int8], size: int) -> NDArray[np.float64]:
        number_of = np.bincount(of, minlength=size)
        total = np.bincount(of, self.share, size)
        return np.asarray(np.divide(total, number_of, out=np.full(size, np.nan), where=number_of > 0))


@dataclass(frozen=True)
class Survey:
    """Families of a city at the beginning of a month, to be asked.

    replication : prepared, with a checkpoint at the month; month : absolute
    keener : added to everybody's taste for care [units of the shock], by which another use of care is supposed
    richer : factor on all incomes; nearer : share of every distance that is taken away
    """

    replication: Replication
    month: int
    keener: float = 0.0
    richer: float = 1.0
    nearer: float = 0.0

    def ask(self, terms: Sequence[Instrument] = ()) -> Answers:
        """Answers of all families with a child under three; of one too young for any class, as of an infant.

        terms : instruments in force, on top of those that stand; for good, where they have no window of their own
        """
        for_good = dates.date_in(self.month), dates.date_in(self.month + FOR_GOOD)
        own = tuple(instrument.within(*for_good) for instrument in terms)
        city = self.replication.city(self.replication.checkpoint(self.month), own)
        shares, bands, rows = [], [], []
        for d in range(1, dates.DECISION_DAYS + 1):
            day = dates.date_in(self.month, d)
            for part in range(PARTS):
                mine = _asked(city, day, part)
                rows.append(mine)
                bands.append(np.full(len(mine), BAND_OF_PART[part], np.int8))
                shares.append(self._chance(city, mine, part))
        children = np.concatenate(rows)
        return Answers(children, np.concatenate(shares), np.concatenate(bands), city.world.families.quintile[children])

    def used_by(self, share: float) -> "Survey":
        """The same families, keener or less keen, so that on today's terms so large a share would be enrolled.

        Raises ValueError where no taste makes it so: fewer are open to care at any price.
        """

        def above(keener: float) -> float:
            return replace(self, keener=keener).ask().whole - share

        if not (above(-FURTHEST) < 0 < above(FURTHEST)):
            raise ValueError(f"no taste makes {share:g} of families use care")
        return replace(self, keener=float(brentq(above, -FURTHEST, FURTHEST, xtol=1e-6)))

    def _chance(self, city: RunningCity, rows: NDArray[np.int64], part: int) -> NDArray[np.float64]:
        """Chance to be enrolled of some children of a part, float64 (len(rows),)."""
        inputs, facts = city.inputs, city.world.facts.families
        near = inputs.candidate[rows]
        of_band = (inputs.children.group[rows].astype(np.int64) * BANDS + BAND_OF_PART[part]) * len(inputs.site)
        fee = inputs.tariff.prices[ENTRY][of_band[:, None] + near].astype(np.float64)
        alpha = inputs.children.alpha[rows].astype(np.float64) / self.richer**facts.income_power
        worth = inputs.fixed[rows].astype(np.float64) + inputs.offers.value[part, near]
        worth += self.keener - alpha[:, None] * fee - inputs.outside[rows, None]
        worth += _left_behind(inputs, rows, near)
        if self.nearer > 0:
            worth += self.nearer * _lost_to_distance(city.world, rows, near)
        if city.world.institutions.several:
            worth = by_institution(worth, inputs.site[near])
        odds = np.exp(np.clip(worth, *EXPONENTS)).sum(axis=1)
        return np.asarray(odds / (1.0 + odds))


def _left_behind(inputs: ChoiceInputs, rows: NDArray[np.int64], near: NDArray[np.int16]) -> NDArray[np.float64]:
    """What having been in care adds to each candidate, float64 (n, K): habit, and what was learnt where it was last."""
    ties, last = inputs.ties, inputs.children.stay_at[rows, None]
    more = np.where(last != NOBODY, np.float64(ties.habit), 0.0)
    if len(ties.learnt) == 0:
        return more
    return np.asarray(more + (last != NOBODY) * (inputs.site[last] == inputs.site[near]) * ties.learnt[near])


def _lost_to_distance(world: World, rows: NDArray[np.int64], near: NDArray[np.int16]) -> NDArray[np.float64]:
    """Worth that the way to each candidate takes off it, float64 (n, K); an employer's own lies on the way."""
    facts, institutions = world.facts.families, world.institutions
    way = np.linalg.norm(world.families.position[rows, None] - institutions.position[near], axis=2)
    way[institutions.workers_only[near]] = 0.0
    return np.asarray(way * facts.distance_yuan * facts.sensitivity)


def by_institution(worth: NDArray[np.float64], site: NDArray[np.int32]) -> NDArray[np.float64]:
    """Worth of each candidate's institution, its services a nest, less the log of how often it stands in the row.

    worth, site : (n, K)  of each service
    """
    same = site[:, :, None] == site[:, None, :]
    best = np.where(same, worth[:, None, :], -np.inf).max(axis=2)
    near_best = np.exp(np.clip((worth[:, None, :] - best[:, :, None]) / OF_SERVICES, EXPONENTS[0], 0.0))
    of_nest = (near_best * same).sum(axis=2)
    return np.asarray(best + OF_SERVICES * np.log(of_nest) - np.log(same.sum(axis=2)))


def _asked(city: RunningCity, day: date, part: int) -> NDArray[np.int64]:
    """Rows of the children under three of a part who decide on a day, int64; newborns are asked as infants."""
    edges, families = city.cache.edges(day), city.world.families
    first, end = edges[PARTS - 1 - part], edges[PARTS - part]
    if part == 0:
        last = families.slices[day.day]
        end += np.searchsorted(families.birth[end:last], day.toordinal(), side="right")
    rows = np.arange(first, end)
    return rows[families.birth[rows] > dates.months_before(day, THREE_YEARS)]
