"""Services beside the full day: one institution for shocks, stickiness and failing, offers for seats and fees."""

from itertools import product

import numpy as np
import pytest
from town import NOBODY, PLAIN_LOGIT, SERVICES, SETTLED, Town, billed, differences, instrument, settle, total

from sim import dates
from sim.kernels import demand
from sim.kernels.columns import ENTRY, SLOPES, ChoiceInputs
from sim.world.city import MOST_RESERVED
from sim.world.institutions import FULL_DAY, HALF_DAY, HOURLY

NONE = tuple(s.replace("share = 0.25", "share = 0.0").replace("share = 0.15", "share = 0.0") for s in SERVICES)


@pytest.fixture(scope="module")
def mixed() -> Town:
    """The hamlet where private institutions and kindergartens have half days and hours."""
    return settle(*SERVICES)


def test_services_that_no_class_is_given_to_change_nothing(town: Town) -> None:
    """To the bit, under the baseline and under a policy."""
    idle = settle(*NONE, "city.families.half_day_taste=-3", "city.families.half_day_grandparent=2")
    assert len(idle.world.institutions) == len(town.world.institutions)
    assert differences(idle.baseline, town.baseline) == []
    subsidy = instrument("fee_subsidy", rate=0.2, start=town.day(1))
    assert differences(idle.run(subsidy), town.run(subsidy)) == []


def test_a_service_is_its_institutions(mixed: Town) -> None:
    there = mixed.world.institutions
    more = np.flatnonzero(~there.full_day)
    assert {HALF_DAY, HOURLY} == set(there.service[more].tolist())
    assert (there.site[there.site] == there.site).all()
    assert (there.service[there.site] == FULL_DAY).all()
    assert len(set(there.id.tolist())) == len(there)
    for column in ("position", "quality", "kind", "district", "owner", "patience", "opens_after", "inclusive"):
        values = getattr(there, column)
        assert np.array_equal(values, values[there.site]), column
    ratio = there.fee[more] / there.fee[there.site[more]]
    assert np.allclose(ratio, np.where(there.service[more] == HALF_DAY, 0.6, 0.4)[:, None])
    assert (there.classes.sum(axis=1)[more] > 0).all()


def test_classes_given_to_services_are_taken_from_the_full_day(town: Town, mixed: Town) -> None:
    before, after = town.world.institutions, mixed.world.institutions
    by_site = np.zeros_like(before.classes)
    np.add.at(by_site, after.site, after.classes)
    assert np.array_equal(by_site, before.classes)
    for service, share in ((HALF_DAY, 0.25), (HOURLY, 0.15)):
        given, of = (int(c[np.isin(there.kind, (0, 1))].sum()) for there, c in (
            (after, after.classes * (after.service == service)[:, None]), (before, before.classes)
        ))  # fmt: skip
        assert abs(given / of - share) < 0.05
    assert np.array_equal(after.class_seats[:, 0], np.array([5, 10, 20])[after.service])


def test_all_services_of_the_nearest_are_considered_while_there_is_room(mixed: Town) -> None:
    world = mixed.world
    there = world.institutions
    k = mixed.scenario.city.families.candidates + MOST_RESERVED
    taste = {HALF_DAY: -1.5, HOURLY: -2.5}
    assert k < world.candidate.shape[1] <= 16
    for i in range(0, len(world.families), 97):
        sites = world.candidate[i, :k]
        assert (there.service[sites] == FULL_DAY).all()
        expected = [j for s in sites for j in np.flatnonzero((there.site == s) & ~there.full_day)]
        found = world.fixed[i, k:] > -1e20
        assert world.candidate[i, k:][found].tolist() == expected[: world.candidate.shape[1] - k]
        for j, fixed in zip(world.candidate[i, k:][found], world.fixed[i, k:][found], strict=True):
            own = taste[int(there.service[j])] + (
                1.0 if there.service[j] == HALF_DAY and world.families.grandparent[i] else 0.0
            )
            at = sites.tolist().index(int(there.site[j]))
            assert fixed == pytest.approx(world.fixed[i, at] + own, abs=1e-5)


