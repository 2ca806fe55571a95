"""Choice against its closed form, and what a better offer may and may not do."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2
from town import BANDS, NOBODY, PLAIN_LOGIT, SETTLED, Town, band_when_deciding, billed, instrument, replace, settle

from sim.draws import Luck
from sim.kernels.choice import find_renewals
from sim.world.city import World

# toddlers of 12 to 18 months don't see mixed classes; without those a band is one market, and its fees stand
SHARES = ("[0.3, 0.4, 0.3, 0]", "[0.2, 0.4, 0.4, 0]", "[0.3, 0.3, 0.4, 0]")
STEADY = (
    *(f"city.supply.kind[{k}].class_shares={shares}" for k, shares in enumerate(SHARES)),
    "city.supply.fee_step=0",
    "city.supply.fee_limit=0",
    *SETTLED,
)


def logit(town: Town, world: World) -> NDArray[np.float64]:
    """Closed-form shares by band: of each institution, and last of staying out, float64 (3, J + 1)."""
    facts, institutions = town.scenario.city.families, world.institutions
    v = np.array(facts.band_taste)[:, None] - facts.sensitivity * institutions.fee.T
    v = v + facts.quality_yuan * facts.sensitivity * institutions.quality
    v = np.where(institutions.classes[:, :3].T > 0, v, -np.inf)
    odds = np.exp(np.concatenate([v, np.zeros((3, 1))], axis=1))
    return odds / odds.sum(axis=1, keepdims=True)


def chosen(town: Town) -> NDArray[np.int64]:
    """Child-months by band and choice, staying out last, int64 (3, J + 1)."""
    at = billed(town.baseline)
    size = len(town.world.institutions) + 1
    counts = np.zeros((3, size), np.int64)
    for month in range(len(at)):
        band = band_when_deciding(town.world, town.span.counted + month)
        for b in range(3):
            here = at[month, band == b]
            counts[b] += np.bincount(np.where(here == NOBODY, size - 1, here), minlength=size)
    return counts


@pytest.fixture(scope="module")
def plain() -> Town:
    """Every family alike, every month afresh, places without limit."""
    return settle(*PLAIN_LOGIT, *STEADY, standing=(), unlimited=True)


def closing(town: Town, j: int) -> Town:
    """The same town with an institution closed in the facts of its world; candidates as they were."""
    institutions = town.world.institutions
    classes, fee = institutions.classes.copy(), institutions.fee.copy()
    classes[j] = 0
    world = replace(town.world, institutions=replace(institutions, classes=classes, fee=fee))
    return settle(*PLAIN_LOGIT, *STEADY, standing=(), unlimited=True, world=world)


def test_plain_logit_gives_its_closed_form(plain: Town) -> None:
    counts, shares = chosen(plain), logit(plain, plain.world)
    n = counts.sum(axis=1, keepdims=True)
    assert n.min() > 5000
    error = np.sqrt(shares * (1 - shares) / n)
    assert (np.abs(counts / n - shares) <= 4 * error).all()
    expected = n * shares
    served = expected > 0
    statistic = ((counts - expected)[served] ** 2 / expected[served]).sum()
    assert statistic < chi2.ppf(0.9999, int(served.sum()) - 3)


def test_a_closed_institution_is_left_by_its_own_children_only(plain: Town) -> None:
    """Independence of irrelevant alternatives, child by child: nobody else's draw is reshuffled."""
    j = int(chosen(plain)[:, :-1].sum(axis=0).argmax())
    fewer = closing(plain, j)
    before, after = billed(plain.baseline), billed(fewer.baseline)
    there = before == j
    assert there.sum() > 1000
    assert not (after == j).any()
    assert np.array_equal(before[~there], after[~there])


def test_a_shock_belongs_to_the_institution_and_not_to_its_rank(plain: Town) -> None:
    """Candidates in another order are the same candidates."""
    world = plain.world
    turned = replace(
        world,
        candidate=np.ascontiguousarray(world.candidate[:, ::-1]),
        fixed=np.ascontiguousarray(world.fixed[:, ::-1]),
    )
    other = settle(*PLAIN_LOGIT, *STEADY, standing=(), unlimited=True, world=turned)
    assert np.array_equal(billed(other.baseline), billed(plain.baseline))


