"""Cash for care at home: who is paid, what it does to the choice, and what it is worth to families."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from town import HAMLET, NOBODY, Child, House, Town, billed, differences, instrument, lay_out, own_claims, settle, total

from sim import dates
from sim.engine.recorder import ROW, Record
from sim.engine.replication_cache import ages_on
from sim.engine.treasury import PREPAID
from sim.kernels import demand
from sim.kernels.bills import NET, POSTED, bill
from sim.kernels.columns import FORGONE, VOUCHER
from sim.policy.instrument import FOREVER
from sim.scenario.schema import load
from sim.study.compare import outcome

WINDOW = ("run.start=2025-02-01", "run.count_from=2025-02-01", "run.until=2025-07-31", "run.burn_in_months=1")
STILL = ("city.families.renewal=0", "city.families.stickiness=0")
LONG_AGO = date(2020, 1, 1)


def allowance(yuan: float, **more: Any) -> Any:
    return instrument("home_care_allowance", yuan_per_month=yuan, **more)


# ---------------------------------------------------------------------------------------------------------
# who is paid


def entitled(town: Town, record: Record, tool: Any) -> NDArray[np.bool_]:
    """Children for whom it is due by the record's bills, bool (months, n): plainly, from birthdays and stays."""
    families, institutions = town.world.families, town.world.institutions
    ends = {"any": np.ones(len(institutions), bool), "registered": institutions.registered}[tool.ends_at]
    at, day = billed(record), np.searchsorted(families.slices, np.arange(len(families)), side="right")
    out = np.zeros(at.shape, bool)
    for month in range(record.months()):
        for row in range(len(families)):
            when = dates.date_in(town.span.counted + month, int(day[row]))
            of_age = dates.months_before(when, tool.to_months) < families.birth[row]
            of_age &= families.birth[row] <= dates.months_before(when, tool.from_months)
            meant = not tool.birth_orders or families.birth_order[row] in tool.birth_orders
            runs = tool.start <= when <= tool.until
            inside = at[month, row] != NOBODY and ends[at[month, row]]
            out[month, row] = of_age and meant and runs and not inside
    return out


@pytest.mark.parametrize(
    "more",
    [{}, {"from_months": 3, "to_months": 20}, {"birth_orders": (2, 3), "ends_at": "registered"}],
    ids=["any place", "other ages", "registered places, second and third"],
)
def test_it_is_paid_for_each_child_of_the_ages_billed_at_no_place_that_ends_it(busy: Town, more: Any) -> None:
    """Nobody has the allowance at an offer that ends it, and nobody else goes without: counted plainly, by group."""
    tool = allowance(412.34, start=busy.day(1, 9), until=busy.day(6, 20), **more)
    record = busy.run(tool)
    due = entitled(busy, record, tool)
    cash = record.totals[ROW["cash_fen"]] - busy.baseline.totals[ROW["cash_fen"]]
    assert (own_claims(record)[:, 0] == 41_234 * due.sum(axis=1)).all()
    assert (cash[:, 0] == own_claims(record)[:, 0]).all()
    assert due.any()
    cells = busy.replication.cache.groups.cells
    for column in range(int(cells.min()), len(record.groups)):
        of_group = (cells == column).any(axis=1)
        assert (cash[:, column] == 41_234 * due[:, of_group].sum(axis=1)).all(), record.groups[column]


def test_nobody_enrolled_in_care_that_does_not_end_it_forgoes_it(busy: Town) -> None:
    """What is paid and what is forgone are together the sum for every child of the ages."""
    for ends_at in ("any", "inclusive"):
        tool = allowance(300.0, from_months=6, start=busy.day(0), ends_at=ends_at)
        record = busy.run(tool)
        children = np.array([of_age(busy, m, 6, 36) for m in range(record.months())])
        paid = total(record, "cash_fen") - total(busy.baseline, "cash_fen")
        assert (paid + total(record, "forgone_fen") == 30_000 * children).all()
        assert total(record, "forgone_fen").any()


