"""Trying teaches: what a month in care leaves behind, family by family against the rule written out, and its laws."""

from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from town import HAMLET, NOBODY, SETTLED, Child, House, Town, billed, differences, instrument, lay_out, settle, total

from sim.scenario.schema import load

FAMILIES = "city.families."
MONTHS = 8
WINDOW = ("run.start=2025-03-01", "run.count_from=2025-04-01", "run.until=2025-11-30", "run.burn_in_months=1")
# shocks that last, bills weighed as they come, and nothing that binds but what a test says
STILL = tuple(
    f"{FAMILIES}{key}={value}"
    for key, value in {
        "renewal": 0,
        "stickiness": 0,
        "commitment_months": 1,
        "quality_yuan": 500,
        "sensitivity": 0.001,
        "band_taste": [0, 0, 0],
    }.items()
)
FEE = 2000.0
FREE_MONTH = 2  # of the counted ones


@dataclass(frozen=True)
class Tried:
    """A hamlet of many toddlers and two institutions, a poor one and a good one, with places for all."""

    town: Town
    quality: tuple[float, float]
    seen: float
    habit: float
    sigma: float

    @classmethod
    def of(
        cls, seen: float = 1.0, habit: float = 0.0, sigma: float = 0.0, quality: tuple[float, ...] = (-2, 2)
    ) -> "Tried":
        """n children whose taste for care goes evenly from far too little to a little too little."""
        settings = (
            *WINDOW, *STILL, f"{FAMILIES}quality_seen={seen}", f"{FAMILIES}habit_yuan={habit}",
            f"{FAMILIES}stickiness={sigma}",
        )  # fmt: skip
        facts = load(HAMLET, settings).city
        children = [
            Child(date(2023, 8, 1 + n % 28), decides_on=1 + n % 28, keen=keen)
            for n, keen in enumerate(np.linspace(-1.5, 3.0, 600))
        ]
        world, _ = lay_out(facts, children, [House() for _ in quality])
        world = replace(world, institutions=replace(world.institutions, quality=np.array(quality, float)))
        return cls(settle(*settings, standing=(), world=world, unlimited=True), quality, seen, habit, sigma)

    def bills(self, *fees: float) -> NDArray[np.int64]:
        """Where each child is billed in each month if all fees are by month those given, and else the usual."""
        town = self.town
        own = [
            instrument("fee_subsidy", amount=FEE - fee, standing="any", start=town.day(m), until=town.day(m, 28))
            for m, fee in enumerate(fees)
            if fee < FEE
        ]
        return billed(town.run(*own) if own else town.baseline)

    def by_the_rule(self, *fees: float) -> NDArray[np.int64]:
        """The same by the rule written out, child by child and month by month; nobody comes before the first."""
        town, inputs = self.town, self.town.replication.baseline_city.inputs
        worth, q = 0.5, np.array(self.quality)  # α̅ · quality_yuan
        shocked = inputs.epochs.shocked[inputs.children.epoch].astype(float)
        alone = inputs.epochs.alone[inputs.children.epoch].astype(float)
        n, j = shocked.shape
        last, at, out = np.full(n, NOBODY), np.full(n, NOBODY), np.full((MONTHS, n), NOBODY)
        assert town.baseline.months() == MONTHS
        for month in range(MONTHS):
            fee = fees[month] if month < len(fees) else FEE
            utility = shocked + worth * self.seen * q - 0.001 * fee
            utility += worth * (1 - self.seen) * q * (last[:, None] == np.arange(j))
            utility += self.sigma * (at[:, None] == np.arange(j))
            stays_out = alone - 0.001 * self.habit * (last != NOBODY)
            at = np.where(utility.max(axis=1) > stays_out, utility.argmax(axis=1), NOBODY)
            last = np.where(at != NOBODY, at, last)
            out[month] = at
        return out


FREE_ONCE = (FEE,) * FREE_MONTH + (0.0,)


@pytest.fixture(scope="module")
def by_habit() -> dict[float, Tried]:
    """The same hamlet at rising habits."""
    return {habit: Tried.of(habit=habit) for habit in (0.0, 200.0, 900.0, 3000.0)}


