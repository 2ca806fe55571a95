"""Institutions as they are drawn: numbers, places, fees and addresses against the facts they come from."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import HAMLET, MIXED

from sim.draws import Luck
from sim.scenario.faults import BadScenario
from sim.scenario.schema import load
from sim.world.city import CityFacts
from sim.world.districts import apportion, weights
from sim.world.institutions import Institutions, bands_served, draw_institutions
from sim.world.supply import ServiceFacts


@pytest.fixture(scope="module")
def facts() -> CityFacts:
    return load(HAMLET, ("city.supply.later_sites=0",)).city


def draw(facts: CityFacts, scale: float = 40.0, replication: int = 0) -> Institutions:
    return draw_institutions(facts.supply, facts.classes, facts.district, Luck(7, replication), scale)


@pytest.fixture(scope="module")
def drawn(facts: CityFacts) -> Institutions:
    return draw(facts)


def places(facts: CityFacts, drawn: Institutions) -> np.ndarray:
    return (drawn.classes * np.array(facts.classes.sizes)).sum(axis=1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3), st.integers(0, 100_000))
def test_apportioning_gives_whole_shares(weight: list[float], total: int) -> None:
    """They sum to the total, and none is a whole one away from its share."""
    shares = apportion(np.array(weight), total)
    assert shares.sum() == total
    assert (shares >= 0).all()
    assert (np.abs(shares - np.array(weight) / sum(weight) * total) < 1 + 1e-6).all()


def test_apportioning_nothing_is_nothing() -> None:
    assert apportion(np.zeros(3), 0).tolist() == [0, 0, 0]
    assert apportion(np.array([1.0, 1.0, 1.0]), 4).tolist() == [2, 1, 1], "ties go to the first"


@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0, 40.0])
def test_numbers_by_kind_and_district_follow_their_shares(facts: CityFacts, scale: float) -> None:
    there = draw(facts, scale)
    assert len(there) == round(facts.supply.institutions * scale)
    kinds = np.bincount(there.kind, minlength=len(facts.supply.kind))
    assert (np.abs(kinds - len(there) * np.array([k.share for k in facts.supply.kind])) < 1).all()
    for k, n in enumerate(kinds):
        cells = np.bincount(there.district[there.kind == k], minlength=len(facts.district))
        assert (np.abs(cells - n * weights(facts.district)) < 1).all()


@pytest.mark.parametrize("scale", [1.0, 7.0, 40.0])
def test_places_add_up_and_classes_are_whole(facts: CityFacts, scale: float) -> None:
    there = draw(facts, scale)
    assert (there.classes >= 0).all()
    total = places(facts, there)
    classes = len(facts.supply.kind) * 4
    assert abs(total.sum() - facts.supply.places * scale) <= classes * max(facts.classes.sizes) / 2
    assert (total > 0).all(), "everyone has a class if there are enough"
    weight = np.array([k.share * k.mean_places for k in facts.supply.kind])
    by_kind = np.bincount(there.kind, total)
    assert by_kind / by_kind.sum() == pytest.approx(weight / weight.sum(), rel=0.3 if scale < 5 else 0.05)


def test_each_kind_has_its_mix_of_classes(facts: CityFacts, drawn: Institutions) -> None:
    for k, about in enumerate(facts.supply.kind):
        seats = (drawn.classes[drawn.kind == k] * np.array(facts.classes.sizes)).sum(axis=0)
        assert seats / seats.sum() == pytest.approx(about.class_shares, abs=0.02)


def test_recognition_holds_its_share_of_places(facts: CityFacts, drawn: Institutions) -> None:
    total = places(facts, drawn)
    share = total[drawn.inclusive].sum() / total.sum()
    assert facts.supply.inclusive_share - total.max() / total.sum() < share <= facts.supply.inclusive_share
    rates = [drawn.inclusive[drawn.kind == k].mean() for k in range(3)]
    odds = [k.inclusive_weight for k in facts.supply.kind]
    assert np.argsort(rates).tolist() == np.argsort(odds).tolist(), "the likelier, the more"


def test_where_the_odds_are_nothing_nobody_is_recognised(facts: CityFacts) -> None:
    kinds = tuple(k.model_copy(update={"inclusive_weight": 0.0}) for k in facts.supply.kind)
    none = facts.model_copy(update={"supply": facts.supply.model_copy(update={"kind": kinds})})
    assert not draw(none).inclusive.any()


def test_fees_have_their_kinds_mean(facts: CityFacts, drawn: Institutions) -> None:
    """Before the inclusive discount; dispersion and quality leave the mean alone."""
    discount = np.where(drawn.inclusive, 1 - facts.supply.inclusive_discount, 1.0)
    for k, about in enumerate(facts.supply.kind):
        fees = (drawn.fee / discount[:, None])[drawn.kind == k]
        sd = np.sqrt(np.exp(about.fee_sd**2 + facts.supply.quality_fee**2) - 1)
        assert fees.mean(axis=0) == pytest.approx(about.fees, rel=4.5 * sd / np.sqrt(len(fees)) + 1e-9)
        ratios = fees / fees[:, [0]]
        assert np.allclose(ratios, ratios[0]), "one level for all bands of an institution"
    assert np.corrcoef(drawn.quality, np.log(drawn.fee[:, 0] / discount))[0, 1] > 0.2, "the better are dearer"


def test_traits_follow_the_kind(facts: CityFacts, drawn: Institutions) -> None:
    for k, about in enumerate(facts.supply.kind):
        mine = drawn.kind == k
        share = about.registered_share
        assert abs(drawn.registered[mine].mean() - share) <= 4.5 * np.sqrt(share * (1 - share) / mine.sum())
        assert (drawn.pays_rent[mine] == about.pays_rent).all()
        assert (drawn.steers[mine] == (about.fee_rule == "utilisation")).all()
    assert drawn.kind_names == tuple(k.name for k in facts.supply.kind)
    assert abs(drawn.quality.mean()) < 5 / np.sqrt(len(drawn))
    assert drawn.quality.std() == pytest.approx(1.0, abs=0.1)


def test_addresses_are_stable_and_unique(facts: CityFacts, drawn: Institutions) -> None:
    """An institution's address and what is drawn by it do not move when others join."""
    assert len(np.unique(drawn.id)) == len(drawn)
    fewer = draw(facts, 30.0)
    where = {int(i): n for n, i in enumerate(drawn.id)}
    rows = [where[int(i)] for i in fewer.id]
    assert np.array_equal(fewer.quality, drawn.quality[rows])
    assert np.array_equal(fewer.registered, drawn.registered[rows])