def of_age(town: Town, month: int, youngest: int, oldest: int) -> int:
    """Children of an age on their decision day of a counted month."""
    families, count = town.world.families, 0
    for d in range(1, dates.DECISION_DAYS + 1):
        day = dates.date_in(town.span.counted + month, d)
        birth = families.birth[int(families.slices[d - 1]) : int(families.slices[d])]
        ends = dates.months_before(day, oldest), dates.months_before(day, youngest)
        count += int(((birth > ends[0]) & (birth <= ends[1])).sum())
    return count


def test_the_last_of_a_budget_goes_by_decision_days_and_to_the_fen(busy: Town) -> None:
    free = busy.run(allowance(300.0, start=busy.day(0)))
    first = int(own_claims(free)[0, 0])
    record = busy.run(allowance(300.0, start=busy.day(0), budget=first / 100 + 1000.5))
    assert own_claims(record)[:3, 0].tolist() == [first, 100_050, 0]
    assert record.budget("dry_day")[record.own].tolist() == [busy.day(2).toordinal() - 1]
    assert differences(record, free, until=1) == []


# ---------------------------------------------------------------------------------------------------------
# the choice


def alone(gap: float, born: date = date(2023, 10, 1), **house: Any) -> Town:
    """A town of one child, whose care is worth `gap` yuan a month to its family above its fee of 2,000."""
    keen = 0.0
    for _ in range(2):  # its draws are known once it is there
        facts = load(HAMLET, (*WINDOW, *STILL)).city
        world, _ = lay_out(facts, [Child(born, 15, keen=keen)], [House(**house)])
        town = settle(*WINDOW, *STILL, standing=(), world=world)
        inputs = town.replication.baseline_city.inputs
        worth = float(inputs.epochs.shocked[0, 0] - inputs.epochs.alone[0] + inputs.offers.value[1, 0]) / 0.001 - 2000
        keen += (gap - worth) * 0.001
    return town


def surplus(record: Record, town: Town) -> list[float]:
    """Families' surplus by month [yuan]."""
    return np.round(outcome(record, town.baseline).monthly["surplus"][:, 0], 2).tolist()


@pytest.mark.parametrize(
    ("gap", "yuan", "enrolled", "worth"),
    [
        (-50_000.0, 400.0, 0, 400.0),  # never there: the sum
        (250.0, 200.0, 1, 0.0),  # worth more than the sum: stays, and gains nothing
        (250.0, 400.0, 0, 150.0),  # drawn out: the sum less what care was worth
        (399.0, 400.0, 0, 1.0),
    ],
)
def test_a_family_gains_the_sum_less_what_it_gives_up(gap: float, yuan: float, enrolled: int, worth: float) -> None:
    town = alone(gap)
    record = town.run(allowance(yuan))
    assert total(town.baseline, "enrolled_child_months").tolist() == [int(gap > 0)] * 6
    assert total(record, "enrolled_child_months").tolist() == [enrolled] * 6
    assert surplus(record, town) == pytest.approx([worth] * 6, abs=0.02)
    assert own_claims(record)[:, 0].tolist() == [int(100 * yuan) * (1 - enrolled)] * 6


def test_a_subsidy_must_make_up_for_what_is_forgone_too() -> None:
    """Care is worth 100 yuan too little; 300 off the fee bring the child alone, but not beside an allowance of 300."""
    town = alone(-100.0)
    subsidy, cash = instrument("fee_subsidy", amount=300.0), allowance(300.0)
    assert total(town.run(subsidy), "enrolled_child_months").tolist() == [1] * 6
    assert total(town.run(subsidy, cash), "enrolled_child_months").tolist() == [0] * 6
    more = town.run(instrument("fee_subsidy", amount=450.0), cash)
    assert total(more, "enrolled_child_months").tolist() == [1] * 6
    assert surplus(more, town) == pytest.approx([350.0] * 6, abs=0.02), "450 less the gap; the allowance is not paid"