def test_places_children_and_full_time_balance(mixed: Town) -> None:
    record, there = mixed.baseline, mixed.world.institutions
    sixtieths = np.array([60, 30, 15])[there.service]
    enrolled = record.offer_enrolled.sum(axis=1)
    assert (enrolled[:, there.service == HALF_DAY].sum(axis=1) > 0).all()
    assert (enrolled[:, there.service == HOURLY].sum(axis=1) > 0).all()
    assert np.array_equal(total(record, "full_time_sixtieths"), enrolled @ sixtieths)
    assert np.array_equal(total(record, "enrolled"), enrolled.sum(axis=1))
    assert (total(record, "full_time_sixtieths") < 60 * total(record, "enrolled")).all()
    assert (total(record, "full_time_sixtieths") <= 20 * total(record, "place_thirds")).all()
    for day, state in mixed.states():
        row = dates.month_of(day) - mixed.span.counted - 1
        if row < 0:
            continue
        assert (state.offers.taken <= state.offers.places).all()
        full_time = state.offers.places.sum(axis=1) * there.hours_share
        assert total(record, "place_thirds")[row] == 3 * full_time.sum()
        assert total(record, "full_day_place_thirds")[row] == 3 * full_time[there.full_day].sum()
        open_sites = np.unique(there.site[state.offers.places.sum(axis=1) > 0])
        assert total(record, "institutions")[row] == len(open_sites)
        break
    posted = np.rint(100 * record.fee[:, :, there.full_day])
    mean = total(record, "fee_place_thirds_fen") / total(record, "full_day_place_thirds")
    assert (posted.min(axis=(1, 2)) < mean).all()
    assert (mean < posted.max(axis=(1, 2))).all()


def test_services_of_an_institution_come_and_go_together() -> None:
    failing = settle(
        *SERVICES, "city.supply.patience_months=1", "city.costs.rent_per_place=2000", "city.supply.arrears_months=0"
    )
    site, closed = failing.world.institutions.site, 0
    for _, state in failing.states():
        assert np.array_equal(state.market.sites.runs, state.market.sites.runs[site])
        assert np.array_equal(state.market.accounts.losing, state.market.accounts.losing[site])
        closed = int((~state.market.sites.runs[failing.world.institutions.stands]).sum())
    assert closed > 0


# ---------------------------------------------------------------------------------------------------------
# shocks, stickiness, and what is expected


def shocks(town: Town) -> tuple[np.ndarray, np.ndarray]:
    """First shocks of pairs: full day and half day of one institution, and those of neighbours, (2, pairs) each."""
    world = town.world
    epoch = town.replication.checkpoint(town.span.counted).children.epoch
    value = town.replication.cache.epochs.table.shocked[epoch].astype(float) - world.fixed
    there, k = world.institutions, town.scenario.city.families.candidates
    own, others = [], []
    for c, m in product(range(k, world.candidate.shape[1]), range(k)):
        rows = np.flatnonzero((world.fixed[:, c] > -1e20) & (there.service[world.candidate[:, c]] == HALF_DAY))
        same = there.site[world.candidate[rows, c]] == world.candidate[rows, m]
        own.append(np.stack([value[rows[same], c], value[rows[same], m]]))
        others.append(np.stack([value[rows[~same], c], value[rows[~same], m]]))
    return np.concatenate(own, axis=1), np.concatenate(others, axis=1)


def test_services_share_their_institutions_shock(mixed: Town) -> None:
    own, others = shocks(mixed)
    n, variance = own.shape[1], np.pi**2 / 6
    assert n > 2000
    apart = own[0] - own[1]  # the difference of two Gumbels of scale 0.3 is logistic
    assert abs(apart.mean()) < 4 * 0.3 * np.sqrt(2 * variance / n)
    assert apart.var() == pytest.approx(2 * 0.09 * variance, rel=0.1)
    assert own.mean() == pytest.approx(np.euler_gamma, abs=5 * np.sqrt(1.09 * variance / n))
    assert np.corrcoef(own)[0, 1] == pytest.approx(1 / 1.09, abs=0.02)
    assert abs(np.corrcoef(others)[0, 1]) < 5 / np.sqrt(others.shape[1])