def test_renamed_kinds_are_the_same_institutions(facts: CityFacts, drawn: Institutions) -> None:
    kinds = tuple(k.model_copy(update={"name": f"kind {n}"}) for n, k in enumerate(facts.supply.kind))
    renamed = draw(facts.model_copy(update={"supply": facts.supply.model_copy(update={"kind": kinds})}))
    for column in ("id", "position", "quality", "fee", "classes", "inclusive", "registered"):
        assert np.array_equal(getattr(renamed, column), getattr(drawn, column)), column


def test_another_replication_is_another_supply(facts: CityFacts, drawn: Institutions) -> None:
    other = draw(facts, replication=1)
    assert np.array_equal(other.id, drawn.id)
    assert abs(np.corrcoef(other.quality, drawn.quality)[0, 1]) < 5 / np.sqrt(len(drawn))


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=20))
@settings(max_examples=30)
def test_a_band_is_served_where_a_class_admits_it(seats: list[list[int]]) -> None:
    table = np.array(seats, np.int32)
    for row, served in zip(table, bands_served(table), strict=True):
        mixed = row[MIXED] > 0
        assert served.tolist() == [row[0] > 0, row[1] > 0 or mixed, row[2] > 0 or mixed]


@pytest.mark.parametrize(("key", "value"), [("institutions", 0), ("places", 0)])
def test_no_institutions_and_no_places_are_no_trouble(facts: CityFacts, key: str, value: int) -> None:
    none = draw(facts.model_copy(update={"supply": facts.supply.model_copy(update={key: value})}))
    assert not none.classes.any()
    assert len(none) == (0 if key == "institutions" else 560)


def test_a_limit_is_one_class_of_at_most_so_many(facts: CityFacts) -> None:
    """Home-based points: their only class is no larger, whatever the city's places come to."""
    kinds = list(facts.supply.kind)
    kinds[1] = kinds[1].model_copy(update={"children_limit": 6, "mean_places": 5.0})
    there = draw(facts.model_copy(update={"supply": facts.supply.model_copy(update={"kind": tuple(kinds)})}))
    home = there.kind == 1
    assert (there.classes[home].sum(axis=1) == 1).all()
    assert there.seats[home].sum(axis=1).max() == 6, "classes of eight and ten hold six"
    assert there.seats[home].sum(axis=1).min() == 5
    assert np.array_equal(there.single, home)
    assert np.array_equal(there.class_seats[~home], np.tile(facts.classes.sizes, ((~home).sum(), 1)))


