"""A pool's rounds at a desk of paper: who wins, how often, and what becomes of the rest."""

from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2, hypergeom
from town import (
    NOBODY,
    SETTLED,
    Town,
    band_when_deciding,
    billed,
    differences,
    instrument,
    own_claims,
    settle,
    total,
    within,
)

from sim import dates
from sim.draws import Luck
from sim.engine.desk import VoucherDesk
from sim.engine.recorder import TRANCHE_TOTALS, Record
from sim.engine.schedule import run_to
from sim.kernels.applications import meet_redeemers
from sim.kernels.columns import CLOSED
from sim.study.plan import ready


@dataclass
class PaperDesk:
    """A desk whose applicants, incomes and gains a test decides."""

    size: int
    inside: NDArray[np.bool_]
    income: NDArray[np.float64]
    gain: NDArray[np.float64]
    doubt: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # by which bounds miss a gain, as a share
    luck: Luck = field(default_factory=lambda: Luck(1, 0))
    met: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # chance to meet a centre that redeemed
    live: NDArray[np.int64] = field(init=False)
    counted: dict[tuple[str, int], int] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    issued: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.live = np.full(self.size, -1)
        self.doubt = self.doubt if self.doubt.size else np.zeros(self.size)

    def eligible(self, from_months: int, to_months: int, valid_days: int) -> NDArray[np.int32]:
        del from_months, to_months, valid_days
        return np.arange(self.size, dtype=np.int32)

    def decides_on(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        return 1 + rows % np.int64(28)

    def enrolled(self, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        return self.inside[rows]

    def reached(self):
        return 0.0

    def holds(self, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        return self.live[rows] >= 0

    def income_per_head(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        return self.income[rows]

    def chance(self, rows: NDArray[np.int32], stream: str, when: int) -> NDArray[np.float64]:
        return self.luck.uniforms(stream, rows.astype(np.uint32), when)[:, 0]

    def learn(
        self,
        rows: NDArray[np.int32],
        knows: NDArray[np.bool_],
        if_enrolled: float,
        if_not: float,
        barred: NDArray[np.bool_],
    ) -> tuple[int, NDArray[np.int32]]:
        knows[rows] |= self.chance(rows, "awareness", 0) < np.where(self.inside[rows], if_enrolled, if_not)
        asked = knows[rows] & ~self.holds(rows)
        if barred.size:
            asked &= ~barred[rows]
        return int(knows[rows].sum()), rows[asked]

    def hear(
        self,
        rows: NDArray[np.int32],
        knows: NDArray[np.bool_],
        if_enrolled: float,
        if_not: float,
        untold: NDArray[np.float64],
    ) -> None:
        share = np.where(self.inside[rows], if_enrolled, if_not)
        knows[rows] |= self.chance(rows, "awareness", 0) < 1 - (1 - share) * untold[rows]

    def of_age(self, from_months: int, to_months: int) -> NDArray[np.int32]:
        del from_months, to_months
        return np.arange(self.size, dtype=np.int32)

    def meets_redeemer(self) -> NDArray[np.float64]:
        return self.met

    def gains(
        self, rows: NDArray[np.int32], face_yuan: float, floor: float, exact: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        del face_yuan
        above, doubt = np.where(self.gain[rows] > floor, self.gain[rows], 0.0), 0 if exact else self.doubt[rows]
        return above * (1 - doubt), above * (1 + doubt)

    def issue(self, rows: NDArray[np.int32], face_yuan: float, tranche: int) -> None:
        del face_yuan
        assert (self.live[rows] < 0).all(), "nobody holds two of a pool"
        self.live[rows] = tranche
        self.issued.append(rows.tolist())

    def expire(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        assert (self.live[rows] >= 0).all()
        gone = np.bincount(self.live[rows], minlength=1)
        self.live[rows] = -1
        return gone.astype(np.int64)

    def count(self, metric: str, tranche: int, children: int) -> None:
        self.counted[metric, tranche] = self.counted.get((metric, tranche), 0) + children

    def count_children(self, metric: str, rows: NDArray[np.int32], each: int = 1) -> None:
        self.seen.setdefault(metric, []).extend(rows.tolist())
        self.sums[metric] = self.sums.get(metric, 0) + each * len(rows)


def desk(size: int, **columns: Any) -> PaperDesk:
    """Applicants who all gain, of ascending income, none of whom is enrolled."""
    everyone = {"inside": np.zeros(size, bool), "income": np.arange(size, dtype=float), "gain": np.full(size, 1e6)}
    return PaperDesk(size, **{**everyone, **columns})


def pool(per_round: int, **parameters: Any):
    """A pool of one tranche that all know of."""
    given_ = {
        "hassle": 0.0,
        "aware_enrolled": 1.0,
        "aware_others": 1.0,
        "start": date(2025, 3, 10),
        "until": date(2026, 2, 28),
    }
    return instrument(
        "voucher_pool",
        tranches=[{"months": [0, 47], "face_value": 500.0, "per_round": per_round}],
        **{**given_, **parameters},
    )


def tiers(*tables: dict[str, Any]) -> Any:
    """Tranches as a pool holds them."""
    return instrument("voucher_pool", tranches=list(tables)).tranches  # type: ignore[attr-defined]


def columns_of(tool, size: int) -> dict[str, NDArray[Any]]:
    sizes = {"child": size, "tranche": tool.tiers()}
    return {name: np.full(sizes[c.axis], c.fill, c.dtype) for name, c in tool.columns().items()}


def draws(tool, at: PaperDesk, rounds: int) -> list[list[int]]:
    """Winners of independent rounds: each voucher is redeemed before the next."""
    columns = columns_of(tool, at.size)
    for n in range(rounds):
        tool.draw(n, at, columns)
        at.live[:] = -1
    return at.issued


# ---------------------------------------------------------------------------------------------------------
# who wins

RULES = ["lottery", "first_come", "lowest_income", "new_families_first"]


def test_a_lottery_is_hypergeometric() -> None:
    """Everybody applies: equal chances, and winners of a subgroup vary as draws without replacement do."""
    size, per_round, rounds, marked = 60, 17, 1500, 25
    won = np.zeros((rounds, size), bool)
    for n, winners in enumerate(draws(pool(per_round), desk(size), rounds)):
        won[n, winners] = True
    assert (won.sum(axis=1) == per_round).all()
    share = per_round / size
    assert (np.abs(won.mean(axis=0) - share) < 4.5 * np.sqrt(share * (1 - share) / rounds)).all()
    law, counts = hypergeom(size, marked, per_round), won[:, :marked].sum(axis=1)
    assert abs(counts.mean() - law.mean()) < 4 * law.std() / np.sqrt(rounds)
    assert counts.var() == pytest.approx(law.var(), rel=5 * np.sqrt(2 / rounds))
    expected = law.pmf(np.arange(marked + 1)) * rounds
    kept = expected > 5
    statistic = ((np.bincount(counts, minlength=marked + 1) - expected)[kept] ** 2 / expected[kept]).sum()
    assert statistic < chi2.ppf(0.9999, kept.sum() - 1)
    pairs = (won.T.astype(float) @ won) / rounds
    off = pairs[~np.eye(size, dtype=bool)]
    both = share * (per_round - 1) / (size - 1)
    assert np.abs(off - both).max() < 6 * np.sqrt(both * (1 - both) / rounds)


def test_rounds_are_drawn_afresh_and_replications_too() -> None:
    first, second = draws(pool(20), desk(100), 2)
    assert set(first) != set(second)
    assert draws(pool(20), desk(100, luck=Luck(1, 1)), 1)[0] != first


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 70))
def test_lowest_income_picks_the_lowest_incomes(incomes: list[int], per_round: int) -> None:
    at = desk(len(incomes), income=np.array(incomes, float))
    (winners,) = draws(pool(per_round, allocation="lowest_income"), at, 1)
    assert sorted(incomes[w] for w in winners) == sorted(incomes)[: len(winners)]
    assert len(winners) == min(per_round, len(incomes))


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 70))
def test_new_families_come_before_any_who_are_enrolled(enrolled: list[bool], per_round: int) -> None:
    at = desk(len(enrolled), inside=np.array(enrolled))
    (winners,) = draws(pool(per_round, allocation="new_families_first"), at, 1)
    new = [i for i, here in enumerate(enrolled) if not here]
    if any(enrolled[w] for w in winners):
        assert set(new) <= set(winners)
    assert len(winners) == min(per_round, len(enrolled))


def test_first_come_favours_the_keen_and_only_them() -> None:
    """Arrival at a rate equal to the gain: of two, the keener comes first as often as its share of both gains."""
    size, rounds = 400, 30
    gain = np.where(np.arange(size) % 2 == 0, 300.0, 100.0)
    wins = np.zeros(size)
    for winners in draws(pool(1, allocation="first_come"), desk(size, gain=gain), rounds * 20):
        wins[winners] += 1
    keen = wins[::2].sum() / wins.sum()
    assert abs(keen - 0.75) < 4 * np.sqrt(0.75 * 0.25 / wins.sum())
    equal = np.zeros(size)
    for winners in draws(pool(200, allocation="first_come"), desk(size), 400):
        equal[winners] += 1
    assert (np.abs(equal / 400 - 0.5) < 5 * 0.5 / 20).all()


@pytest.mark.parametrize("allocation", RULES)
def test_with_enough_for_all_all_win(allocation: str) -> None:
    (winners,) = draws(pool(80, allocation=allocation), desk(80), 1)
    assert winners == list(range(80))


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60),
    st.integers(0, 70),
    st.floats(0, 1),
    st.sampled_from(RULES),
)
def test_a_reserved_share_is_the_poors_first(
    families: list[tuple[int, bool]], per_round: int, reserved: float, allocation: str
) -> None:
    """They win at least as many as are kept for them, none is left over, and more kept never means fewer of them.

    Everybody applies who may win: where new families come first and leave no voucher, no enrolled one may.
    """
    size = len(families)
    income, inside = np.array([i for i, _ in families], float), np.array([here for _, here in families])
    poor, won = np.flatnonzero(income <= 10), []
    for share in sorted((0.0, reserved, 1.0)):
        at = desk(size, income=income, inside=inside)
        tool = pool(per_round, allocation=allocation, reserved=share, reserved_below=10.0)
        (winners,) = draws(tool, at, 1)
        assert winners == sorted(set(winners))
        assert len(winners) == min(per_round, size)
        may = np.full(size, per_round > 0)  # of nothing there is none
        if allocation == "new_families_first" and share == 0:
            may &= ~inside | (per_round > np.count_nonzero(~inside))
        assert at.seen["applications"] == np.flatnonzero(may).tolist()
        assert at.seen["vouchers_issued"] == winners
        won.append(len(set(winners) & set(poor.tolist())))
        assert won[-1] >= min(round(share * per_round), len(poor))
        if share == 0:
            assert [winners] == draws(
                pool(per_round, allocation=allocation), desk(size, income=income, inside=inside), 1
            )
    assert won == sorted(won)


