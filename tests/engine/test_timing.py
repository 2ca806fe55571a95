"""When families enter: before a dated voucher is void, and not before a round that new families win first."""

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray
from town import NOBODY, SETTLED, Town, billed, differences, instrument, settle, within

from sim.engine.city import RunningCity
from sim.engine.recorder import TRANCHE_TOTALS, Record
from sim.engine.schedule import run_to
from sim.kernels.columns import ENROLLED, ENTRY
from sim.policy.instrument import Instrument
from sim.study.compare import outcome
from sim.world.families import FamilyFacts

OTHERS = ("lottery", "first_come", "lowest_income")
FIRST, LAST = 1, 5  # months of the rounds, counted from the window's first
FACE, HASSLE = 700.0, 20.0


@pytest.fixture(scope="module")
def calm() -> Town:
    """The hamlet with places without limit, all of whose families look ahead to the announced last day."""
    return settle(*SETTLED, standing=(), unlimited=True)


def pool(town: Town, allocation: str = "new_families_first", **parameters: object) -> Instrument:
    """A pool of rounds in five months that all know of."""
    tranche = {"months": [0, 47], "face_value": FACE, "per_round": 120}
    given = {
        "hassle": HASSLE,
        "aware_enrolled": 1.0,
        "aware_others": 1.0,
        "redeem_at": "inclusive",
        "start": town.day(FIRST, 10),
        "until": town.day(LAST, 28),
        "tranches": [tranche],
    }
    return instrument("voucher_pool", allocation=allocation, **{**given, **parameters})


def facts(town: Town, waiting: float, **changed: float) -> FamilyFacts:
    """Families' facts with the share that counts of what waiting is worth."""
    return town.world.facts.families.model_copy(update={"deferral": waiting, **changed})


def entries(record: Record) -> NDArray[np.int64]:
    """Children billed in a month and not in the one before, int64 (months - 1,)."""
    here = billed(record) != NOBODY
    return np.asarray((here[1:] & ~here[:-1]).sum(axis=1))


def city_in(town: Town, month: int, waiting: float, *own: Instrument, **changed: float) -> RunningCity:
    """A city under a policy at the beginning of a month of the window."""
    start = town.replication.checkpoint(town.span.counted)
    city = town.replication.city(start, within(town.scenario, own), facts(town, waiting, **changed))
    run_to(city, town.span.counted + month)
    return city


def on_top(city: RunningCity, day: date) -> NDArray[np.float64]:
    """What waiting puts on top of prices by kind, group, band and institution [yuan]."""
    tariff = city.tariff_on(day, day)
    shape = 3, city.grouping.size, 3, tariff.posted.shape[1]
    return (tariff.prices.astype(np.float64) - tariff.bare).reshape(shape)


# ---- what waiting is worth


@pytest.mark.parametrize("allocation", OTHERS)
def test_where_all_have_the_same_odds_nobody_waits(calm: Town, allocation: str) -> None:
    """To the bit."""
    tool = pool(calm, allocation)
    waiting, not_waiting = (calm.run(tool, outlook=facts(calm, share)) for share in (1.0, 0.0))
    assert differences(waiting, not_waiting) == []


@pytest.mark.parametrize("waiting", [0.4, 1.0])
@pytest.mark.parametrize("month", [FIRST + 1, LAST])
def test_entering_costs_what_the_next_round_is_worth_less_to_the_enrolled(
    calm: Town, waiting: float, month: int
) -> None:
    """By hand, whole on the monthly fee, of who looks ahead and may win, where the voucher is good; no enrolled."""
    city = city_in(calm, month, waiting, pool(calm), foresight=0.5)
    columns, day = city.state.instruments.columns[0], calm.day(month)
    new, enrolled = float(columns["odds_new"][0]), float(columns["odds"][0])
    assert new > enrolled
    groups, found = city.grouping.groups, on_top(city, day)
    posted, inclusive = city.inputs.tariff.posted, calm.world.institutions.inclusive
    relief = np.minimum(posted, FACE) * inclusive
    lost = np.maximum(new * relief - HASSLE, 0) - np.maximum(enrolled * relief - HASSLE, 0)
    who = groups.foresees & (groups.may_win == 1)
    assert 0 < who.sum() < len(who)
    leaves = groups.leaves & (day.month == 8)
    np.testing.assert_allclose(
        found[ENTRY], waiting * lost[None] * (who & ~leaves)[:, None, None], atol=0.02, rtol=1e-6
    )
    assert not found[ENROLLED].any()
    assert lost[:, inclusive].min() > 0
    assert not lost[:, ~inclusive].any()
    assert (~inclusive).any()


def test_who_goes_to_kindergarten_before_the_round_has_nothing_to_wait_for(calm: Town) -> None:
    month = LAST
    assert calm.day(month).month == 8
    city = city_in(calm, month, 1.0, pool(calm))
    found, groups = on_top(city, calm.day(month))[ENTRY].max(axis=(1, 2)), city.grouping.groups
    assert not found[groups.leaves].any()
    assert found[~groups.leaves & groups.foresees & (groups.may_win == 1)].min() > 0


def test_without_a_round_to_come_nobody_waits(calm: Town) -> None:
    """Neither before the first, of which nobody knows the odds, nor after the last, but for the chance of another."""
    for month, prolonged, waits in ((FIRST, 0.5, False), (LAST, 0.0, True), (LAST + 1, 0.0, False)):
        city = city_in(calm, month, 1.0, pool(calm), prolonged=prolonged)
        assert on_top(city, calm.day(month)).any() == waits
    over = pool(calm, until=calm.day(LAST, 9))  # the day before a round
    assert not on_top(city_in(calm, LAST, 1.0, over), calm.day(LAST)).any()
    surely, perhaps = (
        on_top(city_in(calm, LAST, 1.0, tool, prolonged=0.25), calm.day(LAST)).sum() for tool in (pool(calm), over)
    )
    assert perhaps == pytest.approx(0.25 * surely, rel=1e-4), "by the chance that the pool goes on"


