"""What families gain: nothing where nothing changes, what they save where they would have come anyway, never more than
is paid where nothing but money changes, and the logit's own answer on the average of many draws."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reckoning import bills_of
from town import SETTLED, Town, instrument, settle, total

from sim.engine.recorder import Record
from sim.kernels.choice import EULER
from sim.kernels.columns import (
    CLOSED,
    ENTRY,
    PARTS,
    Ages,
    Children,
    ChoiceInputs,
    Epochs,
    Offers,
    Tariff,
    Terms,
    Ties,
    Vouchers,
)
from sim.kernels.passing import Sorted
from sim.kernels.welfare import Faced, add_gains
from sim.study.compare import outcome


def everyone(face: float, **parameters: Any) -> Any:
    """A pool whose vouchers any child gets and any institution takes, month after month."""
    tranche = {"months": [0, 47], "face_value": face, "per_round": 100_000}
    sure = {"hassle": 0.0, "aware_enrolled": 1.0, "aware_others": 1.0, "redeem_at": "any", "valid_days": 27}
    return instrument("voucher_pool", tranches=[tranche], **{**sure, **parameters})


def without_limits(*settings: str) -> Town:
    """The hamlet with places without limit, where no fee moves."""
    return settle(*SETTLED, *settings, unlimited=True, supply={"review_months": 1200})


@pytest.fixture(scope="module")
def level() -> Town:
    """Where families do not cling to what they have either."""
    return without_limits("city.families.stickiness=0")


@pytest.fixture(scope="module")
def clinging() -> Town:
    """Where they do, as in the hamlet."""
    return without_limits()


def relief(record: Record, baseline: Record) -> tuple[int, int]:
    """Fen that the policy takes off bills: of children enrolled in the same month of the baseline, and of all."""
    here, there = bills_of(record), bills_of(baseline)
    return int(here.relief[np.isin(here.key, there.key)].sum()), int(here.relief.sum())


def gains(record: Record, group: str = "all") -> int:
    """Fen that families gain by their choices."""
    return int(total(record, "gains_fen", group).sum())


@pytest.mark.parametrize("kind", ["fee_subsidy", "voucher_pool"])
@pytest.mark.parametrize("size", [40.0, 300.0, 900.0])
@pytest.mark.parametrize("where", ["level", "clinging"])
def test_gains_lie_between_what_those_who_come_anyway_save_and_what_is_paid(
    where: str, kind: str, size: float, request: pytest.FixtureRequest
) -> None:
    """At fixed fees and without limits of places."""
    town: Town = request.getfixturevalue(where)
    tool = everyone(size) if kind == "voucher_pool" else instrument(kind, amount=size)
    record, baseline = town.run(tool), town.baseline
    assert (record.fee == baseline.fee).all(), "no fee moves here"
    anyway, paid = relief(record, baseline)
    assert anyway < paid, "some came for the money"
    assert anyway <= gains(record) <= paid
    assert gains(record) > anyway, "and they have something of it"


def test_who_comes_anyway_gains_the_fall_of_its_bill_to_the_fen(level: Town) -> None:
    """A relief of a fen brings nobody: the gain is what is paid."""
    record, baseline = level.run(instrument("fee_subsidy", amount=0.01)), level.baseline
    anyway, paid = relief(record, baseline)
    assert anyway == paid == gains(record) > 1000


def test_a_small_relief_brings_those_who_have_little_of_it(level: Town) -> None:
    """Of those a small lasting relief brings the least that would have is spread evenly: they keep half (Harberger)."""
    record = level.run(instrument("fee_subsidy", amount=60.0))
    anyway, paid = relief(record, level.baseline)
    assert (gains(record) - anyway) / (paid - anyway) == pytest.approx(0.5, abs=0.06)


def test_a_tie_that_a_policy_made_is_no_gain(clinging: Town) -> None:
    """Who was brought and sticks to where it is keeps what the relief is worth beside staying out, and no more."""
    record = clinging.run(instrument("fee_subsidy", amount=60.0))
    anyway, paid = relief(record, clinging.baseline)
    assert 0 < (gains(record) - anyway) / (paid - anyway) < 0.6
    # when the relief has ended they are still there, and gain nothing by it
    ended = clinging.run(instrument("fee_subsidy", amount=900.0, start=clinging.day(0), until=clinging.day(3, 28)))
    months = np.arange(ended.months()) > 4
    assert total(ended, "enrolled")[months].sum() > total(clinging.baseline, "enrolled")[months].sum()
    assert not total(ended, "gains_fen")[months].any()


@pytest.mark.parametrize("budget", [2_000.0, 20_000.0, 300_000.0])
def test_nobody_gains_what_a_budget_does_not_pay(budget: float, level: Town) -> None:
    record, baseline = level.run(instrument("fee_subsidy", amount=900.0, budget=budget)), level.baseline
    _, paid = relief(record, baseline)
    assert record.budget("dry_day")[-1] > 0, "it runs dry"
    assert 0.5 * paid < gains(record) <= paid


def test_what_care_is_thought_of_is_no_gain(level: Town) -> None:
    """A campaign brings children by trust alone: neither its cost nor anybody's fee has changed."""
    record = level.run(instrument("information_campaign", trust_yuan=300.0, yuan_per_month=1000.0))
    assert total(record, "enrolled").sum() > total(level.baseline, "enrolled").sum()
    assert gains(record) == 0


