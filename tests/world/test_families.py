"""Families as they are drawn: births, incomes, homes and addresses against the facts they come from."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm
from town import HAMLET

from sim import dates
from sim.draws import Luck
from sim.scenario.schema import load
from sim.world.city import CityFacts, World, draw_world
from sim.world.families import CLOSED_TO_CARE, Families, births_by_month, lognormal_income

FIRST, UNTIL = date(2024, 1, 1), date(2026, 2, 28)
DRAWN = ("birth", "position", "income", "quintile", "district", "birth_order", "sensitivity", "taste", "grandparent")


def draw(
    facts: CityFacts, first: date = FIRST, until: date = UNTIL, scale: float = 1.0, luck: Luck | None = None
) -> World:
    return draw_world(facts, luck or Luck(7, 0), first, until, scale)


@pytest.fixture(scope="module")
def facts() -> CityFacts:
    return load(HAMLET, ("city.supply.later_sites=0",)).city


@pytest.fixture(scope="module")
def world(facts: CityFacts) -> World:
    """Ten hamlets in one, for the sake of averages."""
    return draw(facts, scale=10.0)


@pytest.fixture(scope="module")
def families(world: World) -> Families:
    return world.families


def by_id(families: Families, column: str) -> dict[int, object]:
    return dict(zip(families.id.tolist(), getattr(families, column).tolist(), strict=True))


# ---------------------------------------------------------------------------------------------------------
# who is there


def test_births_are_those_of_each_month(facts: CityFacts, families: Families) -> None:
    born = np.array([dates.month_of(date.fromordinal(int(b))) for b in families.birth])
    for year in range(2021, 2026):
        for n, share in enumerate(facts.births.month_shares):
            month = year * 12 + n
            if month >= 2020 * 12 + 8:
                assert abs((born == month).sum() - 10 * facts.births.by_year[str(year)] * share) <= 1
        if year < 2026:
            assert (
                births_by_month(facts.births, year * 12, year * 12 + 11, 1.0).sum() == facts.births.by_year[str(year)]
            )


def test_birthdays_are_spread_over_the_month(families: Families) -> None:
    """Given its length, each day of a month is as likely as the next."""
    days = np.array([date.fromordinal(int(b)).day for b in families.birth])
    for third, bounds in enumerate(((1, 10), (11, 20), (21, 31))):
        share = ((days >= bounds[0]) & (days <= bounds[1])).mean()
        assert abs(share - (10, 10, 10.44)[third] / 30.44) < 4.5 * np.sqrt(0.22 / len(days))


def test_everyone_who_may_ever_enrol_is_there(families: Families) -> None:
    """From those who have not left for kindergarten on the first day to those born on the last."""
    oldest, youngest = families.birth.min(), families.birth.max()
    assert oldest <= dates.school_year_cut(FIRST) + 3
    assert UNTIL.toordinal() - 3 <= youngest <= UNTIL.toordinal()
    assert len(np.unique(families.id)) == len(families)


def test_rows_are_sorted_by_decision_day_and_birth(families: Families) -> None:
    assert families.slices[0] == 0
    assert families.slices[-1] == len(families)
    sizes = np.diff(families.slices)
    expected = len(families) / dates.DECISION_DAYS
    assert (np.abs(sizes - expected) < 5 * np.sqrt(expected)).all()
    for a, b in zip(families.slices, families.slices[1:], strict=False):
        assert (np.diff(families.birth[a:b]) >= 0).all()


# ---------------------------------------------------------------------------------------------------------
# what they are


def test_incomes_reproduce_the_fifths(facts: CityFacts, families: Families) -> None:
    """The lognormal's own fifths fit the published shares; the drawn ones are the lognormal's."""
    mu, sigma = lognormal_income(facts.income)
    published = np.array(facts.income.quintile_means)
    edges = norm.ppf(np.arange(6) / 5)
    fitted = 5 * np.exp(mu + sigma**2 / 2) * np.diff(norm.cdf(edges - sigma))
    assert fitted.mean() == pytest.approx(facts.income.mean_per_head)
    assert fitted / fitted.mean() == pytest.approx(published / published.mean(), rel=0.06)
    per_head = families.income * 12 / facts.income.household_size
    drawn = np.array([per_head[families.quintile == q].mean() for q in range(5)])
    assert drawn == pytest.approx(fitted, rel=0.03)
    assert np.bincount(families.quintile) / len(families) == pytest.approx(np.full(5, 0.2), abs=0.01)
    assert np.median(families.income) == pytest.approx(families.median_income, rel=0.02)
    tops = [families.income[families.quintile == q].max() for q in range(4)]
    assert all(t <= families.income[families.quintile == q + 1].min() for q, t in enumerate(tops)), (
        "fifths are fifths of income"
    )


@given(st.floats(0.05, 2.5), st.floats(1000, 1e6))
def test_a_lognormals_own_fifths_are_recovered(sigma: float, mean: float) -> None:
    edges = norm.ppf(np.arange(6) / 5)
    fifths = 5 * mean * np.diff(norm.cdf(edges - sigma))
    income = load(HAMLET).city.income.model_copy(update={"quintile_means": tuple(fifths), "mean_per_head": mean})
    mu, fitted = lognormal_income(income)
    assert fitted == pytest.approx(sigma, rel=1e-3)
    assert np.exp(mu + fitted**2 / 2) == pytest.approx(mean)


def test_traits_have_their_shares(facts: CityFacts, families: Families) -> None:
    n, about = len(families), facts.families

    def near(count: float, share: float) -> bool:
        return abs(count / n - share) < 4.5 * np.sqrt(share * (1 - share) / n)

    for order, share in enumerate(facts.births.order_shares, start=1):
        assert near((families.birth_order == order).sum(), share)
    residents = sum(d.residents for d in facts.district)
    for k, district in enumerate(facts.district):
        assert near((families.district == k).sum(), district.residents / residents)
    assert near(families.grandparent.sum(), about.grandparent_share)
    assert families.taste.std() == pytest.approx(about.taste_sd, rel=0.02)
    assert abs(families.taste.mean()) < 5 * about.taste_sd / np.sqrt(n)
    logs = np.log(families.sensitivity / about.sensitivity)
    assert abs(logs.mean()) < 5 * about.sensitivity_sd / np.sqrt(n)
    assert logs.std() == pytest.approx(about.sensitivity_sd, rel=0.02)


def test_traits_are_independent(families: Families) -> None:
    columns = [
        np.log(families.income),
        families.taste,
        np.log(families.sensitivity),
        families.grandparent,
        families.birth_order,
    ]
    decides = np.repeat(np.arange(28), np.diff(families.slices))
    table = np.stack([np.asarray(c, float) for c in [*columns, families.birth, families.position[:, 1], decides]])
    off = np.corrcoef(table) - np.eye(len(table))
    assert np.abs(off).max() < 5 / np.sqrt(len(families))


def test_homes_lie_about_their_districts(facts: CityFacts, families: Families) -> None:
    for k, district in enumerate(facts.district):
        here = families.position[families.district == k] / np.sqrt(10.0)
        assert here.mean(axis=0) == pytest.approx([district.x_km, district.y_km], abs=0.06)
        assert here.std(axis=0) == pytest.approx([district.spread_km] * 2, rel=0.04)


# ---------------------------------------------------------------------------------------------------------
# addresses


@pytest.mark.parametrize("until", [date(2026, 6, 30), date(2027, 12, 31)])
def test_a_longer_horizon_changes_no_earlier_child(facts: CityFacts, until: date) -> None:
    short, long = draw(facts).families, draw(facts, until=until).families
    assert len(long) > len(short)
    for column in DRAWN:
        here, there = by_id(short, column), by_id(long, column)
        assert all(there[i] == value for i, value in here.items()), column
    assert long.median_income == short.median_income


def test_an_earlier_beginning_changes_no_later_child(facts: CityFacts) -> None:
    late, early = draw(facts, first=date(2025, 1, 1)).families, draw(facts).families
    for column in DRAWN:
        there = by_id(early, column)
        assert all(there[i] == value for i, value in by_id(late, column).items()), column


def test_a_change_of_one_year_leaves_the_others(facts: CityFacts) -> None:
    births = facts.births.model_copy(update={"by_year": {**facts.births.by_year, "2025": 400}})
    fewer, before = draw(facts.model_copy(update={"births": births})).families, draw(facts).families
    kept = by_id(before, "income")
    assert all(kept[i] == value for i, value in by_id(fewer, "income").items())
    assert 0.6 < (len(before) - len(fewer)) / 600 <= 1.01


def test_taste_moves_nobodys_home_nor_income(facts: CityFacts) -> None:
    changed = facts.model_copy(
        update={"families": facts.families.model_copy(update={"taste_sd": 0.0, "grandparent_share": 1.0})}
    )
    one, other = draw(facts).families, draw(changed).families
    for column in ("id", "birth", "position", "income", "district", "sensitivity", "slices"):
        assert np.array_equal(getattr(one, column), getattr(other, column)), column
    assert not other.taste.any()
    assert other.grandparent.all()


def test_who_is_open_to_care_is_drawn_apart_from_how_much(facts: CityFacts) -> None:
    """The wider the share, the more are open, and those who were keep their taste."""
    everybody, some, few = (
        draw(
            facts.model_copy(update={"families": facts.families.model_copy(update={"open_share": share})})
        ).families.taste
        for share in (1.0, 0.6, 0.2)
    )
    assert (everybody > CLOSED_TO_CARE).all()
    for taste, share in ((some, 0.6), (few, 0.2)):
        is_open = taste > CLOSED_TO_CARE
        assert is_open.mean() == pytest.approx(share, abs=0.03)
        assert np.array_equal(taste[is_open], everybody[is_open])
        assert abs(everybody[is_open].mean()) < 0.2 * facts.families.taste_sd
    assert not ((few > CLOSED_TO_CARE) & (some == CLOSED_TO_CARE)).any()


@pytest.mark.parametrize("scale", [0.1, 0.5, 2.0])
def test_scale_thins_families_and_keeps_distances(facts: CityFacts, scale: float) -> None:
    one, thinned = draw(facts), draw(facts, scale=scale)
    assert len(thinned.families) / len(one.families) == pytest.approx(scale, rel=0.03)
    assert len(thinned.institutions) == round(facts.supply.institutions * scale)

    def spread(world: World) -> NDArray[np.float64]:
        return world.families.position.std(axis=0)

    assert spread(thinned) / spread(one) == pytest.approx(np.sqrt([scale] * 2), rel=0.15)
    assert thinned.families.income.mean() == pytest.approx(one.families.income.mean(), rel=0.15)


def test_the_same_luck_is_the_same_city_and_another_is_another(facts: CityFacts) -> None:
    one, same, other = draw(facts), draw(facts), draw(facts, luck=Luck(7, 1))
    assert np.array_equal(one.families.income, same.families.income)
    assert not np.array_equal(np.sort(one.families.income), np.sort(other.families.income))
    assert np.array_equal(one.candidate, same.candidate)


# ---------------------------------------------------------------------------------------------------------
# whom they consider


def test_candidates_are_the_nearest(facts: CityFacts) -> None:
    world = draw(facts)
    homes, sites = world.families.position, world.institutions.position
    distance = np.linalg.norm(homes[:, None, :] - sites[None, :, :], axis=2)
    k = facts.families.candidates
    nearest = np.sort(distance, axis=1)[:, :k]
    assert np.allclose(np.take_along_axis(distance, world.candidate.astype(int), axis=1), nearest)
    per_km = facts.families.distance_yuan * facts.families.sensitivity
    assert np.allclose(world.fixed, world.families.taste[:, None] - per_km * nearest, atol=1e-4)


def test_few_institutions_are_all_considered(facts: CityFacts) -> None:
    few = facts.model_copy(update={"supply": facts.supply.model_copy(update={"institutions": 2})})
    assert draw(few).candidate.shape[1] == 2
    assert (np.sort(draw(few).candidate, axis=1) == [0, 1]).all()


def with_employers(facts: CityFacts, share: float) -> World:
    """A town whose second kind takes its own workers' children only."""
    kinds = [k.model_copy(update={"workers_only": n == 1}) for n, k in enumerate(facts.supply.kind)]
    return draw(
        facts.model_copy(
            update={
                "supply": facts.supply.model_copy(update={"kind": tuple(kinds)}),
                "families": facts.families.model_copy(update={"employer_share": share}),
            }
        )
    )


