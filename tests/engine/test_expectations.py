"""What families expect of what was announced: a programme is worth the same however it is written down."""

from datetime import date, timedelta

import numpy as np
import pytest
from town import SETTLED, Town, instrument, own_claims, settle, within

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW, Record
from sim.engine.schedule import run_to
from sim.policy.instrument import Instrument

YUAN = 600.0
FAMILIES = "city.families."


def spellings(first: date, last: date) -> dict[str, tuple[Instrument, ...]]:
    """A sum off every bill of some months: as one window, as a window a month, and as a voucher each month for all."""
    months = [dates.date_in(m) for m in range(dates.month_of(first), dates.month_of(last) + 1)]
    ends = [dates.date_in(dates.month_of(d) + 1) - timedelta(days=1) for d in months]
    tranche = {"months": [0, 47], "face_value": YUAN, "per_round": 100_000}
    return {
        "one window": (instrument("fee_subsidy", amount=YUAN, start=first, until=last),),
        "a window a month": tuple(
            instrument("fee_subsidy", amount=YUAN, start=d, until=end) for d, end in zip(months, ends, strict=True)
        ),
        "a round a month": (
            instrument(
                "voucher_pool", tranches=[tranche], start=first, until=last, redeem_at="any", valid_days=30, hassle=0.0,
                aware_enrolled=1.0, aware_others=1.0,
            ),
        ),
    }  # fmt: skip


def apart(one: Record, other: Record) -> list[str]:
    """What differs between two records of one programme, beside how its instruments are told apart."""
    names = ("fee", "offer_enrolled", "offer_open", "stay_birth", "city", "unaided", "concentration", "former")
    found = [name for name in names if not np.array_equal(getattr(one, name), getattr(other, name))]
    found += [f"stays {name}" for name in one.stays if not np.array_equal(one.stays[name], other.stays[name])]
    if not np.array_equal(own_claims(one).sum(axis=1), own_claims(other).sum(axis=1)):
        found.append("claims")
    of_vouchers = {"applications", "application_fen", "vouchers_issued"}
    totals = [row for name, row in ROW.items() if name not in of_vouchers]
    return found + [name for name in ROW if ROW[name] in totals and (one.totals - other.totals)[ROW[name]].any()]