def test_groups_are_parts_of_all(town: Town) -> None:
    """In a town where fees move and places are short; a child is of one fifth, one district, one order, one band."""
    record = town.run(instrument("fee_subsidy", amount=500.0, income_limit=9000.0))
    assert gains(record) > 0
    for prefix in ("quintile=", "district=", "birth_order=", "band="):
        assert sum(gains(record, g) for g in record.groups if g.startswith(prefix)) == gains(record)
    assert not total(town.baseline, "gains_fen").any()


def test_the_poor_gain_what_is_for_the_poor(level: Town) -> None:
    """At fixed fees and with room for all nobody is touched whom a policy does not reach."""
    record = level.run(instrument("fee_subsidy", amount=500.0, income_limit=7000.0))
    assert (level.world.families.income[level.world.families.quintile == 4] > 7000).all()
    assert gains(record, "quintile=1") > 0
    assert gains(record, "quintile=5") == 0


def test_money_that_is_paid_to_all_is_worth_itself(level: Town) -> None:
    """Cash moves who enrols a little, and nobody's surplus by more or less than the cash."""
    record = level.run(instrument("cash_allowance", yuan_per_month=200.0, from_months=0, to_months=36))
    found = outcome(record, level.baseline).window
    assert gains(record) == 0
    left = found["prepaid_forfeited"][0] - outcome(level.baseline, level.baseline).window["prepaid_forfeited"][0]
    assert found["surplus"][0] + left == pytest.approx(found["extra_cost"][0], rel=1e-12)
    assert found["extra_cost"][0] > 0
    fifths = [n for n, group in enumerate(record.groups) if group.startswith("quintile=")]
    assert found["surplus"][fifths].sum() == pytest.approx(found["surplus"][0])
    assert (found["surplus"][fifths] > 0).all()


# ---- the kernel by itself: children who stay at home so far, offered one thing here and another there

N, K, ALPHA_OF_ALL = 40_000, 3, 0.002


def scene_of(fixed: float, rng: np.random.Generator) -> ChoiceInputs:
    """Children at home, all toddlers of one day, among K institutions that none of them attends."""
    children, epochs = Children.at_home(N), Epochs.of(N, K)
    epochs.shocked[:] = fixed + rng.gumbel(size=(N, K))
    epochs.peak[:], epochs.alone[:] = epochs.shocked.max(axis=1), rng.gumbel(size=N)
    children.alpha[:] = ALPHA_OF_ALL
    offers = Offers(
        np.zeros((K, 3)),
        np.zeros((PARTS, K), np.float32),
        np.zeros((2, K, 4), np.int32),
        np.zeros((4, 3 * K), np.int32),
    )
    return ChoiceInputs(
        birth=np.zeros(N, np.int32),
        candidate=np.tile(np.arange(K, dtype=np.int16), (N, 1)),
        fixed=np.full((N, K), fixed, np.float32),
        outside=np.zeros(N, np.float32),
        lasting=np.full(N, fixed, np.float32),
        cells=np.tile(np.array([4, 5, 6], np.int16), (N, 1)),
        kind_cell=np.zeros(K, np.int16),
        epochs=epochs,
        children=children,
        offers=offers,
        vouchers=Vouchers(np.zeros((0, N), np.int32), np.zeros((0, N), np.int8), np.zeros((0, K), np.int32)),
        tariff=tariff_of(np.zeros(K)),
        ties=Ties(
            stickiness=np.float32(0),
            habit=np.float32(0),
            learnt=np.zeros(0, np.float32),
            kept=np.zeros(K, np.float32),
            links=children.links,
            counts=children.counts,
        ),
        prepaid=Terms(np.ones(K, np.int64), np.zeros(K, np.float32), np.zeros(K, np.int64), np.zeros(7, np.int64)),
        site=np.arange(K, dtype=np.int32),
        events=np.zeros(5, np.int64),
        lists=np.zeros((17, 3), np.int64),
    )