@pytest.mark.parametrize("reserved", [0.3, 1.0])
def test_the_poor_have_a_draw_of_their_own_and_then_that_of_all(reserved: float) -> None:
    """Of P poor among N, r of n vouchers reserved: a chance of r/P, and of (n − r)/(N − r) for who loses that."""
    size, poor, per_round, rounds = 60, 20, 15, 1500
    tool = pool(per_round, reserved=reserved, reserved_below=float(poor - 1))
    won = np.zeros((rounds, size), bool)
    for n, winners in enumerate(draws(tool, desk(size), rounds)):
        won[n, winners] = True
    kept = round(reserved * per_round)
    others = (per_round - kept) / (size - kept)
    for rows, chance in ((slice(0, poor), kept / poor + (1 - kept / poor) * others), (slice(poor, size), others)):
        assert (np.abs(won[:, rows].mean(axis=0) - chance) <= 4.5 * np.sqrt(chance * (1 - chance) / rounds)).all()


def test_a_voucher_is_worth_a_fen_or_nothing() -> None:
    with pytest.raises(ValueError, match=r"0, or 0\.01 yuan and more"):
        instrument("voucher_pool", tranches=[{"months": [0, 47], "face_value": 0.004, "per_round": 1}])


UNHEARD = {"aware_enrolled": 0.0, "aware_others": 0.0, "aware_growth": 0.0}


