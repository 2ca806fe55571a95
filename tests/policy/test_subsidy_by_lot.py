"""The lot: who is in it and who wins, what winners are paid, and the experiment beside the truth."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from town import NOBODY, SETTLED, Town, billed, differences, instrument, own_claims, settle, within

from sim import dates
from sim.engine.recorder import Record
from sim.study.compare import Outcome, applies, estimate, outcome
from sim.study.estimate import Estimate
from sim.study.intervals import chance
from sim.study.lots import PARTS
from sim.study.metrics import LOTS, METRICS

METRIC = {metric.name: metric for metric in METRICS}
FIXED = tuple(f"city.supply.kind.{kind}.fee_rule=fixed" for kind in ("private", "kindergarten"))
EVERYBODY = {"take_part_enrolled": 1.0, "take_part_others": 1.0, "to_months": 48}
DRAWS = range(8)


def by_lot(winners: int, **more: Any) -> Any:
    return instrument("subsidy_by_lot", winners=winners, **more)


def entries(record: Record, lot: int = 0) -> tuple[set[int], set[int]]:
    """Children that won and that lost a lot."""
    mine = record.lot_entries[record.lot_entries[:, 0] == lot]
    return set(mine[mine[:, 2] == 1, 1].tolist()), set(mine[mine[:, 2] == 0, 1].tolist())


@cache
def spacious(replication: int) -> Town:
    """The hamlet with places for all and fees that stay."""
    return settle(*SETTLED, *FIXED, standing=(), unlimited=True, replication=replication)


@cache
def crowded(replication: int) -> Town:
    """The hamlet as its file describes it."""
    return settle(replication=replication)


def window(town: Town, *tools: Any) -> dict[str, NDArray[np.float64]]:
    """Parts of the metrics of a policy over the window."""
    return outcome(town.run(*tools), town.baseline).window


# ---------------------------------------------------------------------------------------------------------
# who draws, who wins


def test_those_of_the_age_and_income_sign_up_by_their_own_draws(steady: Town) -> None:
    """Plainly, child by child: born between two days, not in kindergarten, below the limit, drawn below the share."""
    families, day, limit = steady.world.families, steady.day(2), float(np.median(steady.world.families.income))
    tool = by_lot(150, start=day, from_months=9, to_months=30, income_limit=limit, rate=0.4)
    record = steady.run(tool)
    draw, line = (
        steady.world.luck.uniforms(f"subsidy_by_lot 0 {what}", families.id, 0)[:, 0] for what in ("taking part", "line")
    )
    seat = steady.replication.checkpoint(steady.span.counted + 2).children.at
    expected = set()
    for row in range(len(families)):
        of_age = dates.months_before(day, 30) < families.birth[row] <= dates.months_before(day, 9)
        if of_age and families.income[row] <= limit and families.birth[row] > dates.school_year_cut(day):
            share = tool.take_part_enrolled if seat[row] != NOBODY else tool.take_part_others
            expected |= {row} if draw[row] < share else set()
    won, lost = entries(record)
    assert won | lost == expected
    assert won == set(sorted(expected, key=lambda row: line[row])[:150])
    assert len(lost) > 20


def test_more_winners_are_the_same_and_some_more(steady: Town) -> None:
    few, many = (entries(steady.run(by_lot(n, amount=200.0))) for n in (60, 200))
    assert few[0] < many[0]
    assert few[0] | few[1] == many[0] | many[1]


def test_no_other_instrument_moves_the_draws(steady: Town) -> None:
    """Beside vouchers and a subsidy that begin with it, in whatever order; a second lot has draws of its own."""
    lot = by_lot(100, amount=200.0)
    pool = instrument("voucher_pool", tranches=[{"months": [0, 47], "face_value": 500.0, "per_round": 50}])
    alone = entries(steady.run(lot))
    assert entries(steady.run(pool, lot, instrument("fee_subsidy", rate=0.3))) == alone
    both = steady.run(lot, lot)
    assert entries(both) == alone
    assert entries(both, 1)[0] != alone[0]


def test_winners_are_thinned_with_the_city() -> None:
    assert [by_lot(n).at_scale(0.05).winners for n in (0, 9, 11, 1000)] == [0, 0, 1, 50]
    assert by_lot(1000).quota() == ("winners", (1000,))


# ---------------------------------------------------------------------------------------------------------
# what is paid


def test_every_bill_of_a_winner_that_qualifies_is_relieved_and_no_other(town: Town) -> None:
    first, last, until = town.day(1, 9), town.day(6, 20), 26
    record = town.run(by_lot(500, start=first, until=last, amount=150.0, until_months=until, standing="registered"))
    won, _ = entries(record)
    at, families = billed(record), town.world.families
    decides = np.searchsorted(families.slices, np.arange(len(families)), side="right")
    due = set()
    for month, child in np.argwhere(at != NOBODY).tolist():
        day = dates.date_in(town.span.counted + month, int(decides[child]))
        if child in won and first <= day <= last and families.birth[child] > dates.months_before(day, until):
            due |= {(child, month)} if town.world.institutions.registered[at[month, child]] else set()
    owed = record.claim_fen > 0
    assert set(zip(record.claim_child[owed].tolist(), record.claim_month[owed].tolist(), strict=True)) == due
    assert (record.claim_fen[owed] == 15_000).all()
    assert len(due) > 100


def test_each_lot_pays_its_own_winners(town: Town) -> None:
    """A child that wins both has both sums."""
    terms = {"start": town.day(1), "take_part_others": 0.6}
    record = town.run(by_lot(600, amount=100.0, **terms), by_lot(700, amount=7.0, **terms))
    one, other = (entries(record, lot)[0] for lot in (0, 1))
    for child, fen in zip(record.claim_child.tolist(), record.claim_fen.tolist(), strict=True):
        assert fen == 10_000 * (child in one) + 700 * (child in other)
    assert set(record.claim_fen.tolist()) == {700, 10_000, 10_700}


def test_with_no_winners_it_is_the_baseline(town: Town) -> None:
    record = town.run(by_lot(0, rate=0.5, start=town.day(1, 9)))
    assert differences(record, town.baseline) == []
    assert len(record.lot_entries) > 100
    assert not record.lot_entries[:, 2].any()


def test_with_nobody_in_it_it_is_the_baseline(town: Town) -> None:
    record = town.run(by_lot(10, rate=0.5, start=town.day(1, 9), take_part_enrolled=0.0, take_part_others=0.0))
    assert differences(record, town.baseline) == []
    assert not len(record.lot_entries)


def test_before_its_first_day_it_is_the_baseline(town: Town) -> None:
    """Though the policy is announced: a rule that costs its running only begins months before."""
    announced = instrument("licensing", running_yuan_per_month=10.0, start=town.day(1))
    record = town.run(announced, by_lot(400, rate=0.5, start=town.day(5, 9)))
    assert differences(record, town.baseline, until=5, but=frozenset({"totals", "city"})) == []
    for group in range(1, len(record.groups)):
        assert np.array_equal(record.totals[:, :5, group], town.baseline.totals[:, :5, group])


@pytest.mark.parametrize("day", [1, 17])
def test_where_all_win_it_is_a_fee_subsidy(town: Town, day: int) -> None:
    """While nobody born since the draw may be enrolled, at fees that respond; the lot has no losers to compare with."""
    terms = {"rate": 0.3, "amount": 100.0, "ceiling": 900.0, "standing": "registered"}
    terms |= {"start": town.day(1, day), "until": town.day(6)}
    record, subsidy = town.run(by_lot(10_000_000, **terms, **EVERYBODY)), town.run(instrument("fee_subsidy", **terms))
    assert differences(record, subsidy, but=frozenset({"instrument_kinds"})) == []
    assert (own_claims(record) == own_claims(subsidy)).all()
    assert own_claims(record).any()
    found = outcome(record, town.baseline)
    assert found.window["lot_losers"][0] == 0
    assert estimate(METRIC["lot_estimate"], [found], 0) == Estimate(None)
    assert estimate(METRIC["lot_covers"], [found], 0) == Estimate(None)


def test_an_age_up_to_which_it_lasts_parts_no_bill_below_it(town: Town) -> None:
    """A child that cannot come to the age in the window is relieved as if there were none."""
    terms = {"rate": 0.4, "start": town.day(1), "until": town.day(3), "to_months": 20}
    aged, plain = (town.run(by_lot(400, **terms, **more)) for more in ({"until_months": 25}, {}))
    assert differences(aged, plain) == []
    assert (own_claims(aged) == own_claims(plain)).all()


# ---------------------------------------------------------------------------------------------------------
# how it is run


@pytest.mark.parametrize("standing", [False, True], ids=["own", "beside one that stands"])
def test_passing_over_and_forks_change_nothing(standing: bool) -> None:
    """Also where a lot is drawn in the baseline itself, in the middle of the policy."""
    stands = by_lot(150, rate=0.9, start=date(2025, 6, 12), take_part_enrolled=1.0, take_part_others=0.05)
    town = settle(standing=(stands,) if standing else ())
    # many more are in care, and so in that lot, than in the baseline, where others win it
    tools = by_lot(200, rate=0.5, start=town.day(1, 9), until=town.day(8, 20)), instrument("fee_subsidy", amount=900.0)
    passing, straight = town.run(*tools), town.run(*tools, straight=True)
    town.replication.passes = False
    assert differences(passing, town.run(*tools)) == []
    assert differences(passing, straight) == []
    assert np.array_equal(passing.lot_entries, straight.lot_entries)
    assert set(passing.lot_entries[:, 0].tolist()) == {0}, "the policy's own only"


def test_each_family_group_belongs_to_one_of_the_baselines() -> None:
    """To that in which every child of it is there, a lot that stands and a pool beside it."""
    pool = instrument("voucher_pool", tranches=[{"months": [0, 47], "face_value": 500.0, "per_round": 50}])
    town = settle(standing=(by_lot(300, amount=120.0, start=date(2025, 1, 12)), pool))
    there = town.replication.checkpoint(town.span.counted + 3)
    own = within(
        town.scenario, (by_lot(200, rate=0.5, until_months=20), instrument("fee_subsidy", income_limit=9000.0))
    )
    city = town.replication.city(town.replication.checkpoint(town.span.counted + 3), own)
    assert np.array_equal(city.group_there[city.state.children.group], there.children.group)
    assert len(np.unique(there.children.group)) > 10


def test_a_lot_that_stands_from_before_the_first_day_is_drawn_on_it() -> None:
    always = by_lot(200, rate=0.5, start=date(2020, 1, 1), to_months=30)
    town = settle(standing=(always,))
    assert town.baseline.claims[:, 0].all()
    assert not len(town.baseline.lots)
    drawn = town.replication.checkpoint(town.span.counted).instruments.columns[0]
    assert drawn["won"].sum() == 200


# ---------------------------------------------------------------------------------------------------------
# the experiment and the truth


def plainly(town: Town, record: Record, lot: int, day: date) -> dict[str, float]:
    """Some parts of a lot again, from who is billed in each month."""
    won, lost = (sorted(some) for some in entries(record, lot))
    decides = np.searchsorted(town.world.families.slices, np.arange(record.children), side="right")
    here, there = (billed(one) != NOBODY for one in (record, town.baseline))
    months = np.array([[dates.date_in(record.first + m, int(d)) >= day for d in decides] for m in range(len(here))])
    y, a = (here & months).sum(axis=0), here.sum(axis=0) - there.sum(axis=0)
    error = (np.var(y[won], ddof=1) / len(won) + np.var(y[lost], ddof=1) / len(lost)) ** 0.5
    return {
        "lot_children": len(won) + len(lost),
        "lot_winner_months": y[won].sum(),
        "lot_loser_months": y[lost].sum(),
        "lot_difference": y[won].mean() - y[lost].mean(),
        "lot_standard_error": error,
        "lot_estimate": len(won) * (y[won].mean() - y[lost].mean()),
        "lot_margin": 1.959963984540054 * len(won) * error,
        "lot_added_winners": a[won].sum(),
        "lot_added_losers": a[lost].sum(),
        "lot_added_others": a.sum() - a[won].sum() - a[lost].sum(),
        "lot_cost": own_claims(record)[:, lot].sum() / 100,
    }


def test_each_lot_is_as_counted_child_by_child_and_together_they_add_up(town: Town) -> None:
    day = town.day(2, 17)
    tools = by_lot(120, rate=0.8, start=day, to_months=18), by_lot(150, rate=0.5, from_months=18, start=day)
    record = town.run(*tools)
    found = outcome(record, town.baseline)
    parts, columns = found.window, [found.groups.index(f"lot={n}") for n in (1, 2)]
    assert [found.groups[0], *found.groups[-2:]] == ["all", "lot=1", "lot=2"]
    for lot, column in enumerate(columns):
        for name, value in plainly(town, record, lot, day).items():
            assert parts[name][column] == pytest.approx(value, rel=1e-12), name
    for name in (
        "lot_children",
        "lot_winners",
        "lot_losers",
        "lot_winner_months",
        "lot_estimate",
        "lot_luck",
        "lot_cost",
    ):
        assert parts[name][0] == pytest.approx(parts[name][columns].sum(), rel=1e-12), name
    assert parts["lot_margin"][0] == pytest.approx(np.hypot(*parts["lot_margin"][columns]))
    assert parts["lot_difference"][0] == pytest.approx(parts["lot_estimate"][0] / 270)
    for name in PARTS:
        others = np.delete(parts[name], [0, *columns])
        assert not others.any(), name


@pytest.mark.parametrize("replication", range(3))
@pytest.mark.parametrize("strength", [0.2, 1.0])
def test_counts_and_added_child_months_add_up_exactly(replication: int, strength: float) -> None:
    town = crowded(replication)
    record = town.run(by_lot(400, rate=strength, start=town.day(1, 9)))
    parts = outcome(record, town.baseline).window
    assert parts["lot_winners"][0] + parts["lot_losers"][0] == parts["lot_children"][0] == len(record.lot_entries)
    assert parts["lot_winners"][0] == 400
    three = sum(parts[f"lot_added_{who}"][0] for who in ("winners", "losers", "others"))
    assert three == parts["added"][0]
    ratio = parts["lot_winners"][0] / parts["lot_losers"][0]
    told = parts["lot_added_winners"] - ratio * parts["lot_added_losers"] + parts["lot_luck"]
    assert parts["lot_estimate"][0] == pytest.approx(told[0], abs=1e-6)


def test_with_places_for_all_and_fees_that_stay_losers_are_as_they_were_and_the_experiment_is_right() -> None:
    """It is off by the luck of the draw alone; its intervals hold the truth about as often as they say."""
    off, covers = [], 0
    for replication in DRAWS:
        town = spacious(replication)
        parts = window(town, by_lot(300, rate=0.6, start=town.day(1), take_part_others=0.4))
        assert parts["lot_added_losers"][0] == parts["lot_added_others"][0] == 0
        assert parts["lot_added_winners"][0] > 0
        assert parts["lot_estimate"][0] - parts["added"][0] == pytest.approx(parts["lot_luck"][0], abs=1e-6)
        off.append(parts["lot_luck"][0] / parts["lot_margin"][0])
        covers += int(parts["lot_covers"][0])
    assert abs(np.mean(off)) < 1 / len(DRAWS) ** 0.5, "two standard errors of a mean of so many"
    assert covers >= len(DRAWS) - 1


def test_in_a_crowded_town_winners_take_places_from_losers_and_the_experiment_says_too_much() -> None:
    losers, missed = 0.0, []
    for replication in DRAWS:
        town = crowded(replication)
        parts = window(town, by_lot(500, rate=1.0, start=town.day(1), take_part_others=0.6))
        losers += parts["lot_added_losers"][0]
        missed.append(parts["lot_estimate"][0] - parts["lot_luck"][0] - parts["added"][0])
    assert losers < 0
    assert np.mean(missed) > 2 * np.std(missed, ddof=1) / len(DRAWS) ** 0.5


def test_a_larger_sum_never_lowers_what_winners_use() -> None:
    """Child by child, with places for all: a winner is in care in every month in which it was for less."""
    town = spacious(0)
    seen = []
    for amount in (0.0, 100.0, 400.0, 1000.0, 3000.0):
        record = town.run(by_lot(400, amount=amount, start=town.day(1)))
        used = (billed(record) != NOBODY)[:, sorted(entries(record)[0])]
        seen.append(int(used.sum()))
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]


# ---------------------------------------------------------------------------------------------------------
# how it is told


def made(**parts: float) -> Outcome:
    """An outcome of one lot with some parts, alike in all columns."""
    whole = dict.fromkeys(PARTS, 0.0) | parts
    return Outcome(("all", "lot=1"), 24310, {name: np.full(2, value) for name, value in whole.items()}, {})


def test_what_rests_on_a_comparison_is_told_of_the_replications_that_have_one() -> None:
    some = [
        made(lot_compares=1, lot_estimate=e, lot_margin=m, lot_covers=c, lot_cost=100.0)
        for e, m, c in ((10.0, 4.0, 1.0), (20.0, 6.0, 0.0))
    ]
    none = made()
    for name, value in (("lot_estimate", 15.0), ("lot_margin", 5.0), ("lot_covers", 0.5)):
        assert estimate(METRIC[name], [none, *some, none], 0) == estimate(METRIC[name], some, 0)
        assert estimate(METRIC[name], some, 0).value == value
        assert estimate(METRIC[name], [none, none], 0) == Estimate(None)
    assert estimate(METRIC["lot_covers"], [none, *some], 0) == chance(np.array([1.0, 0.0]))
    assert estimate(METRIC["lot_cost_per_month"], some[:1], 0).value == 10.0


def test_policies_without_a_lot_have_none_of_its_metrics(town: Town) -> None:
    with_lot, without = (
        outcome(town.run(tool), town.baseline) for tool in (by_lot(10, rate=0.1), instrument("fee_subsidy", rate=0.1))
    )
    assert len(LOTS) == 15
    for name in LOTS:
        assert applies(METRIC[name], [with_lot])
        assert not applies(METRIC[name], [without])
        assert not applies(METRIC[name], [replace(with_lot, groups=("all",))])


def test_a_lot_that_is_never_drawn_has_nobody_in_it(town: Town) -> None:
    """It begins after the run."""
    late = by_lot(100, rate=0.5, start=town.day(12) + timedelta(days=40))
    parts = window(town, late, instrument("fee_subsidy", rate=0.1))
    assert parts["lot_children"][0] == parts["lot_compares"][0] == 0
    assert parts["lot_added_others"][0] == parts["added"][0] != 0


@pytest.mark.parametrize("key", ["to_months", "until_months"])
def test_ages_run_forward(key: str) -> None:
    with pytest.raises(ValueError, match="an age above from_months"):
        by_lot(1, from_months=12, **{key: 12})


def test_winners_may_enrol_before_it_ends_for_them() -> None:
    with pytest.raises(ValueError, match="above 6, before which none enrols"):
        instrument("subsidy_by_lot", winners=10, amount=300.0, until_months=6)
