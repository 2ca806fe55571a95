"""Budgets that run dry: the day, what is left, and whom they leave without relief."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from reckoning import bills_of
from town import Town, instrument, own_claims

from sim import dates
from sim.engine.recorder import Record


def own(record: Record, name: str) -> int:
    """What a policy of one instrument has of its budget."""
    return int(record.budget(name)[record.own][0])


def turned_away(record: Record) -> int:
    return int(record.turned_away[:, record.own].sum())


def subsidy(budget: float | None, **parameters: Any):
    return instrument("fee_subsidy", rate=0.2, budget=budget, **parameters)


def days_of(record: Record, child: Any, month: Any) -> np.ndarray:
    """The day (ordinal) of each of some bills."""
    decides = dict(zip(record.stays["child"].tolist(), record.stay_day.tolist(), strict=True))
    pairs = zip(child.tolist(), month.tolist(), strict=True)
    return np.array([dates.date_in(record.first + m, decides[c]).toordinal() for c, m in pairs])


@pytest.mark.parametrize(
    "eligible",
    [
        {},
        {"bands": ("infant", "toddler")},
        {"kinds": ("private",)},
        {"income_limit": 9000.0},
        {"ceiling": 60.0},
    ],
)
def test_who_is_turned_away_is_whoever_is_billed_without_a_claim_from_that_day_on(town: Town, eligible: Any) -> None:
    """Told bill by bill from stays and claims: eligible, on the day it ran dry or later, and no claim."""
    world, record = town.world, town.run(subsidy(40_000.0, start=town.day(1), **eligible))
    dry, bills = own(record, "dry_day"), bills_of(record)
    assert town.day(1).toordinal() < dry < town.day(record.months() - 1).toordinal()
    child = bills.key // record.months()
    may = np.ones(len(child), bool)
    if "bands" in eligible:
        may &= bills.band < 2
    if "kinds" in eligible:
        may &= world.institutions.kind[bills.at] == world.institutions.kind_names.index("private")
    if "income_limit" in eligible:
        may &= world.families.income[child] <= eligible["income_limit"]
    since = days_of(record, child, bills.month) >= dry
    paid = record.claim_fen > 0
    paid_since = days_of(record, record.claim_child[paid], record.claim_month[paid]) >= dry
    assert turned_away(record) == (may & since).sum() - paid_since.sum() > 50
    months = (record.turned_away[:, record.own] > 0).any(axis=1)
    assert months.tolist() == [record.first + m >= dates.month_of(date.fromordinal(dry)) for m in range(len(months))]


def test_the_day_it_ran_dry_is_that_of_the_last_claim(town: Town) -> None:
    record = town.run(subsidy(40_000.0, start=town.day(1)))
    paid = record.claim_fen > 0
    assert own(record, "dry_day") == days_of(record, record.claim_child[paid], record.claim_month[paid]).max()
    assert (own(record, "left"), own(record, "budget")) == (0, 4_000_000)
    assert own_claims(record).sum() == 4_000_000


def test_nobody_is_turned_away_after_the_last_day(town: Town) -> None:
    """Nor before the first."""
    short = town.run(subsidy(5_000.0, start=town.day(2), until=town.day(3, 20)))
    assert np.flatnonzero(short.turned_away[:, short.own].any(axis=1)).tolist() == [2, 3]


def test_a_budget_of_nothing_is_dry_on_its_first_day_and_turns_everyone_away(town: Town) -> None:
    start = town.day(2, 11)
    record, generous = (town.run(subsidy(b, start=start)) for b in (0.0, None))
    assert own(record, "dry_day") == own(record, "first_day") == start.toordinal()
    assert turned_away(record) > 100
    assert not own_claims(record).any()
    assert turned_away(generous) == 0
    assert (own(generous, "budget"), own(generous, "left"), own(generous, "dry_day")) == (-1, -1, 0)


def test_what_institutions_are_not_paid_turns_nobody_away(town: Town) -> None:
    record = town.run(
        instrument("operating_subsidy", yuan_per_child=300.0, standing="any", budget=20_000.0, start=town.day(1))
    )
    assert own(record, "dry_day") > 0
    assert turned_away(record) == 0


def test_standing_budgets_are_noted_beside_the_policys(busy: Town) -> None:
    record = busy.baseline
    q = next(n for n, tool in enumerate(busy.standing) if tool.budget_yuan is not None)
    assert record.budget("left")[q] == 0
    assert record.budget("dry_day")[q] >= record.budget("first_day")[q]
    assert (np.delete(record.budget("budget"), q) == -1).all()