def tariff_of(fees: NDArray[np.float64]) -> Tariff:
    """A tariff that knows no instrument."""
    posted = np.tile(fees, (3, 1))
    prices = np.tile(posted.ravel(), (3, 1)).astype(np.float32)
    bounds = np.array([[fees.min()] * PARTS, [fees.min()] * PARTS, [0.0] * PARTS], np.float32)
    spread = np.stack([np.full(prices.shape[1], 3.0), 200 * posted.ravel(), np.full(prices.shape[1], 2.0)])
    none = np.zeros((3, 0, 1, 3, K)), np.zeros((3, 0), np.int16)
    return Tariff(prices, bounds, posted, *none, spread, np.full(1, 3.0), prices)


def faced(inputs: ChoiceInputs, fees: NDArray[np.float64], free: tuple[bool, ...] = (True,) * K) -> Faced:
    """What these children face: fees, and whether there are seats."""
    value = np.zeros((PARTS, K), np.float32)
    nowhere = np.full(N, -1, np.int16)
    free_for_all = np.tile(np.array(free), (PARTS, 1))
    somewhere = np.zeros(N, np.int16)  # as the day ends: whoever wants a seat has found one
    return Faced(
        tariff_of(fees), value, free_for_all, np.zeros(N, np.int16), nowhere, inputs.vouchers.face, somewhere,
        np.zeros(N, np.float32), np.zeros(0, np.int16),
    )  # fmt: skip


def yuan(inputs: ChoiceInputs, here: Faced, there: Faced) -> float:
    """The mean gain [yuan]."""
    out = np.zeros(7, np.int64)
    toddlers = Ages(toddler=0, mixed=0, older=-1)
    add_gains(np.array([0, 0, N, N, N]), toddlers, here, there, inputs, False, Sorted.of(0), out)
    assert out[0] == out[2] == out[4] == out[5] == out[6]
    return float(out[0]) / 100 / N


FEES = np.array([1000.0, 1300.0, 1600.0])


@pytest.mark.parametrize("fixed", [-1.0, 1.5, 4.0])
@pytest.mark.parametrize("cut", [(250.0, 250.0, 250.0), (600.0, 0.0, 0.0), (-400.0, 0.0, 300.0)])
def test_the_mean_gain_is_the_difference_of_logsums(fixed: float, cut: tuple[float, ...]) -> None:
    """Small and Rosen (1981): the mean of the best utility is the logsum and Euler's constant."""
    inputs = scene_of(fixed, np.random.default_rng(5))
    before, after = FEES, FEES - np.array(cut)

    def logsum(fees: NDArray[np.float64]) -> float:
        return float(np.log(1 + np.exp(fixed - ALPHA_OF_ALL * fees).sum()) + EULER)

    expected = (logsum(after) - logsum(before)) / ALPHA_OF_ALL
    found = yuan(inputs, faced(inputs, after), faced(inputs, before))
    assert found == pytest.approx(expected, abs=4 * 400 / np.sqrt(N))


def test_what_one_side_gives_the_other_takes() -> None:
    inputs = scene_of(1.0, np.random.default_rng(6))
    cheap, dear = faced(inputs, FEES - 300), faced(inputs, FEES, (True, False, True))
    assert yuan(inputs, cheap, dear) == -yuan(inputs, dear, cheap) > 0
    assert yuan(inputs, dear, dear) == 0


def test_a_seat_is_worth_what_it_is_better_than_the_next_best() -> None:
    """Where the only free seat is taken away, that is the whole surplus of care: the logsum of one offer and home."""
    inputs = scene_of(1.5, np.random.default_rng(7))
    one, none = faced(inputs, FEES, (True, False, False)), faced(inputs, FEES, (False, False, False))
    expected = np.log(1 + np.exp(1.5 - ALPHA_OF_ALL * FEES[0])) / ALPHA_OF_ALL
    assert yuan(inputs, one, none) == pytest.approx(expected, abs=4 * 400 / np.sqrt(N))