WRONG_KINDS = {
    "services": ('[{ name = "hourly", share = 0.1, fee_share = 0.4, children_per_place = 4 }]', "one class"),
    "mean_places": ("7", "children_limit, 6"),
}


@pytest.mark.parametrize("key", WRONG_KINDS)
def test_a_limit_is_kept_to_by_the_rest_of_the_kind(key: str) -> None:
    value, words = WRONG_KINDS[key]
    limited = ("city.supply.kind[1].children_limit=6", "city.supply.kind[1].mean_places=5")
    load(HAMLET, limited)
    with pytest.raises(BadScenario, match=words):
        load(HAMLET, (*limited, f"city.supply.kind[1].{key}={value}"))


@pytest.mark.parametrize(
    ("services", "words"),
    [
        ('[{ name = "hourly", share = 0.6, fee_share = 1, children_per_place = 4 }, '
         '{ name = "half_day", share = 0.5, fee_share = 1, children_per_place = 2 }]', "sum to at most 1"),
        ('[{ name = "hourly", share = 0.1, fee_share = 1, children_per_place = 4 }, '
         '{ name = "hourly", share = 0.1, fee_share = 1, children_per_place = 4 }]', "each of them once"),
        ('[{ name = "hourly", share = 0.1, fee_share = 1, children_per_place = 7 }]', "6"),
    ],
)  # fmt: skip
def test_services_that_cannot_be_are_refused(services: str, words: str) -> None:
    with pytest.raises(BadScenario, match=words):
        load(HAMLET, (f"city.supply.kind[0].services={services}",))


def test_somebody_takes_all_families() -> None:
    everywhere = tuple(f"city.supply.kind[{k}].workers_only=true" for k in range(3))
    load(HAMLET, everywhere[:2])
    with pytest.raises(BadScenario, match="open to all families"):
        load(HAMLET, everywhere)


def test_more_services_need_room_among_the_candidates() -> None:
    offered = 'city.supply.kind[0].services=[{ name = "hourly", share = 0.1, fee_share = 1, children_per_place = 4 }]'
    load(HAMLET, (offered, "city.families.candidates=8"))
    with pytest.raises(BadScenario, match="at most 8"):
        load(HAMLET, (offered, "city.families.candidates=9"))


def test_sites_for_later_change_nothing_of_what_stands(facts: CityFacts) -> None:
    """They come after the others, with addresses of their own, and open one after another over the planned years."""
    supply = facts.supply.model_copy(update={"later_sites": 6, "planned_per_year": 2.0})
    one, more = (draw_institutions(s, facts.classes, facts.district, Luck(7, 0), 40.0) for s in (facts.supply, supply))
    n = len(one)
    assert len(more) == n + 240
    for column in fields(Institutions):
        if column.name not in ("kind_names", "owner"):
            assert np.array_equal(getattr(one, column.name), getattr(more, column.name)[:n]), column.name
    assert len(set(more.id.tolist())) == len(more)
    assert more.stands[:n].all()
    assert not more.stands[n:].any()
    assert (more.classes[n:].sum(axis=1) >= 1).all()
    months = np.sort(more.opens_after[n:])
    assert months[0] > 0
    assert months[-1] < 36
    assert np.abs(np.histogram(months, 3, (0, 36))[0] - 80).max() < 30, "two a year of fourteen"


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_fees_stand_at_the_published_mean(facts: CityFacts, scale: float) -> None:
    """Of the full-day places that stand, whatever was drawn; all fees move by one factor."""
    kinds = tuple(
        k.model_copy(
            update={"services": (ServiceFacts(name="half_day", share=0.4, fee_share=0.6, children_per_place=2),)}
        )
        for k in facts.supply.kind
    )
    supply = facts.supply.model_copy(update={"kind": kinds, "later_sites": 5, "planned_per_year": 1.0})
    as_they_are, scaled = (
        draw(facts.model_copy(update={"supply": supply.model_copy(update={"mean_fee": mean})}), scale)
        for mean in (0.0, 1900.0)
    )
    counted = (scaled.service == 0) & (scaled.opens_after == 0)
    infant, toddler, older, mixed = scaled.seats[counted].T  # of a mixed class a third are toddlers, by its months
    places = np.column_stack([infant, toddler + mixed / 3, older + mixed * 2 / 3])
    assert np.average(scaled.fee[counted], weights=places) == pytest.approx(1900, rel=1e-12)
    assert np.ptp(scaled.fee / as_they_are.fee) < 1e-12
    assert (scaled.service > 0).any()
    assert np.average(as_they_are.fee[counted], weights=places) != pytest.approx(1900, rel=1e-3)