def test_stickiness_belongs_to_the_institution(mixed: Town) -> None:
    """With more of it fewer change institution; the service is changed as lightly as before."""
    moves = []
    for sigma in (0.0, 4.0):
        at = billed(settle(*SERVICES, f"city.families.stickiness={sigma}", unlimited=True).baseline)
        site = mixed.world.institutions.site
        both = (at[1:] != NOBODY) & (at[:-1] != NOBODY)
        other = both & (site[at[1:]] != site[at[:-1]])
        within = both & ~other & (at[1:] != at[:-1])
        moves.append((int(other.sum()) / int(both.sum()), int(within.sum()) / int(both.sum())))
    assert moves[1][0] < 0.4 * moves[0][0]
    assert moves[1][1] > 0.8 * moves[0][1], moves


STEADY = ("city.supply.fee_step=0", "city.supply.fee_limit=0", *SETTLED)


def test_what_is_expected_is_what_comes() -> None:
    """The nested logit against the choices drawn: of whether nearly, of which service closely."""
    plain = tuple(s for s in PLAIN_LOGIT if "candidates" not in s)
    town = settle(*plain, "city.families.candidates=5", *SERVICES, *STEADY, standing=(), unlimited=True)
    there = town.world.institutions
    # what was heard month by month is of a third of the families
    state = town.replication.checkpoint(town.span.end - 1)
    expected = state.market.memory.fresh.mean(axis=0).sum(axis=1)
    came = town.baseline.offer_enrolled[-12:].sum(axis=1).mean(axis=0)
    has_more = there.stands & (np.bincount(there.site, minlength=len(there))[there.site] > 1)
    assert came[has_more].sum() == pytest.approx(expected[has_more].sum(), rel=0.15)
    for service in (FULL_DAY, HALF_DAY, HOURLY):
        mine = has_more & (there.service == service)
        share = expected[mine].sum() / expected[has_more].sum()
        n = 12 * came[has_more].sum()
        assert came[mine].sum() / came[has_more].sum() == pytest.approx(share, abs=4 * np.sqrt(share / n)), service
    alone = there.stands & ~has_more
    assert came[alone].sum() == pytest.approx(expected[alone].sum(), rel=0.05)


def expected_demand(town: Town, inputs: ChoiceInputs) -> tuple[np.ndarray, np.ndarray]:
    """Demand and slopes, (2, 3, J), and what an owner's others gain, (3, J, R), of one day's families."""
    state, market = town.replication.checkpoint(town.span.counted), town.replication.cache.market
    edges = town.replication.cache.edges(town.day(0))[None, :]
    j = len(town.world.institutions)
    expected, cross, calm = np.zeros((2, 3, j)), np.zeros((3, j, market.owners.size)), np.zeros((j, 3))
    demand.expect(
        edges, market.value(state, calm, if_open=True), state.market.sites.runs.astype(float), np.zeros(j),
        market.owners.rank,
        market.owners.owner, inputs, demand.Weighed.nothing(inputs.tariff), expected, cross,
    )  # fmt: skip
    return expected, cross


def test_slopes_are_those_of_what_is_expected(mixed: Town) -> None:
    inputs, there = mixed.replication.baseline_city.inputs, mixed.world.institutions
    owners = mixed.replication.cache.market.owners
    (_, slope), cross = expected_demand(mixed, inputs)
    j_count, step = len(there), 16.0
    runs = there.site[there.stands & ~there.full_day]
    for j in (int(runs[0]), int(np.flatnonzero(there.site == runs[0])[1])):
        ends = []
        for sign in (-0.5, 0.5):
            prices = inputs.tariff.prices.copy()
            prices[ENTRY, j::j_count] += np.float32(sign * step) * prices[SLOPES, j::j_count]
            ends.append(expected_demand(mixed, inputs._replace(tariff=inputs.tariff._replace(prices=prices)))[0][0])
        change = (ends[1] - ends[0]) / step
        assert -change[:, j] == pytest.approx(slope[:, j], rel=0.02)
        assert (slope[:, j] > 0).any()
        family = np.flatnonzero((owners.owner == owners.owner[j]) & (np.arange(j_count) != j))
        assert set(there.site[family]) & {int(there.site[j])}, "the same institution's among them"
        for other in family:
            assert change[:, other] == pytest.approx(cross[:, j, owners.rank[other]], rel=0.03, abs=1e-9)