def test_who_puts_off_an_entry_gives_up_the_months_surplus() -> None:
    """Staying out for what waiting is worth costs what entering would have brought, up to that; entering costs nothing.

    The best of care less staying out is logistic about the log of the sum of odds (as differences of Gumbels are).
    """
    inputs, more = scene_of(1.5, np.random.default_rng(9)), 400.0
    there = faced(inputs, FEES)
    prices = there.tariff.prices.copy()
    prices[ENTRY] += np.float32(more)
    waiting = there._replace(tariff=there.tariff._replace(prices=prices))
    centre, grid = np.log(np.exp(1.5 - ALPHA_OF_ALL * FEES).sum()), np.linspace(0, more * ALPHA_OF_ALL, 20_001)
    density = np.exp(-(grid - centre)) / (1 + np.exp(-(grid - centre))) ** 2
    expected = float((grid * density).mean() * more)
    assert yuan(inputs, waiting, there) == pytest.approx(-expected, abs=4 * 150 / np.sqrt(N))
    assert yuan(inputs, there, waiting) == -yuan(inputs, waiting, there)
    assert yuan(inputs, waiting, waiting) == 0


def test_who_puts_off_a_cheaper_entry_loses_what_it_had_and_gains_nothing() -> None:
    """Of care that costs less it has nothing while it stays at home, so it loses what the other side gave it."""
    inputs = scene_of(1.5, np.random.default_rng(10))
    there, cheap, shut = faced(inputs, FEES), faced(inputs, FEES - 300), faced(inputs, FEES, (False, False, False))
    prices = cheap.tariff.prices.copy()
    prices[ENTRY] += np.float32(1e5)
    waiting = cheap._replace(tariff=cheap.tariff._replace(prices=prices))
    assert yuan(inputs, waiting, there) == pytest.approx(yuan(inputs, shut, there), rel=1e-6)


def test_closed_offers_are_worth_nothing() -> None:
    inputs = scene_of(1.5, np.random.default_rng(8))
    all_open = faced(inputs, FEES)
    value = all_open.value.copy()
    value[:, 1:] = CLOSED
    shut = all_open._replace(value=value)
    full = faced(inputs, FEES, (True, False, False))
    assert yuan(inputs, shut, full) == 0
    assert yuan(inputs, all_open, shut) == yuan(inputs, all_open, full) > 0


LAST, HOME = np.zeros(N, np.int16), np.full(N, -1, np.int16)  # billed last at the first institution, and never


def marked(habit: float, learnt: float) -> ChoiceInputs:
    """Children of a town where having been in care leaves a habit, and the first institution something to learn."""
    inputs = scene_of(0.0, np.random.default_rng(5))
    taught = np.array([learnt, 0.0, 0.0], np.float32)
    return inputs._replace(ties=inputs.ties._replace(habit=np.float32(habit), learnt=taught))


@pytest.mark.parametrize(("last_here", "last_there"), [(LAST, HOME), (HOME, LAST), (HOME, HOME)])
def test_what_only_one_side_has_tried_counts_on_neither(last_here: Any, last_there: Any) -> None:
    plain = scene_of(0.0, np.random.default_rng(5))
    here, there = faced(plain, FEES - 300), faced(plain, FEES)
    wanted = yuan(plain, here, there)
    found = yuan(marked(0.8, -0.7), here._replace(last=last_here), there._replace(last=last_there))
    assert found == wanted > 0


def test_what_both_sides_have_tried_counts_on_both() -> None:
    """As if staying out were worth less to them, and the institution that they know as much as they know it for."""
    plain, habit, learnt = scene_of(0.0, np.random.default_rng(5)), np.float32(0.8), np.float32(-0.7)
    lowered = plain.epochs._replace(alone=plain.epochs.alone - habit)
    lowered.shocked[:, 0] += learnt
    here, there = faced(plain, FEES - 300), faced(plain, FEES)
    wanted = yuan(plain._replace(epochs=lowered), here, there)
    found = yuan(marked(0.8, -0.7), here._replace(last=LAST), there._replace(last=LAST))
    assert found == pytest.approx(wanted, rel=1e-5)
    assert abs(found / yuan(scene_of(0.0, np.random.default_rng(5)), here, there) - 1) > 0.05