@pytest.mark.parametrize("seen", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(("habit", "sigma"), [(0.0, 0.0), (700.0, 0.0), (700.0, 0.8)])
def test_families_choose_by_the_rule(seen: float, habit: float, sigma: float) -> None:
    """A month free of charge, a dear one, a cheaper one, and full fees: every child every month."""
    tried = Tried.of(seen, habit, sigma)
    fees = (*FREE_ONCE, FEE, 1500.0, FEE, 800.0)
    found, wanted = tried.bills(*fees), tried.by_the_rule(*fees)
    first_comes = (wanted[:FREE_MONTH] == NOBODY).all(axis=0)  # nobody else was in care before the window
    assert first_comes.sum() > 300
    assert np.array_equal(found[:, first_comes], wanted[:, first_comes])
    assert len(np.unique(found, axis=1).T) > 4, "they do not all do the same"


def test_after_a_month_for_nothing_the_more_stay_the_stronger_the_habit(by_habit: dict[float, Tried]) -> None:
    """Who comes for it is the same; who stays at the full fee are those whom a habit makes up the fee."""
    came, stayed = [], []
    for tried in by_habit.values():
        free, base = tried.bills(*FREE_ONCE), tried.bills()
        new = (free[FREE_MONTH] != NOBODY) & (base == NOBODY).all(axis=0)
        came.append(new)
        stayed.append(new & (free[FREE_MONTH + 1] != NOBODY))
        assert np.array_equal(free[FREE_MONTH + 1 :, new] == NOBODY, np.tile(~stayed[-1][new], (MONTHS - 3, 1)))
    assert not stayed[0].any(), "without a habit a month that is over is over"
    assert all((before <= after).all() and before.sum() < after.sum() for before, after in pairwise(stayed))
    assert all(np.array_equal(came[0], other) for other in came)
    assert np.array_equal(stayed[-1], came[-1]), "a habit worth more than the fee keeps all"


def test_who_was_never_in_care_is_untouched_by_a_habit() -> None:
    """In a town that moves, with places for all and fees that stay: everybody comes first when it would have anyway."""
    towns = [
        settle(*SETTLED, f"{FAMILIES}habit_yuan={habit}", unlimited=True, supply={"review_months": 1200})
        for habit in (0.0, 600.0)
    ]
    for (_, one), (_, other) in zip(*(town.states() for town in towns), strict=True):
        assert np.array_equal(one.children.stay_at == NOBODY, other.children.stay_at == NOBODY)
    enrolled = [int(total(town.baseline, "enrolled").sum()) for town in towns]
    assert enrolled[0] < enrolled[1]


def test_the_more_care_is_helped_the_more_are_in_it(by_habit: dict[float, Tried]) -> None:
    """With a habit too a better offer loses no taker, in its months or after."""
    by_relief = [by_habit[200.0].bills(*((FEE,) * 2 + (fee,) * 2)) != NOBODY for fee in (FEE, 1700.0, 1000.0, 0.0)]
    assert all((less <= more).all() and less.sum() < more.sum() for less, more in pairwise(by_relief))


def test_who_has_tried_leaves_the_poor_and_keeps_to_the_good() -> None:
    """Beside families who saw all beforehand: after a month more leave what is below the mean, fewer what is above."""
    leave = {}
    for seen in (0.3, 1.0):
        for q in (-1.5, 1.5):
            free = Tried.of(seen, sigma=0.4, quality=(q,)).bills(*(FEE,) * FREE_MONTH, 0.0, 1200.0)
            came = (free[FREE_MONTH] != NOBODY) & (free[FREE_MONTH - 1] == NOBODY)
            assert came.sum() > 50
            leave[seen, q] = float((free[FREE_MONTH + 1, came] == NOBODY).mean())
    assert leave[0.3, -1.5] > leave[1.0, -1.5]
    assert leave[0.3, 1.5] < leave[1.0, 1.5]


def test_what_is_learnt_is_not_forgotten_by_leaving() -> None:
    """Who has left a poor institution does not come back to be taught again, while nothing else has changed."""
    at = Tried.of(seen=0.0, quality=(-2.0,)).bills(*(1000.0,) * MONTHS)
    stays = (np.diff((at != NOBODY).astype(int), axis=0, prepend=0) == 1).sum(axis=0)
    assert (at[0] != NOBODY).any()
    assert stays.max() == 1


def test_where_nothing_is_to_be_learnt_it_is_the_same_city(town: Town) -> None:
    """What is seen of a quality that nobody minds, or all of it, is as today to the bit."""
    own = instrument("fee_subsidy", rate=0.4, start=town.day(2, 9))
    for other in (
        settle(f"{FAMILIES}quality_seen=1", f"{FAMILIES}habit_yuan=0"),
        settle(f"{FAMILIES}quality_seen=1.0", f"{FAMILIES}habit_yuan=1e-300"),
    ):
        assert differences(other.baseline, town.baseline) == []
        assert differences(other.run(own), town.run(own)) == []
    blind, seeing = (settle(f"{FAMILIES}quality_yuan=0", f"{FAMILIES}quality_seen={seen}") for seen in (0.1, 1.0))
    assert differences(blind.baseline, seeing.baseline) == []


def test_a_policy_that_does_nothing_is_the_baseline_where_trying_teaches(taught: Town) -> None:
    idle = instrument("fee_subsidy", rate=0.0, start=taught.day(0))
    assert differences(taught.run(idle), taught.baseline) == []


def test_a_fork_is_the_straight_run_where_trying_teaches(taught: Town) -> None:
    own = instrument("fee_subsidy", rate=0.7, start=taught.day(3, 10), until=taught.day(6))
    assert differences(taught.run(own), taught.run(own, straight=True)) == []


@pytest.mark.parametrize("kind", ["fee_subsidy", "voucher_pool"])
def test_what_a_policy_taught_or_made_a_habit_of_is_no_gain(kind: str) -> None:
    """At fixed fees and with places for all: when the money has ended some are still there, and gain nothing by it."""
    keys = {"quality_seen": 0.3, "quality_yuan": 600, "habit_yuan": 500}
    town = settle(
        *SETTLED, *(f"{FAMILIES}{key}={value}" for key, value in keys.items()), unlimited=True,
        supply={"review_months": 1200},
    )  # fmt: skip
    window = {"start": town.day(0), "until": town.day(3, 28)}
    tranche = {"months": [0, 47], "face_value": 900.0, "per_round": 100_000}
    own = {
        "fee_subsidy": instrument("fee_subsidy", amount=900.0, **window),
        "voucher_pool": instrument(
            "voucher_pool", tranches=[tranche], hassle=0.0, aware_enrolled=1.0, aware_others=1.0, redeem_at="any",
            valid_days=27, **window,
        ),
    }[kind]  # fmt: skip
    record = town.run(own)
    after = np.arange(record.months()) > 4
    more = total(record, "enrolled") - total(town.baseline, "enrolled")
    assert more[after].sum() > 0
    assert not total(record, "gains_fen")[after].any()
    taken_off = total(record, "posted_fen") - total(record, "net_fen")
    assert 0 < total(record, "gains_fen").sum() < taken_off.sum()
