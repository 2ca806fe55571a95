"""What a policy may open it finds room for, whatever the lots; and it pays for what it opened alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import HAMLET, SETTLED, Town, instrument, settle

from sim.draws import Luck
from sim.engine.recorder import CITY_TOTALS
from sim.policy.instrument import Instrument, Offered
from sim.scenario.room import Ground, room_troubles
from sim.scenario.schema import load
from sim.world.city import CityFacts
from sim.world.institutions import Institutions, draw_institutions

PLACE = 3000.0
BAND = {"older_toddler": 2, "toddler": 1}


@cache
def building() -> Town:
    """A hamlet so full that every kindergarten builds a class of its own in every month of the window."""
    crowded = ("city.supply.places=150", "city.classes.fit_out_yuan=0", "city.supply.review_months=1")
    return settle(*SETTLED, *crowded)


def kindergartens(town: Town) -> Any:
    institutions = town.world.institutions
    return np.flatnonzero(institutions.kind == institutions.kind_names.index("kindergarten"))


def test_here_none_is_free() -> None:
    town = building()
    for _, state in town.states():
        assert (state.market.sites.opens_in[kindergartens(town)] > 0).any(axis=1).all()


@pytest.mark.parametrize("band", BAND)
@pytest.mark.parametrize("months", [0, 3])
def test_classes_open_beside_those_that_owners_build(band: str, months: int) -> None:
    """As many as the policy says, at the month it says, though an owner's of the same band is under way."""
    town = building()
    count = len(kindergartens(town))
    told = {"classes": count, "band": band, "yuan_per_place": PLACE, "building_months": months}
    policy = town.run(instrument("kindergarten_conversion", **told))
    opened = CITY_TOTALS.index("openings")
    more = policy.city[opened] - town.baseline.city[opened]
    ready = 1 + months
    assert more.nonzero()[0][0] == ready
    assert more[ready] == count
    size = int(town.world.institutions.class_seats[0, BAND[band]])
    assert policy.claims[:, policy.own].sum() == 100 * PLACE * size * count, "only its own classes, each once"


@cache
def hamlet() -> Any:
    return load(HAMLET)


def ground(standing: Sequence[Instrument] = (), sites: int = 3) -> Ground:
    """The hamlet with sites kept for policies, two in three of them in its first district."""
    scenario = hamlet()
    supply = scenario.city.supply.model_validate(
        scenario.city.supply.model_dump() | {"reserved_sites": {"public": sites}}
    )
    return Ground(scenario.run, scenario.city.model_copy(update={"supply": supply}), tuple(standing))


@cache
def drawn(sites: int) -> Institutions:
    city = ground(sites=sites).city
    return draw_institutions(city.supply, city.classes, city.district, Luck(1, 0), 1.0)


def sites_seen(city: CityFacts, institutions: Institutions) -> Offered:
    """The drawn city as instruments see it while nobody has opened anything."""
    size = len(institutions)
    nowhere, nothing = np.zeros(size, bool), np.zeros(size)
    return Offered(
        kind=institutions.kind,
        kind_names=institutions.kind_names,
        registered=nowhere,
        inclusive=nowhere,
        enrolled=np.zeros((size, 3), np.int64),
        id=institutions.id,
        district=institutions.district,
        district_names=tuple(d.name for d in city.district),
        runs=nowhere,
        reserved=institutions.reserved,
        vacant=institutions.reserved,
        may_build=nowhere,
        building=nowhere,
        first_row=np.ones(size, bool),
        utilities=nothing,
        rent=nothing,
        quality_yuan=0.0,
    )


WHERE = ((), ("East",), ("West",), ("East", "West"))
STARTS = (None, date(2025, 5, 1), date(2025, 6, 1))
OPENED = st.lists(st.tuples(st.integers(1, 2), st.sampled_from(WHERE), st.sampled_from(STARTS)), max_size=2)


@settings(max_examples=300)
@given(standing=OPENED, own=OPENED, sites=st.integers(2, 5), luck=st.integers(0, 9))
def test_whoever_is_said_to_fit_finds_its_sites_whatever_the_lots(
    standing: list[Any], own: list[Any], sites: int, luck: int
) -> None:
    """Each draws in its turn among what those before it left, in districts that overlap."""
    said = [
        [instrument("public_provision", sites=n, districts=d, start=s) for n, d, s in each] for each in (standing, own)
    ]
    place = ground(said[0], sites)
    if [*room_troubles(replace(place, standing=()), said[0])] or [*room_troubles(place, said[1])]:
        return
    first = {0: date(2024, 1, 1), 1: place.run.counted_from}
    turns = sorted(((i.start or first[n], n, m) for n, chain in enumerate(said) for m, i in enumerate(chain)))
    offered, rng = sites_seen(place.city, drawn(sites)), np.random.default_rng(luck)
    for _, n, m in turns:
        columns = {name: np.zeros(len(offered.kind), bool) for name in ("provided", "unpaid")}
        said[n][m].begin(offered, rng.random(len(offered.kind)), columns)
        assert columns["provided"].sum() == said[n][m].opening().count
        offered = replace(offered, vacant=offered.vacant & ~columns["provided"])


def test_bound_to_a_district_before_those_that_are_not_all_find_room() -> None:
    """In the other order the first may take the second's only site, so that is refused; the city has two and one."""
    east, any_two = (
        instrument("public_provision", sites=2, districts=("East",)),
        instrument("public_provision", sites=1),
    )
    assert not [*room_troubles(ground(), [east, any_two])]
    ((position, (key, found, expected)),) = room_troubles(ground(), [any_two, east])
    assert (position, key, found) == (1, ("sites",), 2)
    assert expected.startswith("at most 1, the sites that city.supply.reserved_sites keeps for public in East, less")


def test_what_stood_before_the_run_begins_with_it() -> None:
    """Two programmes of long ago both build on the first simulated day, so the second finds the first building."""
    long_ago = [instrument("kindergarten_conversion", classes=4, start=date(year, 1, 1)) for year in (2010, 2012)]
    ((position, (_, _, expected)),) = room_troubles(ground(), long_ago)
    assert position == 1
    assert expected.startswith("at most 0")
