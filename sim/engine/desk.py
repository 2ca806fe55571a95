"""The desk of a voucher pool or a lot: the engine's side of `policy.instrument.Desk`."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import ROW, Chronicle
from sim.kernels import applications
from sim.kernels.columns import CLOSED, NOBODY, Ages, ChoiceInputs
from sim.world.city import World

MOST_FOUND = 48  # answers kept: about a megabyte each in a city of 300,000 children


@dataclass(frozen=True)
class VoucherDesk:
    """Desk of one pool or lot on one day.

    pool : row of the vouchers' columns, NOBODY for a lot; first_tier : voucher tranches of the pools before it
    name : address of its draws; row : the month's row in the chronicle
    drawn : draws of all children already made, by stream; found : eligible children, by day and terms; both are shared
        by all policies of a replication
    told : share of uninformed households informed by campaigns this month
    """

    world: World
    inputs: ChoiceInputs
    chronicle: Chronicle
    ages: Ages
    today: date
    row: int
    pool: int
    first_tier: int
    name: str
    drawn: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    found: dict[tuple[date, int, int, int], NDArray[np.int32]] = field(default_factory=dict)
    told: float = 0.0

    def eligible(self, from_months: int, to_months: int, valid_days: int) -> NDArray[np.int32]:
        """Return children of an age (completed months, inclusive) with a bill, if enrolled, while a voucher is valid.

        Bills fall on the next decision day, today included, and on further ones within `valid_days` after today. These
        children are the same under every policy, so the answer is kept, read-only.
        """
        asked = self.today, from_months, to_months, valid_days
        if asked in self.found:
            return self.found[asked]
        rows = self._eligible(*asked[1:])
        if len(self.found) < MOST_FOUND:
            self.found[asked] = rows
        return rows

    def _eligible(self, from_months: int, to_months: int, valid_days: int) -> NDArray[np.int32]:
        usable = np.zeros((dates.DECISION_DAYS, 2), np.int32)
        for d in range(1, dates.DECISION_DAYS + 1):
            usable[d - 1] = self._billed(d, self.today + timedelta(days=valid_days))
        rows = np.empty(len(self.world.families), np.int32)
        n = applications.eligible(
            self.world.families.slices,
            self.world.families.birth,
            dates.months_before(self.today, from_months),
            dates.months_before(self.today, to_months + 1) + 1,
            usable,
            rows,
        )
        rows = rows[:n].copy()
        rows.flags.writeable = False
        return rows

    def _billed(self, decision_day: int, last: date) -> tuple[int, int]:
        """Return the first and last birthday of children with a bill on a decision day from the next one to `last`."""
        first = dates.next_on(self.today, decision_day)
        later = [dates.date_in(m, decision_day) for m in range(dates.month_of(first) + 1, dates.month_of(last) + 1)]
        bills = [first, *(d for d in later if d <= last)]
        return dates.school_year_cut(bills[0]) + 1, dates.months_before(bills[-1], dates.BAND_FROM_MONTHS[0])

    def of_age(self, from_months: int, to_months: int) -> NDArray[np.int32]:
        """Return children of an age (completed months, half-open) not in kindergarten, int32, in row order."""
        birth, today = self.world.families.birth, self.today
        old_enough, young = birth <= dates.months_before(today, from_months), dates.months_before(today, to_months)
        return np.flatnonzero(old_enough & (birth > max(young, dates.school_year_cut(today)))).astype(np.int32)

    def decides_on(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the day of the month of each child's decision and bill (1 to 28)."""
        return np.searchsorted(self.world.families.slices, rows, side="right")

    def enrolled(self, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return True for each child enrolled now."""
        return np.asarray(self.inputs.children.at[rows] != NOBODY)

    def holds(self, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return True for each child with a live voucher of this pool."""
        return np.asarray(self.inputs.vouchers.face[self.pool, rows] > 0)

    def income(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return household income [yuan a month]."""
        return np.asarray(self.world.families.income[rows])

    def income_per_head(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return household income per head [yuan a month]."""
        return self.world.families.income[rows] / self.world.facts.income.household_size

    def chance(self, rows: NDArray[np.int32], stream: str, when: int) -> NDArray[np.float64]:
        """Return a uniform addressed by child, stream and time."""
        return self.world.luck.uniforms(f"{self.name} {stream}", self.world.families.id[rows], when)[:, 0]

    def learn(
        self,
        rows: NDArray[np.int32],
        knows: NDArray[np.bool_],
        if_enrolled: float,
        if_not: float,
        barred: NDArray[np.bool_],
    ) -> tuple[int, NDArray[np.int32]]:
        """Mark in `knows` households aware by now, at the shares of the enrolled and of others.

        Returns the number aware, and the rows of those who may apply.
        """
        out, held = np.empty(len(rows), np.int32), self.inputs.vouchers.face[self.pool]
        aware, n = applications.learn(
            rows, self._awareness(), self.inputs.children.at, if_enrolled, if_not, held, barred, knows, out
        )
        return int(aware), out[:n]

    def hear(
        self,
        rows: NDArray[np.int32],
        knows: NDArray[np.bool_],
        if_enrolled: float,
        if_not: float,
        untold: NDArray[np.float64],
    ) -> None:
        """Mark in `knows` households informed by institutions, by the draws of `learn`."""
        applications.hear(rows, self._awareness(), self.inputs.children.at, if_enrolled, if_not, untold, knows)

    def _awareness(self) -> NDArray[np.float64]:
        """Return one awareness draw per household, float64 (n,): made once for all rounds and policies."""
        address = f"{self.name} awareness"
        if address not in self.drawn:
            self.drawn[address] = self.world.luck.uniforms(address, self.world.families.id)[:, 0].copy()
        return self.drawn[address]

    def meets_redeemer(self) -> NDArray[np.float64]:
        """Return the probability of meeting an institution with a redemption since the pool's last round, (n,)."""
        out, inputs = np.empty(len(self.world.families)), self.inputs
        runs, taken = (inputs.offers.value > CLOSED).any(axis=0), inputs.vouchers.taken[self.pool]
        applications.meet_redeemers(inputs.children.at, inputs.candidate, inputs.site, runs, taken, out)
        return out

    def forget_redeemed(self) -> None:
        """Reset the count of vouchers redeemed by institution."""
        self.inputs.vouchers.taken[self.pool] = 0

    def reached(self) -> float:
        """Return the share of uninformed households informed of an instrument by campaigns this month."""
        return self.told

    def gains(
        self, rows: NDArray[np.int32], face_yuan: float, floor: float, exact: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper bounds on a voucher's value to each child, each (rows,) [yuan].

        They agree if `exact`; otherwise they may differ above `floor`.
        """
        least, most = np.zeros(len(rows)), np.zeros(len(rows))
        face, renewal = round(face_yuan * 100), self.world.facts.families.renewal
        if face > 0:
            applications.gains(rows, face, self.pool, renewal, floor, exact, self.ages, self.inputs, least, most)
        return least, most

    def issue(self, rows: NDArray[np.int32], face_yuan: float, tranche: int) -> None:
        """Issue a voucher to each child; a face value of zero issues none."""
        face = round(face_yuan * 100)
        if face > 0:
            self.inputs.vouchers.face[self.pool, rows] = face
            self.inputs.vouchers.tranche[self.pool, rows] = tranche
            self.inputs.children.held[rows] += np.uint8(1)

    def expire(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Void the live vouchers of these children; return their number by tranche."""
        tiers = self.inputs.vouchers.tranche[self.pool, rows]
        self.inputs.vouchers.face[self.pool, rows] = 0
        self.inputs.children.held[rows] -= np.uint8(1)
        return np.bincount(tiers, minlength=1).astype(np.int64)

    def count(self, metric: str, tranche: int, children: int) -> None:
        """Add to a monthly total of a tranche."""
        self.chronicle.count_tranche(self.row, metric, self.first_tier + tranche, children)

    def count_children(self, metric: str, rows: NDArray[np.int32], each: int = 1) -> None:
        """Add `each` per child to a monthly total by group; children too young to enrol today count as infants."""
        by_group = np.zeros_like(self.chronicle.sums.totals[ROW[metric], self.row])
        applications.count_children(rows, self.world.families.birth, self.ages, self.inputs.cells, by_group)
        self.chronicle.sums.totals[ROW[metric], self.row] += each * by_group