def test_an_employers_institution_is_for_its_workers(facts: CityFacts) -> None:
    """They consider it at no distance instead of the farthest; all others do not; whose it is follows its places."""
    share = 0.3
    world = with_employers(facts, share)
    there, families = world.institutions, world.families
    assert there.workers_only.tolist() == (there.kind == 1).tolist()
    own = there.workers_only[world.candidate]
    assert not own[:, :-1].any()
    works = own[:, -1]
    assert abs(works.mean() - share) < 4.5 * np.sqrt(share * (1 - share) / len(works))
    assert np.array_equal(world.fixed[works, -1], families.taste[works])
    counts = np.bincount(world.candidate[works, -1], minlength=len(there))
    places = (there.classes * there.class_places).sum(axis=1) * there.workers_only
    expected = works.sum() * places / places.sum()
    assert (np.abs(counts - expected) <= 4.5 * np.sqrt(np.maximum(expected, 1e-9))).all()
    nobody, plain = with_employers(facts, 0.0), draw(facts)
    assert not nobody.institutions.workers_only[nobody.candidate].any()
    rest = ~works & ~(plain.institutions.kind[plain.candidate] == 1).any(axis=1)
    assert rest.any()
    assert np.array_equal(world.candidate[rest], plain.candidate[rest])
    assert np.array_equal(world.fixed[rest], plain.fixed[rest])


def test_grandparents_speak_for_staying_out(facts: CityFacts) -> None:
    world = draw(facts)
    assert (
        world.outside == np.where(world.families.grandparent, np.float32(facts.families.grandparent_weight), 0)
    ).all()