def test_a_child_leaves_at_the_age_at_which_it_begins_and_comes_back_at_its_end() -> None:
    """Ages need not be those of bands: 16 to 21 completed months, the allowance from 17 to before 19."""
    town = alone(250.0)
    record = town.run(allowance(400.0, from_months=17, to_months=19))
    assert total(record, "enrolled_child_months").tolist() == [1, 0, 0, 1, 1, 1]
    assert own_claims(record)[:, 0].tolist() == [0, 40_000, 40_000, 0, 0, 0]
    assert surplus(record, town) == pytest.approx([0, 150, 150, 0, 0, 0], abs=0.02)


def test_an_allowance_that_is_known_to_end_deters_entrants_for_the_months_it_lasts() -> None:
    """One month of the H that an entrant commits to counts 1 / H; the enrolled weigh it whole."""
    town = alone(250.0)
    months = town.world.facts.families.commitment_months
    record = town.run(allowance(400.0, until=date(2025, 2, 28)))
    assert months > 1
    assert total(record, "enrolled_child_months").tolist() == [0, 1, 1, 1, 1, 1]
    group = town.replication.city(town.replication.checkpoint(town.span.counted), (within_one(town),))
    entry, enrolled = (group.inputs.tariff.prices[kind].reshape(-1, 3, 1)[1, 1, 0] for kind in (0, 1))
    assert (float(entry), float(enrolled)) == pytest.approx((2000 + 400 / months, 2400))


def within_one(town: Town) -> Any:
    """An allowance for its first counted month."""
    return allowance(400.0, start=town.day(0), until=date(2025, 2, 28))


def test_bills_pass_over_what_is_forgone_wherever_it_stands_among_the_stages() -> None:
    """A fifth off 2,000 is 1,600, be the allowance weighed after it, as it is, or before."""
    town = alone(1000.0)
    start = town.day(0)
    tools = (
        allowance(400.0, start=start, until=FOREVER),
        instrument("fee_subsidy", rate=0.2, start=start, until=FOREVER),
    )
    for turned in (1, -1):
        city = town.replication.city(town.replication.checkpoint(town.span.counted), tools)
        tariff = city.inputs.tariff
        assert tariff.terms[VOUCHER].tolist() == [NOBODY, FORGONE]
        stages, terms = (np.ascontiguousarray(part[:, ::turned]) for part in (tariff.stages, tariff.terms))
        inputs = city.inputs._replace(tariff=tariff._replace(stages=stages, terms=terms))
        bill(0, 1, city.row(start), ages_on(start), inputs, city.payments.payers, city.month.log, city.month.flows)
        assert city.month.flows[[POSTED, NET], 0].tolist() == [200_000, 160_000]


# ---------------------------------------------------------------------------------------------------------
# as if fees were higher


def crowd(fee: float, standing: tuple[Any, ...]) -> Town:
    """Children under three, in doubt, and three institutions with room for all, which ask guided fees."""
    facts = load(HAMLET, WINDOW).city
    luck = np.random.default_rng(7)
    children = [
        Child(
            date.fromordinal(int(luck.integers(date(2022, 8, 5).toordinal(), date(2024, 12, 1).toordinal()))),
            int(luck.integers(1, 29)),
            keen=float(luck.normal(1.0, 1.0)),
            birth_order=int(luck.integers(1, 3)),
        )
        for _ in range(400)
    ]
    houses = [House(fee=(fee + extra,) * 3) for extra in (0.0, 256.0, 512.0)]
    world, _ = lay_out(facts, children, houses)
    return settle(*WINDOW, standing=standing, world=world, unlimited=True)


@pytest.fixture(scope="module")
def cheap() -> Town:
    return crowd(1024.0, (allowance(512.0, from_months=0, start=LONG_AGO),))


@pytest.fixture(scope="module")
def dear() -> Town:
    return crowd(1536.0, ())