@pytest.mark.parametrize("silent", [UNHEARD, {"running_yuan_per_month": 5.0}])
def test_a_pool_draws_the_same_beside_one_that_changes_nothing(silent: dict[str, float], town: Town) -> None:
    """One that costs its running alone is passed over; one of which nobody hears counts, in a sub-policy too."""
    tranche = {"months": [0, 47], "face_value": 800.0, "per_round": 40}
    first = instrument("voucher_pool", tranches=[{**tranche, "per_round": 40 if silent is UNHEARD else 0}], **silent)
    second = instrument("voucher_pool", aware_others=0.9, tranches=[tranche])
    both, alone = (ready(town.scenario, (first, second), inside) for inside in (None, frozenset([1])))
    one, other, unlike = (town.replication.run(chain) for chain in (both, alone, ready(town.scenario, (second,))))
    assert all(np.array_equal(one.stays[name], other.stays[name]) for name in one.stays)
    assert own_claims(one)[:, -1].sum() == own_claims(other)[:, -1].sum() > 0
    same = all(np.array_equal(one.stays[name], unlike.stays[name]) for name in unlike.stays)
    assert same == first.inert, "alone, the second draws as the first would"
    fee = instrument("fee_subsidy", rate=0.2)
    assert ready(town.scenario, (first, fee), frozenset([1])) == ready(town.scenario, (fee,)), "it draws nothing"


def test_what_is_reserved_is_reserved_for_somebody() -> None:
    with pytest.raises(ValueError, match="reserved_below"):
        pool(10, reserved=0.1)


def test_nobody_applies_for_less_than_it_costs() -> None:
    """Odds times gain must exceed the hassle, by the odds that come about."""
    gain = np.array([19.9, 20.0, 20.1, 1000.0])
    (winners,) = draws(pool(4, hassle=20.0), desk(4, gain=gain), 1)
    assert winners == [2, 3]
    # one voucher for two is too little for the less keen of them
    assert applying([20.1, 1000.0], 1, 20.0) == [1]
    assert applying([40.1, 1000.0], 1, 20.0) == [0, 1]


def applying(gains: list[float], vouchers: int, hassle: float, doubt: list[float] | None = None) -> list[int]:
    """Families that apply, by what each gains and by how far its bounds miss that; all of them are asked."""
    at = desk(len(gains), gain=np.array(gains, float), doubt=np.array(doubt or [], float))
    at.inside = np.arange(len(gains)) % 2 == 0
    (winners,) = draws(pool(vouchers, hassle=hassle), at, 1)
    applied = at.seen["applications"]
    assert len(winners) == min(vouchers, len(applied)) == at.counted["vouchers_issued", 0]
    assert set(winners) <= set(applied)
    return applied


SUMS = st.lists(st.one_of(st.integers(0, 600), st.floats(0, 600)), min_size=1, max_size=40)


@given(SUMS, st.integers(0, 30), st.sampled_from((0.0, 0.5, 1.0, 20.0, 40.0, 100.0)), st.data())
@settings(max_examples=300)
def test_the_odds_that_families_expect_are_those_that_come_about(
    gains: list[float], vouchers: int, hassle: float, data: st.DataObject
) -> None:
    """Of all numbers of applicants one leaves nobody to regret and nobody missing; that many apply, the keenest.

    But where applying costs nothing and there are vouchers for all, all have one.
    """
    applied = applying(gains, vouchers, hassle)
    if hassle == 0 and vouchers >= len(gains):
        assert applied == list(range(len(gains)))
        return
    falling = sorted((g for g in gains if g > max(hassle, 1.0)), reverse=True)

    def worth(gain: float, among: int) -> bool:
        return vouchers > 0 and gain > hassle * max(1.0, among / vouchers)

    stable = [
        k
        for k in range(len(falling) + 1)
        if all(worth(g, k) for g in falling[:k]) and not any(worth(g, k + 1) for g in falling[k:])
    ]
    assert stable == [len(applied)]
    assert sorted((gains[i] for i in applied), reverse=True) == falling[: stable[0]]
    # no round stays empty while there are vouchers and somebody gains more than the hassle
    assert len(applied) >= min(vouchers, len(falling))
    # by bounds alone, or with every gain worked out: the same
    doubt = data.draw(st.lists(st.floats(0, 0.9), min_size=len(gains), max_size=len(gains)))
    assert applying(gains, vouchers, hassle, doubt) == applied


@given(SUMS, st.integers(1, 30), st.integers(1, 10), st.floats(1, 100), st.floats(0, 50))
def test_hassle_keeps_families_away_and_vouchers_draw_them(
    gains: list[float], vouchers: int, more: int, hassle: float, dearer: float
) -> None:
    """Applications do not rise with the hassle, nor fall with the vouchers, which lower nobody's odds.

    Whole families and vouchers leave a remainder, so odds are compared with what one more applicant had found.
    """
    few, dear, many = (
        len(applying(gains, v, h))
        for v, h in ((vouchers, hassle), (vouchers, hassle + dearer), (vouchers + more, hassle))
    )
    assert dear <= few <= many
    assert min(1, (vouchers + more) / max(many, 1)) >= min(1, vouchers / (few + 1))