def test_those_who_lose_their_institution_go_where_the_logit_sends_them(plain: Town) -> None:
    j = int(chosen(plain)[:, :-1].sum(axis=0).argmax())
    fewer = closing(plain, j)
    counts, shares = chosen(fewer), logit(fewer, fewer.world)
    n = counts.sum(axis=1, keepdims=True)
    assert (np.abs(counts / n - shares) <= 4 * np.sqrt(shares * (1 - shares) / n)).all()
    remaining = np.delete(np.arange(shares.shape[1]), j)
    for before, after in zip(logit(plain, plain.world)[:, remaining], shares[:, remaining], strict=True):
        ratios = after[after > 0] / before[after > 0]
        assert np.allclose(ratios, ratios[0]), "the closed form itself is independent of what is irrelevant"


def test_with_no_renewal_and_no_change_nobody_moves() -> None:
    """Shocks are held: a family whose fees, band and circumstances stay as they are stays as it is."""
    still = settle("city.families.renewal=0", *STEADY, standing=(), unlimited=True)
    at = billed(still.baseline)
    band = np.stack([band_when_deciding(still.world, still.span.counted + m) for m in range(len(at))])
    same_band = (band[1:] == band[:-1]) & (band[1:] != NOBODY)
    assert same_band.sum() > 20_000
    assert np.array_equal(at[1:][same_band], at[:-1][same_band])