def test_families_choose_as_if_every_fee_were_higher_by_the_sum(cheap: Town, dear: Town) -> None:
    """The same children at the same places in the same months, to the bit; bills are lower by the sum."""
    one, other = cheap.baseline, dear.baseline
    assert all((one.stays[name] == other.stays[name]).all() for name in one.stays)
    bills = total(one, "enrolled_child_months")
    assert bills.min() > 50
    assert (total(other, "net_fen") - total(one, "net_fen") == 51_200 * bills).all()


def test_owners_expect_the_demand_of_fees_higher_by_the_sum(cheap: Town, dear: Town) -> None:
    expected = []
    for town in (cheap, dear):
        city = town.replication.baseline_city
        edges = np.array([city.cache.edges(date(2025, 7, d)) for d in range(1, 29)])
        size, out = len(town.world.institutions), np.zeros((2, 3, len(town.world.institutions)))
        demand.expect(
            edges, city.inputs.offers.value, np.ones(size), np.zeros(size), np.zeros(size, np.int32),
            np.arange(size, dtype=np.int32), city.inputs, demand.Weighed.nothing(city.inputs.tariff), out,
            np.zeros((3, size, 0)),
        )  # fmt: skip
        expected.append(out)
    assert expected[0][0].sum() > 10
    assert np.allclose(expected[0], expected[1], rtol=1e-6, atol=1e-9)


def test_the_higher_the_sum_the_fewer_enrol_and_the_more_families_gain(dear: Town) -> None:
    """Those who stay out in both worlds gain the sum; with those drawn out, it is at most paid in full."""
    enrolled, gained = [], []
    out = total(dear.baseline, "enrolled_child_months")
    for yuan in (0.0, 100.0, 400.0, 1600.0):
        record = dear.run(allowance(yuan, from_months=0))
        gain = outcome(record, dear.baseline).monthly["surplus"][:, 0].sum() if yuan else 0.0
        everyone = sum(of_age(dear, m, 0, 36) for m in range(6))
        paid = own_claims(record).sum() / 100
        assert paid >= gain >= yuan * (everyone - out.sum()) - 1e-6
        enrolled.append(int(total(record, "enrolled_child_months").sum()))
        gained.append(float(gain))
    assert enrolled == sorted(enrolled, reverse=True)
    assert enrolled[-1] < enrolled[0]
    assert gained == sorted(gained)


# ---------------------------------------------------------------------------------------------------------
# where it stands under every policy


def test_a_policy_that_does_nothing_beside_a_standing_one_is_worth_nothing() -> None:
    """The baseline's families forgo it too, each by its age of that day."""
    standing = allowance(300.0, from_months=13, to_months=25, birth_orders=(2,), start=LONG_AGO)
    town = crowd(1024.0, (standing,))
    record = town.run(instrument("fee_subsidy", rate=0.0, income_limit=9000.0))
    assert differences(record, town.baseline) == []
    assert total(town.baseline, "forgone_fen").any()
    tool = instrument("fee_subsidy", rate=0.4)
    helped = town.run(tool)
    assert 0 < outcome(helped, town.baseline).monthly["surplus"][:, 0].sum() <= own_claims(helped).sum() / 100
    town.replication.passes = False
    try:
        assert differences(helped, town.run(tool)) == []
    finally:
        town.replication.passes = True


def test_fees_paid_in_advance_are_what_is_billed() -> None:
    """A sum that is forgone is not paid, so nobody has paid it ahead."""
    town = alone(1000.0)
    ahead = np.full(1, 3, np.int64)
    world = replace(town.world, institutions=replace(town.world.institutions, prepaid_months=ahead))
    held = []
    for tools in ((), (allowance(400.0, start=LONG_AGO),)):
        there = settle(*WINDOW, *STILL, standing=tools, world=world)
        state = there.replication.baseline_city.state
        assert total(there.baseline, "enrolled_child_months").tolist() == [1] * 6
        held.append(state.ledger.book[:, PREPAID].tolist())
    assert held[0] == held[1]
    assert any(held[0])