@pytest.mark.parametrize("foresight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("prolonged", [0.0, 0.4])
def test_one_programme_in_three_spellings_is_one_programme(foresight: float, prolonged: float) -> None:
    """To the bit, whoever looks ahead and however far, with fees that respond; and it is worth something.

    Where there are places for all: who is offered one between its decision days counts what it has in hand that day.
    """
    outlook = (f"foresight={foresight}", f"prolonged={prolonged}", "commitment_spread=0.7", "commitment_months=4")
    town = settle(*SETTLED, *(FAMILIES + setting for setting in outlook), unlimited=True)
    first, last = town.day(1), dates.date_in(town.span.counted + 8) - timedelta(days=1)
    records = {name: town.run(*own) for name, own in spellings(first, last).items()}
    one = records["one window"]
    assert apart(one, town.baseline), "it does something"
    assert {name: apart(one, record) for name, record in records.items()} == {name: [] for name in records}


def subsidy(town: Town, months: int, **parameters: float) -> Instrument:
    """A sum off every bill for some months from the second counted on; 0 for good."""
    until = dates.date_in(town.span.counted + 1 + months) - timedelta(days=1) if months else None
    return instrument("fee_subsidy", start=town.day(1), until=until, **(parameters or {"amount": YUAN}))


@pytest.mark.parametrize("looks", ["foresight=0.0", "prolonged=0.9"])
def test_what_has_no_last_day_everybody_counts_on(looks: str) -> None:
    """Whoever looks ahead, and whatever chance a policy is given: for good is for good, to the bit."""
    here, there = settle(), settle(FAMILIES + looks)
    assert apart(here.run(subsidy(here, 0)), there.run(subsidy(there, 0))) == []
    assert apart(here.run(subsidy(here, 4)), there.run(subsidy(there, 4))) != [], "of a policy that ends it matters"


def added(town: Town, *own: Instrument) -> int:
    """Child-months billed more than in the baseline."""
    row = ROW["enrolled_child_months"]
    return int((town.run(*own).totals - town.baseline.totals)[row, :, 0].sum())


@pytest.mark.parametrize("kind", ["subsidy", "pool"])
def test_the_more_look_ahead_the_more_a_relief_of_some_months_brings(kind: str) -> None:
    """And the farther they look the less, where it is soon over."""
    by_foresight, by_horizon = [], []
    for values, found, key in (
        ((0.0, 0.5, 1.0), by_foresight, "foresight"),
        ((1, 4, 10), by_horizon, "commitment_months"),
    ):
        for value in values:
            town = settle(*SETTLED, FAMILIES + f"{key}={value}", unlimited=True)
            one_month = key == "commitment_months"
            own = spellings(town.day(1), dates.date_in(town.span.counted + (2 if one_month else 7)) - timedelta(days=1))
            found.append(added(town, *own["one window" if kind == "subsidy" else "a round a month"]))
    assert by_foresight == sorted(by_foresight)
    assert by_foresight[0] < by_foresight[-1]
    assert by_horizon == sorted(by_horizon, reverse=True)
    assert by_horizon[0] > by_horizon[-1] > 0


def test_horizons_follow_from_terms_settling_and_the_school_year() -> None:
    """H = min(max(T, A), K): of each third of families, at every institution, in every month of a year."""
    town = settle(FAMILIES + "commitment_months=4", FAMILIES + "commitment_spread=0.5")
    terms = town.world.institutions.prepaid_months
    assert set(terms.tolist()) == {1, 3}
    for months in range(1, 13):
        city = town.replication.city(
            town.replication.checkpoint(town.span.counted), within(town.scenario, [subsidy(town, 4)])
        )
        day = dates.date_in(town.span.counted + months)
        groups, spread = city.grouping.groups, city.tariff_on(day, day).spread
        found = spread[0].reshape(len(groups.third), 3, len(terms))
        for g, (third, leaves) in enumerate(zip(groups.third, groups.leaves, strict=True)):
            to_school = (8 - (day.month - 1)) % 12 or 12 if leaves else 12
            expected = np.minimum(np.maximum(terms, (2, 4, 6)[third]), to_school)
            assert (found[g] == expected).all()
    children = city.state.children
    assert (groups.leaves[children.group] == (town.world.families.birth <= date(2022, 8, 31).toordinal())).all()
    for third in range(3):
        assert 0.3 < (groups.third[children.group] == third).mean() < 0.37


def test_fees_that_come_back_bind_nobody_and_those_that_do_not_keep_children_longer() -> None:
    """With every fee given back a term of three months is as one of one; the less comes back the fewer leave early."""
    settings = "city.supply.kind.private.prepaid_months={}", "city.supply.kind.private.prepaid_refund={}"
    still = (*SETTLED, *(f"city.supply.{key}" for key in ("fee_limit=0", "payback_years=0.001", "scheme_cost=1e9")))
    by_month = settle(*still, settings[0].format(1))
    leaving, forfeited = [], []
    for refund in (1.0, 0.5, 0.0):
        town = settle(*still, settings[1].format(refund))
        leaving.append(int(town.baseline.city[CITY_TOTALS.index("exits")].sum()))
        forfeited.append(int(town.baseline.totals[ROW["forfeited_fen"], :, 0].sum()))
        if refund == 1.0:
            assert [n for n in apart(town.baseline, by_month.baseline) if n != "prepaid_lost_fen"] == []
    assert leaving == sorted(leaving, reverse=True)
    assert leaving[0] > leaving[-1]
    assert forfeited[0] == 0 < forfeited[-1]
    assert not by_month.baseline.totals[ROW["forfeited_fen"]].any()


def test_a_better_offer_never_loses_a_taker() -> None:
    """In one decision from the same state: whom a small subsidy brings, a larger one brings too."""
    town = settle(*SETTLED, FAMILIES + "foresight=0.6", FAMILIES + "commitment_spread=0.6", unlimited=True)
    month = town.span.counted + 1
    sums = []
    for yuan in (0.0, 200.0, 600.0):
        city = town.replication.city(
            town.replication.checkpoint(month), within(town.scenario, [subsidy(town, 4, amount=yuan)])
        )
        run_to(city, month + 1)
        sums.append(city.state.children.at != -1)
    assert (sums[0] <= sums[1]).all()
    assert (sums[1] <= sums[2]).all()
    assert sums[2].sum() > sums[0].sum()


def test_what_is_forfeited_is_what_stays_that_end_early_have_paid_ahead() -> None:
    """Stay by stay, to the fen: months of a term after the last bill, at that bill's fee, when the child leaves.

    Nobody closes or waits, and nothing is taken off fees; who leaves for kindergarten gets back what is unused.
    """
    town = settle(*SETTLED, standing=(), unlimited=True)
    record, terms, families = town.baseline, town.world.institutions.prepaid_months, town.world.families
    expected = np.zeros(len(record.totals[0]), np.int64)
    for child, at, first, last in zip(
        *(record.stays[key].tolist() for key in ("child", "at", "first", "last")), strict=True
    ):
        ahead, month = int(terms[at]) - 1 - (last - first) % int(terms[at]), town.span.counted + last + 1
        decides = int(np.searchsorted(families.slices, child, "right"))
        gone = families.birth[child] <= dates.school_year_cut(dates.date_in(month))
        if last < 0 or last + 1 == len(expected) or gone:
            continue
        band = sum(
            bool(families.birth[child] <= dates.months_before(dates.date_in(month - 1, decides), months))
            for months in dates.BAND_FROM_MONTHS
        )
        expected[last + 1] += ahead * round(100 * record.fee[last, band - 1, at])
    found = record.totals[ROW["forfeited_fen"], :, 0]
    assert (found[1:] == expected[1:]).all()
    assert expected[1:].sum() > 0