def test_among_equals_at_the_edge_a_lot_decides_who_applies() -> None:
    """Ten gain alike and five applicants are as many as three vouchers bear: each applies half the time."""
    applied = np.zeros(10)
    for seed in range(400):
        at = desk(10, gain=np.full(10, 100.0), luck=Luck(seed, 0))
        draws(pool(3, hassle=58.0), at, 1)
        assert len(at.seen["applications"]) == 5
        applied[at.seen["applications"]] += 1
    assert (np.abs(applied / 400 - 0.5) < 4.5 * 0.5 / 20).all()


def test_a_wrong_guess_of_who_applies_changes_nothing() -> None:
    """The enrolled may gain nothing, and everybody too little for the odds at which half of the enrolled apply."""
    assert len(applying([100.0] * 80, 1, 20.0)) == 4
    assert applying([0.0, 300.0] * 40, 3, 20.0) == list(range(1, 80, 2))
    assert len(applying([0.0, 100.0] * 40, 1, 20.0)) == 4


def test_nobody_stirs_for_next_to_nothing() -> None:
    """At no hassle those apply whose gain is a sum that is noticed, and nobody for a rounding error."""
    assert applying([0.0, 1e-9, 0.01, 1.0, 1.01, 300.0], 5, 0.0) == [4, 5]


def test_an_application_costs_its_hassle_won_or_not() -> None:
    at = desk(4, gain=np.array([39.9, 90.0, 95.0, 1000.0]))
    (winners,) = draws(pool(1, hassle=20.0), at, 1)
    assert len(winners) == 1
    assert at.counted["applications", 0] == 3
    assert at.sums["application_fen"] == 3 * 2000


def test_a_round_with_nothing_to_give_takes_no_applications(town: Town) -> None:
    """A tranche without vouchers is as if it were not there: nobody goes to trouble for it, and no count differs."""
    record = town.run(pool(0, hassle=20.0, redeem_at="any", start=town.day(1)))
    assert differences(record, town.baseline) == []
    ages, none = ([0, 23], [24, 47]), {"face_value": 500.0, "per_round": 0}
    some = {"months": ages[0], "face_value": 500.0, "per_round": 20}
    one, both = (
        town.run(pool(0, redeem_at="any", start=town.day(1)).model_copy(update={"tranches": tranches}))
        for tranches in (tiers(some), tiers(some, {"months": ages[1], **none}))
    )
    assert differences(one, both, but=frozenset({"instrument_tiers"})) == []
    assert total(one, "applications").sum() > 0


