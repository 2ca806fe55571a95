"""A policy's class opens where an owner builds one of its own too; the policy pays for its own alone."""

from functools import cache

import numpy as np
import pytest
from town import SETTLED, Town, instrument, settle

from sim.engine.recorder import CITY_TOTALS

PLACE = 3000.0
BAND = {"older_toddler": 2, "toddler": 1}


@cache
def building() -> Town:
    """A hamlet so full that every kindergarten builds a class of its own in every month of the window."""
    crowded = ("city.supply.places=150", "city.classes.fit_out_yuan=0", "city.supply.review_months=1")
    return settle(*SETTLED, *crowded)


def kindergartens(town: Town):
    institutions = town.world.institutions
    return np.flatnonzero(institutions.kind == institutions.kind_names.index("kindergarten"))


def test_here_none_is_free() -> None:
    town = building()
    for _, state in town.states():
        assert (state.market.opens_in[kindergartens(town)] > 0).any(axis=1).all()


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