def renewals(
    ids: NDArray[np.uint32], first: int, chance: float, stream: NDArray[np.uint32], begins: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Whose circumstances change, month by month, bool (months, n); the days' lists are whole and in order."""
    rows, counts = np.empty(int((ends - begins).sum()), np.int32), np.zeros_like(begins)
    found = find_renewals(ids, first, chance, stream, begins, ends, rows, counts)
    assert counts.sum() == found
    out = np.zeros((len(begins), len(ids)), bool)
    days = np.split(rows[:found], np.cumsum(counts)[:-1])
    for day, begin, end, month in zip(
        days, begins.ravel(), ends.ravel(), np.repeat(range(len(begins)), begins.shape[1]), strict=True
    ):
        assert (np.diff(day) > 0).all()
        assert ((day >= begin) & (day < end)).all()
        out[month, day] = True
    return out


@pytest.mark.parametrize("chance", [0.0, 0.2, 0.65, 1.0])
def test_renewals_come_as_often_as_they_should(chance: float) -> None:
    n, months = 20_000, 26
    ids, stream = np.arange(n, dtype=np.uint32), Luck(3, 1).stream("renewal")
    out = renewals(ids, 24_001, chance, stream, np.zeros((months, 1), np.int64), np.full((months, 1), n))
    error = np.sqrt(chance * (1 - chance) / n)
    assert (np.abs(out.mean(axis=1) - chance) <= 4.5 * error).all()
    if 0 < chance < 1:  # months of one block and of neighbouring blocks alike
        assert (np.abs(np.corrcoef(out) - np.eye(months)) < 5 / np.sqrt(n)).all()


def test_a_renewal_depends_on_child_and_month_alone() -> None:
    ids, stream = np.arange(500, dtype=np.uint32), Luck(3, 1).stream("renewal")
    long = renewals(ids, 24_001, 0.3, stream, np.zeros((40, 1), np.int64), np.full((40, 1), 500))
    luck = np.random.default_rng(5)
    begins = np.array([0, 110, 300]) + luck.integers(0, 100, (7, 3))
    ends = np.maximum(begins, np.array([110, 300, 500]) - luck.integers(0, 100, (7, 3)))
    short = renewals(ids, 24_014, 0.3, stream, begins, ends)
    for month, row in enumerate(short):
        may = np.zeros(500, bool)
        for begin, end in zip(begins[month], ends[month], strict=True):
            may[begin:end] = True
        assert np.array_equal(row, long[13 + month] & may)


# ---------------------------------------------------------------------------------------------------------
# a better offer, in one decision from the same state: places without limit, and the first month of a policy


def first_month(town: Town, *own: object) -> NDArray[np.int64]:
    return billed(town.run(*own))[0]  # type: ignore[arg-type]


def test_a_lower_fee_never_moves_a_child_out(roomy: Town) -> None:
    start = roomy.day(0)
    chain = [
        first_month(roomy, instrument("fee_subsidy", amount=a, start=start)) for a in (0.0, 50.0, 300.0, 1000.0, 5000.0)
    ]
    assert np.array_equal(chain[0], billed(roomy.baseline)[0])
    for less, more in pairwise(chain):
        assert not ((less != NOBODY) & (more == NOBODY)).any()
    assert (chain[0] == NOBODY).sum() > (chain[-1] == NOBODY).sum() + 100


@pytest.mark.parametrize("kind", ["private", "kindergarten", "public"])
def test_a_better_offer_never_loses_a_taker(roomy: Town, kind: str) -> None:
    better = first_month(roomy, instrument("fee_subsidy", amount=400.0, kinds=(kind,), start=roomy.day(0)))
    before = first_month(roomy)
    institutions = roomy.world.institutions
    of_kind = institutions.kind_names.index(kind)
    takers = (before != NOBODY) & (institutions.kind[before] == of_kind)
    assert takers.sum() > 20
    # all of the kind fall by the same sum, so that those who were there stay where they were
    assert np.array_equal(better[takers], before[takers])
    assert not ((before != NOBODY) & (better == NOBODY)).any()
    moved = better != before
    assert (institutions.kind[better[moved]] == of_kind).all(), "nobody moves but towards it"


def test_a_larger_voucher_never_moves_a_child_out(roomy: Town) -> None:
    def pool(face: float) -> object:
        tranche = {"months": [0, 47], "face_value": face, "per_round": 100_000}
        return instrument(
            "voucher_pool",
            start=roomy.day(0),
            hassle=0.0,
            aware_enrolled=1.0,
            aware_others=1.0,
            redeem_at="any",
            tranches=[tranche],
        )

    chain = [first_month(roomy, pool(face)) for face in (0.0, 100.0, 500.0, 1500.0, 9000.0)]
    for less, more in pairwise(chain):
        assert not ((less != NOBODY) & (more == NOBODY)).any()
    assert (chain[0] == NOBODY).sum() > (chain[-1] == NOBODY).sum() + 50


def test_an_offer_for_some_leaves_the_others_alone(roomy: Town) -> None:
    """Where places bind nobody, a subsidy for one band or one income never moves the rest."""
    start = roomy.day(0)
    band = band_when_deciding(roomy.world, roomy.span.counted)
    before = first_month(roomy)
    for b, name in enumerate(BANDS):
        after = first_month(roomy, instrument("fee_subsidy", amount=800.0, bands=(name,), start=start))
        assert np.array_equal(after[band != b], before[band != b])
        assert (after != before).any()
    limit = 8000.0
    after = first_month(roomy, instrument("fee_subsidy", amount=800.0, income_limit=limit, start=start))
    richer = roomy.world.families.income > limit
    assert np.array_equal(after[richer], before[richer])
    assert (after != before).any()


def test_a_one_off_weighs_less_the_longer_the_commitment() -> None:
    """A voucher that is spread over more months brings fewer new children in."""
    added = []
    for months in (1, 3, 10):
        town = settle(f"city.families.commitment_months={months}", unlimited=True)
        tranche = {"months": [0, 47], "face_value": 800.0, "per_round": 100_000}
        own = instrument(
            "voucher_pool",
            start=town.day(0),
            until=town.day(0, 28),
            hassle=0.0,
            aware_enrolled=1.0,
            aware_others=1.0,
            redeem_at="any",
            tranches=[tranche],
        )
        added.append(int((first_month(town, own) != NOBODY).sum() - (billed(town.baseline)[0] != NOBODY).sum()))
    assert added[0] > added[1] > added[2] > 0