# ---- what comes of it


def test_entries_are_put_off_before_rounds_and_made_up_after_the_last(calm: Town) -> None:
    tranche = {"months": [0, 47], "face_value": 2000.0, "per_round": 60}
    tool = pool(calm, tranches=[tranche], redeem_at="any")
    waits, not_ = (entries(calm.run(tool, outlook=facts(calm, share))) for share in (1.0, 0.0))
    before, after = slice(0, LAST - 1), slice(LAST - 1, None)  # entries of the months after the first
    assert waits[before].sum() < 0.95 * not_[before].sum()
    assert (waits - not_)[after].sum() > 0.3 * (not_ - waits)[before].sum(), "of those put off some come later"
    assert waits[LAST - 1] > 1.1 * not_[LAST - 1], "in the month of the last round"


def test_the_more_it_counts_the_fewer_enter_before_a_round(calm: Town) -> None:
    month, after = FIRST + 1, []
    base = city_in(calm, month, 0.0, pool(calm))
    inside = base.state.children.at.copy() != NOBODY
    for share in (0.0, 0.3, 1.0):
        city = calm.replication.city(base.state.copy(), within(calm.scenario, [pool(calm)]), facts(calm, share))
        run_to(city, calm.span.counted + month + 1)
        after.append(city.state.children.at != NOBODY)
    newly = [int((now & ~inside).sum()) for now in after]
    assert newly[0] > newly[1] > newly[2]


def test_nobody_who_is_enrolled_leaves_to_count_as_new(calm: Town) -> None:
    """However much a voucher is worth: in one month from the same state the same leave."""
    tranche = {"months": [0, 47], "face_value": 100_000.0, "per_round": 400}
    tool, month = pool(calm, tranches=[tranche], redeem_at="any"), FIRST + 1
    base = city_in(calm, month, 0.0, tool)
    assert base.state.instruments.columns[0]["odds"][0] < base.state.instruments.columns[0]["odds_new"][0]
    inside, at = base.state.children.at.copy() != NOBODY, []
    for share in (0.0, 1.0):
        city = calm.replication.city(base.state.copy(), within(calm.scenario, [tool]), facts(calm, share))
        run_to(city, calm.span.counted + month + 1)
        at.append(city.state.children.at)
    assert np.array_equal(at[0][inside], at[1][inside])
    assert (at[0] != NOBODY).sum() > (at[1] != NOBODY).sum()


def test_waiting_keeps_nobody_from_applying(calm: Town) -> None:
    """Of one state the same families apply and win: who waits for a round waits to apply in it."""
    tool, month = pool(calm, start=calm.day(FIRST), redeem_at="any"), FIRST + 1
    base, found = city_in(calm, month, 0.0, tool), []
    for share in (0.0, 1.0):
        city = calm.replication.city(base.state.copy(), within(calm.scenario, [tool]), facts(calm, share))
        assert on_top(city, calm.day(month)).any() == (share > 0)
        run_to(city, calm.span.counted + month + 1)  # the round is on the first, before anybody decides
        columns = city.state.instruments.columns[0]
        found.append((columns["odds"][0], columns["odds_new"][0]))
    assert found[0] == found[1]
    assert 0 < found[0][1] < 1


def test_who_holds_a_voucher_does_not_wait_for_another(calm: Town) -> None:
    """Winners at home enter alike in the month of the draw, though the next round is to come."""
    tool, month = pool(calm), FIRST + 1
    base = city_in(calm, month, 0.0, tool)
    holding, at = base.state.vouchers.face[0] > 0, []
    holding &= base.state.children.at == NOBODY
    for share in (0.0, 1.0):
        city = calm.replication.city(base.state.copy(), within(calm.scenario, [tool]), facts(calm, share))
        run_to(city, calm.span.counted + month + 1)
        at.append(city.state.children.at)
    decided = decision_days(calm) < 10  # before the next round
    rows = holding & decided
    assert rows.sum() > 5
    assert np.array_equal(at[0][rows], at[1][rows])
    assert (at[0][rows] != NOBODY).any()
    others = decided & ~holding & (base.state.children.at == NOBODY)
    assert (at[0][others] != NOBODY).sum() > (at[1][others] != NOBODY).sum()


def decision_days(town: Town) -> NDArray[np.int64]:
    """Day of the month on which each child of a town decides, int64 (n,)."""
    return np.repeat(np.arange(1, 29), np.diff(town.world.families.slices))


# ---- a dated voucher


def test_holders_enter_before_their_vouchers_are_void_and_part_of_that_is_brought_forward(calm: Town) -> None:
    """Of one round: entries above those of the twin city in the months in which it is good, fewer after."""
    tool = pool(calm, "lottery", start=calm.day(2, 1), until=calm.day(2, 1), valid_days=30, redeem_at="any",
                tranches=[{"months": [0, 47], "face_value": 1500.0, "per_round": 100_000}])  # fmt: skip
    record = calm.run(tool)
    policy, twin = entries(record), entries(calm.baseline)
    more = policy - twin
    redeemed = record.tranche[TRANCHE_TOTALS.index("vouchers_redeemed"), :, 0]
    assert redeemed[2] > 0
    assert not redeemed[3:].any()
    assert more[1] > 30
    assert (more[2:8] < more[1] / 4).all()
    assert more[2:].sum() < 0
    assert 0 < more[1:].sum() < more[1]
    assert outcome(record, calm.baseline).window["added_brought_forward"][0] > 0