def test_only_who_knows_applies_and_nobody_forgets() -> None:
    size = 4000
    at = desk(size, inside=np.arange(size) < size // 2)
    tool = pool(size, aware_enrolled=0.6, aware_others=0.2, aware_growth=0.1)
    known = [np.zeros(size, bool)]
    for n, winners in enumerate(draws(tool, at, 6)):
        now = np.isin(np.arange(size), winners)
        assert (now | ~known[-1]).all(), "who once knew does not forget"
        known.append(now)
        for rows, launch in ((slice(0, size // 2), 0.6), (slice(size // 2, size), 0.2)):
            share = 1 - (1 - launch) * 0.9**n
            assert abs(now[rows].mean() - share) < 4.5 * np.sqrt(share * (1 - share) / (size / 2))


@pytest.mark.parametrize("told", [0.0, 0.3, 1.0])
def test_families_learn_from_institutions_as_often_as_these_redeem(told: float) -> None:
    """The share that is told of those who do not know, round after round; nobody forgets, more told is more known."""
    size, rounds = 6000, 5
    met = np.repeat([0.0, 0.5, 1.0], size // 3)
    tool = pool(size, aware_enrolled=0.6, aware_others=0.2, aware_growth=0.1, told_by_centres=told)
    at = desk(size, inside=np.arange(size) % 2 == 0, met=met)
    columns, known = columns_of(tool, size), np.zeros(size, bool)
    for n in range(rounds):
        tool.draw(n, at, columns)
        at.live[:] = -1
        assert (columns["aware"] | ~known).all(), "who once knew does not forget"
        known = columns["aware"].copy()
        for chance in (0.0, 0.5, 1.0):
            for inside, launch in ((True, 0.6), (False, 0.2)):
                rows = (met == chance) & (at.inside == inside)
                share = 1 - (1 - launch) * 0.9**n * (1 - told * chance) ** (n + 1)
                assert abs(known[rows].mean() - share) < 4.5 * np.sqrt(0.25 / rows.sum())
    plain = desk(size, inside=at.inside)
    other = pool(size, aware_enrolled=0.6, aware_others=0.2, aware_growth=0.1)
    silent = columns_of(other, size)
    for n in range(rounds):
        other.draw(n, plain, silent)
        plain.live[:] = -1
    assert (silent["aware"] <= known).all(), "by the one draw that each family has"
    assert np.array_equal(silent["aware"][met == 0], known[met == 0])


@given(
    st.lists(st.tuples(st.one_of(st.integers(0, 600), st.floats(0, 600)), st.booleans()), min_size=1, max_size=30),
    st.integers(0, 25),
    st.sampled_from((0.0, 1.0, 20.0, 60.0)),
)
@settings(max_examples=200)
def test_new_families_and_enrolled_ones_expect_the_odds_that_come_about_for_them(
    families: list[tuple[float, bool]], vouchers: int, hassle: float
) -> None:
    """Of all pairs of numbers one leaves nobody to regret and nobody missing; its odds are those of rounds to come.

    The new face each other alone, with all vouchers; the enrolled each other, with what the new leave.
    """
    gains, inside = np.array([g for g, _ in families], float), np.array([here for _, here in families])
    at = desk(len(families), gain=gains, inside=inside)
    tool = pool(vouchers, hassle=hassle, allocation="new_families_first")
    columns = columns_of(tool, len(families))
    tool.draw(0, at, columns)
    applied, won = np.zeros((2, len(families)), bool)
    applied[at.seen["applications"]], won[at.seen["vouchers_issued"]] = True, True
    left = vouchers
    for here, column in ((False, "odds_new"), (True, "odds")):
        mine = inside == here
        free = hassle == 0 and left >= mine.sum()
        falling = sorted(gains[mine & (free | (gains > max(hassle, 1.0)))], reverse=True)
        stable = [
            k
            for k in range(len(falling) + 1)
            if all(worth(g, k, left, hassle) for g in falling[:k])
            and not any(worth(g, k + 1, left, hassle) for g in falling[k:])
        ]
        k = int((applied & mine).sum())
        assert [k] == (stable if not free or left == 0 else [int(mine.sum())])
        assert (won & mine).sum() == min(k, left)
        assert columns[column][0] == (min(1.0, left / k) if k else float(left > 0))
        left -= int((won & mine).sum())


def worth(gain: float, among: int, vouchers: int, hassle: float) -> bool:
    """Whether a family that gains so much applies among so many."""
    return vouchers > 0 and gain > hassle * max(1.0, among / vouchers)


def test_one_odds_for_all_where_new_families_do_not_come_first_or_some_are_kept_for_the_poor() -> None:
    inside = np.arange(60) % 3 > 0
    for parameters in ({"allocation": rule} for rule in RULES[:3]):
        columns = odds_after(inside, **parameters)
        assert columns["odds"][0] == columns["odds_new"][0] == 15 / 60
    kept = odds_after(inside, allocation="new_families_first", reserved=0.5, reserved_below=10.0)
    assert kept["odds"][0] == kept["odds_new"][0] == 15 / 60
    first = odds_after(inside, allocation="new_families_first")
    assert (first["odds_new"][0], first["odds"][0]) == (15 / 20, 0.0)


def odds_after(inside: NDArray[np.bool_], **parameters: Any) -> dict[str, NDArray[Any]]:
    """A pool's columns after a round of fifteen vouchers that all want."""
    tool = pool(15, **parameters)
    columns = columns_of(tool, len(inside))
    assert columns["odds"][0] == columns["odds_new"][0] == 0, "before the first round nobody expects anything"
    tool.draw(0, desk(len(inside), inside=inside), columns)
    return columns


# ---------------------------------------------------------------------------------------------------------
# what becomes of vouchers


def test_without_repeat_nobody_wins_twice() -> None:
    rounds = draws(pool(30, repeat=False), desk(100), 6)
    everyone = [w for winners in rounds for w in winners]
    assert len(everyone) == len(set(everyone)) == 100
    assert [len(winners) for winners in rounds] == [30, 30, 30, 10, 0, 0]
    assert len({w for winners in draws(pool(30), desk(100), 6) for w in winners}) < 100


def test_who_holds_one_does_not_win_another() -> None:
    at, tool = desk(100), pool(30)
    columns = columns_of(tool, 100)
    for n in range(5):
        tool.draw(n, at, columns)  # none is redeemed, none expires
    everyone = [w for winners in at.issued for w in winners]
    assert len(everyone) == len(set(everyone)) == 100


@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1)), min_size=1, max_size=8), st.integers(0, 30), st.booleans()
)
def test_rolling_over_conserves(history: list[tuple[int, float]], per_round: int, roll_over: bool) -> None:
    """Offered = issued + carried − returned, whatever is redeemed; without roll_over nothing is carried."""
    size = 40
    tool, at = pool(per_round, roll_over=roll_over), desk(size)
    columns, chance = columns_of(tool, size), np.random.default_rng(1)
    for n, (applying, redeemed) in enumerate(history):
        at.gain[:] = np.where(np.arange(size) < applying, 1e6, 0.0)
        tool.draw(n, at, columns)
        used = (at.live >= 0) & (chance.random(size) < redeemed)
        at.live[used] = -1
        for days in (range(1, 15), range(15, 29)):
            assert (at.live >= 0).any() == bool(set(at.decides_on(np.flatnonzero(at.live >= 0))))
            tool.expire(n, tuple(days), at, columns)
            assert not np.isin(at.decides_on(np.flatnonzero(at.live >= 0)), days).any()
        assert not (at.live >= 0).any()
    offered, issued, expired = (at.counted.get((f"vouchers_{name}", 0), 0) for name in ("offered", "issued", "expired"))
    assert offered == per_round * len(history)
    assert expired <= issued
    carried = int(columns["carried"][0])
    if roll_over:
        assert issued + carried == offered + expired
    else:
        assert carried == 0
        assert issued <= offered


def test_rounds_fall_on_the_starts_day_of_each_month() -> None:
    season = pool(1, start=date(2025, 11, 10), until=date(2026, 6, 30), valid_days=30)
    days = season.round_days()
    assert days == [*(date(2025, m, 10) for m in (11, 12)), *(date(2026, m, 10) for m in range(1, 7))]
    void = sorted(m.day for m in season.scheduled() if m.phase == "expiry")
    expected = set()
    for day, following in zip(days, [*days[1:], date(2026, 7, 10)], strict=True):
        valid = [day + timedelta(days=n) for n in range(31)]  # through issue day and thirty more
        for decides in range(1, 29):
            last_bill = max(d for d in valid if d.day == decides)
            # a voucher that no bill is left for keeps nobody from the next round
            useless = following in days and last_bill < following <= valid[-1]
            expected.add((day, following if useless else valid[-1] + timedelta(days=1)))
    assert void == sorted(ends for _, ends in expected)
    ends = pool(1, start=date(2025, 12, 31), until=date(2026, 4, 29)).round_days()
    assert ends == [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.floats(0.01, 3))
def test_quotas_are_thinned_together(quotas: list[int], scale: float) -> None:
    tranches = [{"months": [5 * n, 5 * n + 4], "face_value": 1.0, "per_round": q} for n, q in enumerate(quotas)]
    thinned = [t.per_round for t in instrument("voucher_pool", tranches=tranches).at_scale(scale).tranches]
    assert sum(thinned) == round(scale * sum(quotas))
    assert all(abs(n - scale * q) < 1.01 for n, q in zip(thinned, quotas, strict=True)) or sum(quotas) == 0


# ---------------------------------------------------------------------------------------------------------
# in the town


@given(
    st.dates(date(2025, 3, 1), date(2025, 10, 31)),
    st.integers(1, 70),
    st.tuples(st.integers(0, 47), st.integers(0, 47)),
)
@settings(max_examples=30)
def test_every_winner_has_a_bill_it_is_good_for(town: Town, today: date, valid: int, ages: tuple[int, int]) -> None:
    """Eligible is who is of the age, and is billed as someone who may be enrolled before the voucher is void."""
    world, (youngest, oldest) = town.world, sorted(ages)
    counter = counter_in(town, today)
    rows = counter.eligible(youngest, oldest, valid)
    birth, decides = world.families.birth, np.empty(len(world.families), np.int64)
    for d in range(28):
        decides[world.families.slices[d] : world.families.slices[d + 1]] = d + 1
    assert np.array_equal(counter.decides_on(rows), decides[rows])
    of_age = (birth <= dates.months_before(today, youngest)) & (birth > dates.months_before(today, oldest + 1))
    has_bill, paid = np.zeros(len(birth), bool), np.zeros(len(birth), bool)
    for n in range(max(valid, 31) + 1):
        day = today + timedelta(days=n)
        may = (birth <= dates.months_before(day, 6)) & (birth > dates.school_year_cut(day))
        has_bill |= may & (decides == day.day) & (~paid | (n <= valid))
        paid |= decides == day.day
    assert paid.all()
    assert sorted(rows.tolist()) == np.flatnonzero(of_age & has_bill).tolist()


def counter_in(town: Town, today: date) -> VoucherDesk:
    """A town's desk on a day, without a pool."""
    blank = {f.name: None for f in fields(VoucherDesk)}
    return VoucherDesk(**{**blank, "world": town.world, "today": today, "found": {}})


@given(st.dates(date(2025, 3, 1), date(2025, 10, 31)), st.integers(1, 27), st.integers(1, 27))
@settings(max_examples=30)
def test_short_validities_exclude_nobody(town: Town, today: date, one: int, other: int) -> None:
    """While a voucher meets one bill it meets the next, whatever the day of its issue and of the bill."""
    counter = counter_in(town, today)
    assert np.array_equal(counter.eligible(0, 47, one), counter.eligible(0, 47, other))


@given(st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.integers(1, 366))
def test_a_voucher_is_void_once_its_days_and_its_next_bill_are_over(issued: date, valid: int) -> None:
    """Each decision day has one expiry: not before the next bill, not before the days are over, and not later."""
    tool = pool(1, start=issued, until=issued, valid_days=valid)
    ends = [e for e in tool.scheduled() if e.phase == "expiry"]
    assert len({e.day for e in ends}) == len(ends)
    void = {d: e.day for e in ends for d in e.handle.args[1]}
    assert sorted(void) == list(range(1, 29))
    for d, day in void.items():
        days = [issued + timedelta(days=n) for n in range(32)]
        bill = next(x for x in days if x.day == d)
        assert day == max(bill, issued + timedelta(days=valid)) + timedelta(days=1)
    if valid >= 30:
        assert set(void.values()) == {issued + timedelta(days=valid + 1)}


def everyone(face: float, **parameters: Any):
    """A pool that reaches every child that may use it."""
    tranche = {"months": [0, 47], "face_value": face, "per_round": 100_000}
    sure = {"hassle": 0.0, "aware_enrolled": 1.0, "aware_others": 1.0, "redeem_at": "any"}
    return instrument("voucher_pool", tranches=[tranche], **{**sure, **parameters})


def test_a_voucher_above_every_fee_is_paid_to_the_posted_fen(town: Town) -> None:
    """Whoever redeems pays nothing; the claim is what is asked of that child at its institution that month."""
    record, baseline = town.run(everyone(100_000.0, valid_days=27)), town.baseline
    at = billed(record)
    assert len(record.claim_child) > 1000
    asked = np.rint(100 * record.fee).astype(np.int64)  # (months, 3, J)
    band = np.stack([band_when_deciding(town.world, town.span.counted + m) for m in range(record.months())])
    child, month = record.claim_child, record.claim_month
    where = at[month, child]
    assert (where != NOBODY).all()
    assert (record.claim_fen == asked[month, band[month, child], where]).all()
    assert (total(record, "claimed_fen") == total(record, "posted_fen") - total(record, "net_fen")).all()
    assert len(set(zip(child.tolist(), month.tolist(), strict=True))) == len(child), "a child-month is one bill"
    # nearly everyone holds one from each month's first day: only who saw no yuan in it and comes all the same pays
    assert total(record, "net_fen")[2:].sum() < 1e-3 * total(baseline, "net_fen")[2:].sum()
    assert total(baseline, "net_fen").all()


def test_vouchers_outlive_their_pool_but_not_their_validity(town: Town) -> None:
    """No claim after `until` but of those issued before, and none after the last day of the last."""
    record = town.run(everyone(300.0, start=town.day(2, 5), until=town.day(4, 20), valid_days=40))
    redeemed, issued, expired = (
        record.tranche[TRANCHE_TOTALS.index(f"vouchers_{n}"), :, 0] for n in ("redeemed", "issued", "expired")
    )
    assert issued.astype(bool).tolist() == [m in (2, 3, 4) for m in range(12)]
    assert redeemed[5] > 0, "5 July is the last round; forty days reach 14 August"
    assert not redeemed[6:].any()
    assert issued.sum() == redeemed.sum() + expired.sum()
    assert sorted(set(record.claim_month.tolist())) == [2, 3, 4, 5]


@pytest.mark.parametrize("day", [1, 10, 29, 31])
def test_validity_of_days_excludes_nobody_for_the_day_it_pays(town: Town, day: int) -> None:
    """Vouchers of one, three and thirty days are issued, redeemed and expire alike, whenever they are issued.

    In a month of 31 days the voucher of thirty meets one bill as well, so the same families pay with it.
    """
    start = town.day(4, day)
    short, three, long = (town.run(everyone(300.0, start=start, until=start, valid_days=valid)) for valid in (1, 3, 30))
    assert dates.days_in(dates.month_of(start)) == 31
    for record in (short, three, long):
        issued, redeemed, expired, live = (vouchers(record, w) for w in ("issued", "redeemed", "expired", "live"))
        assert (issued.cumsum() == redeemed.cumsum() + expired.cumsum() + live).all()
        for which in ("issued", "redeemed", "expired"):
            assert vouchers(record, which).sum() == vouchers(long, which).sum()
        assert np.array_equal(record.claim_child, long.claim_child)
    assert vouchers(long, "redeemed").sum() > 100
    days = decision_days(town)[short.claim_child]
    assert len(np.unique(days)) == 28
    if day == 31:  # no bill is left in the month
        assert not vouchers(short, "redeemed")[4]


def decision_days(town: Town) -> NDArray[np.int64]:
    """Day of the month on which each child of a town decides, int64 (n,)."""
    return np.repeat(np.arange(1, 29), np.diff(town.world.families.slices))


def vouchers(record: Record, which: str) -> NDArray[np.int64]:
    """A pool's vouchers that were issued, redeemed, … in each month, int64 (months,)."""
    return record.tranche[TRANCHE_TOTALS.index(f"vouchers_{which}"), :, 0]


def test_seats_win_only_whom_they_may(town: Town) -> None:
    """Redeemed at inclusive institutions only, where the pool says so."""
    record = town.run(everyone(300.0, redeem_at="inclusive"))
    where = billed(record)[record.claim_month, record.claim_child]
    assert len(where) > 100
    assert town.world.institutions.inclusive[where].all()


def test_under_scarcity_the_rules_differ_as_they_say(roomy: Town) -> None:
    """Against the lottery, lowest_income reaches poorer families, new_families_first fewer who come anyway."""

    def with_rule(rule: str) -> Record:
        scarce = [{"months": [0, 47], "face_value": 800.0, "per_round": 60}]
        return roomy.run(
            instrument(
                "voucher_pool", allocation=rule, hassle=1.0, aware_enrolled=1.0, aware_others=1.0, tranches=scarce
            )
        )

    lottery, poor, new = (with_rule(rule) for rule in ("lottery", "lowest_income", "new_families_first"))
    income, anyway = roomy.world.families.income, billed(roomy.baseline) != NOBODY
    assert income[poor.claim_child].mean() < 0.7 * income[lottery.claim_child].mean()
    inframarginal = [anyway[r.claim_month, r.claim_child].mean() for r in (lottery, new)]
    assert inframarginal[1] < inframarginal[0] - 0.05


def test_a_smaller_city_draws_fewer() -> None:
    small = settle("run.scale=0.5")
    tranches = [{"months": [0, 47], "face_value": 500.0, "per_round": 41}]
    record = small.run(instrument("voucher_pool", hassle=0.0, aware_others=1.0, tranches=tranches))
    assert set(record.tranche[TRANCHE_TOTALS.index("vouchers_offered"), :, 0].tolist()) == {20}


def telling(town: Town, told: float, **parameters: Any) -> Record:
    """A pool of which few know, but by the institutions that redeem it."""
    tranche = {"months": [0, 47], "face_value": 800.0, "per_round": 100}
    few = {"aware_enrolled": 0.3, "aware_others": 0.05, "aware_growth": 0.0, "redeem_at": "any"}
    return town.run(
        instrument("voucher_pool", told_by_centres=told, tranches=[tranche], **{**few, "hassle": 5.0, **parameters})
    )


def test_the_more_institutions_tell_the_more_families_know(town: Town) -> None:
    """From the second round on: before the first nothing is redeemed. At no telling it is as it was, to the bit."""
    known = [vouchers_of(telling(town, told), "voucher_aware") for told in (0.0, 0.1, 0.4, 1.0)]
    assert len({int(k[0]) for k in known}) == 1
    for less, more in pairwise(known):
        assert (less[1:] < more[1:]).all()
    silent = telling(town, 1.0, start=town.day(11), until=town.day(11))
    assert differences(silent, telling(town, 0.0, start=town.day(11), until=town.day(11))) == []


def vouchers_of(record: Record, metric: str) -> NDArray[np.int64]:
    """A pool's monthly totals, int64 (months,)."""
    return record.tranche[TRANCHE_TOTALS.index(metric), :, 0]


def test_where_nothing_is_redeemed_nobody_is_told() -> None:
    """Institutions of another standing redeem none: who meets only these learns nothing from them."""
    town = settle(*SETTLED, "city.families.candidates=1")
    tranche = {"months": [0, 47], "face_value": 800.0, "per_round": 100}
    tool = instrument(
        "voucher_pool", told_by_centres=1.0, redeem_at="inclusive", hassle=5.0, tranches=[tranche], start=town.day(0)
    )
    city = town.replication.city(town.replication.checkpoint(town.span.counted), within(town.scenario, [tool]))
    standing, redeemed = town.world.institutions.inclusive, np.zeros(len(town.world.institutions), np.int64)
    assert (~standing).any()
    met = standing[town.world.candidate].any(axis=1)
    for month in range(town.span.counted, town.span.end):
        run_to(city, month + 1)
        since, row = city.state.vouchers.taken[-1], city.row(dates.date_in(month))
        of_month = city.state.chronicle.sums.tranche[TRANCHE_TOTALS.index("vouchers_redeemed"), row, -1]
        assert since.sum() == of_month, "since the round on the first"
        redeemed += since
    untold = city.state.instruments.columns[-1]["untold_by_centres"]
    unborn = town.world.families.birth > dates.date_in(town.span.end - 1).toordinal()  # after the last round
    assert unborn.sum() > 20
    assert (untold[unborn] == 1).all(), "who is not born yet meets nobody"
    assert redeemed[standing].sum() > 50
    assert not redeemed[~standing].any()
    assert (untold[~met] == 1).all()
    assert (~met).any()
    born = town.world.families.birth < town.day(0).toordinal()
    assert (untold[met & born] < 1).mean() > 0.5


def test_a_family_meets_the_institution_it_attends_or_any_that_it_considers() -> None:
    """By hand: four offers, the third a service of the first, the fourth shut; families there, and at home.

    An institution is met once, however many of its services a family considers.
    """
    at = np.array([0, 1, 2] + [NOBODY] * 6, np.int16)
    pairs = [[0, 1]] * 4 + [[1, 1], [2, 3], [3, 3], [0, 2], [1, 0]]
    candidate = np.hstack([np.array(pairs, np.int16), np.array([[0]] * 7 + [[1], [2]], np.int16)])
    candidate[4, 2], candidate[6, 2] = 1, 3
    out, site = np.empty(9), np.array([0, 1, 0, 3], np.int32)
    meet_redeemers(at, candidate, site, np.array([True, True, True, False]), np.array([0, 0, 2, 1], np.int32), out)
    assert out.tolist() == [1, 0, 1, 0.5, 0, 1, 0, 0.5, 0.5]


def test_nobody_meets_an_institution_that_is_shut() -> None:
    """Every running institution has redeemed: whoever considers one meets no other kind, shut ones or none."""
    town = settle(*SETTLED)
    pool = instrument("voucher_pool", tranches=[{"months": [0, 47], "face_value": 800.0, "per_round": 1}])
    city = town.replication.city(town.replication.checkpoint(town.span.counted), within(town.scenario, [pool]))
    value, candidate = city.inputs.offers.value, town.world.candidate
    at_home = city.state.children.at == NOBODY
    runs = np.arange(value.shape[1]) % 6 == 0
    value[:, ~runs] = CLOSED
    city.state.vouchers.taken[0, runs] = 1
    meets = replace(counter_in(town, town.day(0)), inputs=city.inputs, pool=0).meets_redeemer()
    considers = (value[:, candidate] > CLOSED).any(axis=0)
    assert 0 < considers[at_home].any(axis=1).mean() < 1
    assert (meets[at_home] == considers[at_home].any(axis=1)).all()


@pytest.mark.parametrize("hassle", [0.0, 40.0, 100.0])
def test_no_round_stays_empty(town: Town, hassle: float) -> None:
    """However much applying costs, each round issues all that it offers while more would gain by it than can win."""
    scarce = [{"months": [0, 47], "face_value": 800.0, "per_round": 30}]
    tool = instrument("voucher_pool", hassle=hassle, aware_enrolled=1.0, redeem_at="any", tranches=scarce)
    record = town.run(tool)
    assert set(vouchers(record, "issued").tolist()) == {30}


@pytest.fixture(scope="module")
def devoted() -> Town:
    """The hamlet where who has been in care values it by far more than others, and knows the last place by far better.

    A wide taste leaves many of them at home as long as nobody helps.
    """
    keys = {"quality_seen": 0.0, "quality_yuan": 1500, "habit_yuan": 4000, "stickiness": 0.0, "grandparent_weight": 6.0}
    return settle(*(f"city.families.{key}={value}" for key, value in keys.items()))


@pytest.mark.parametrize("where", ["town", "taught", "devoted"])
@pytest.mark.parametrize("redeem_at", ["any", "inclusive"])
def test_bounds_hold_the_gain(
    where: str, redeem_at: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """What spares working a gain out is never above it at least, nor below it at most."""
    town: Town = request.getfixturevalue(where)
    asked, exactly = [], VoucherDesk.gains

    def checked(
        self: VoucherDesk, rows: NDArray[np.int32], face_yuan: float, floor: float, exact: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        least, most = exactly(self, rows, face_yuan, floor, exact)
        gain, same = exactly(self, rows, face_yuan, 0.0, True)
        assert np.array_equal(gain, same)
        assert (least <= gain).all()
        assert (gain[most > 0] <= most[most > 0]).all()
        assert (gain[most == 0] <= floor).all()
        assert (gain[least < most] > floor).all()
        asked.append((len(rows), np.count_nonzero(least < most)))
        return least, most

    monkeypatch.setattr(VoucherDesk, "gains", checked)
    scarce = [{"months": [0, 47], "face_value": 400.0, "per_round": 40}]
    town.run(instrument("voucher_pool", aware_others=1.0, redeem_at=redeem_at, tranches=scarce))
    assert sum(n for n, _ in asked) > 10_000
    assert sum(n for _, n in asked) > 500
