"""What several instruments open is thinned as one number: none is made up, and none lost that there is room for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from town import HAMLET, instrument

from sim.draws import Luck
from sim.policy.thinning import rounded, thinned
from sim.report import notes as report
from sim.report.words import LANGUAGES
from sim.scenario.room import Ground, room_troubles
from sim.scenario.schema import load
from sim.study.plan import make_plan
from sim.study.run import _notes
from sim.world.institutions import draw_institutions

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6)
SCALES = st.one_of(st.sampled_from([0.02, 0.05, 0.15, 0.5, 1.0, 2.0]), st.floats(0.01, 3))


def provision(sites, **more):
    return instrument("public_provision", sites=sites, **more)


@pytest.mark.parametrize(("kind", "parameter"), [("public_provision", "sites"), ("kindergarten_conversion", "classes")])
@given(counts=COUNTS, scale=SCALES)
def test_many_open_as_many_as_one_would(kind, parameter, counts, scale) -> None:
    """In whatever order; each within one of its share, and one at least of whatever is opened."""
    chain = [instrument(kind, **{parameter: count}) for count in counts]
    got = [getattr(i, parameter) for i in thinned(chain, scale)]
    (alone,) = thinned([instrument(kind, **{parameter: sum(counts)})], scale)
    assert sum(got) == sum(getattr(i, parameter) for i in thinned(chain[::-1], scale)) == getattr(alone, parameter)
    assert sum(got) == (max(round(scale * sum(counts)), 1) if sum(counts) else 0)
    wanted = np.array(counts) * (sum(got) / max(sum(counts), 1))
    assert np.abs(np.array(got) - wanted).max() < 1
    if scale == 1:
        assert got == counts


def test_each_kind_is_thinned_by_itself() -> None:
    chain = [provision(1), provision(1, of_kind="kindergarten"), instrument("kindergarten_conversion", classes=1)]
    assert [o.count for i in thinned(chain, 0.05) if (o := i.opening()) is not None] == [1, 1, 1]


@pytest.fixture(scope="module")
def hamlet():
    return load(HAMLET)


@given(
    counts=COUNTS,
    districts=st.lists(st.sampled_from([(), (0,), (1,), (0, 1)]), min_size=6, max_size=6),
    reserve=st.integers(0, 60),
    scale=SCALES,
)
def test_what_is_said_to_fit_finds_its_sites(hamlet, counts, districts, reserve, scale) -> None:
    """Of the drawn city; and nothing is left out unsaid."""
    city, names = hamlet.city, [district.name for district in hamlet.city.district]
    supply = city.supply.model_validate(city.supply.model_dump() | {"reserved_sites": {"public": reserve}})
    run = hamlet.run.model_copy(update={"scale": scale})
    ground = Ground(run, city.model_copy(update={"supply": supply}), ())
    where = [tuple(names[n] for n in d if n < len(names)) for d in districts]
    chain = [provision(count, districts=at) for count, at in zip(counts, where, strict=False)]
    troubles = [*room_troubles(ground, chain)]
    if sum(counts) > reserve:
        assert troubles
    if troubles:
        return
    drawn = draw_institutions(supply, city.classes, city.district, Luck(1, 0), scale)
    thin = [o for i in thinned(chain, scale) if (o := i.opening()) is not None]
    assert len(thin) == sum(count > 0 for count in counts)
    for at in {(), *where}:
        bound = sum(o.count for o in thin if not at or (o.districts and {*o.districts} <= {*at}))
        here = np.isin(drawn.district, [n for n, name in enumerate(names) if not at or name in at])
        assert bound <= (drawn.reserved & here).sum()


def test_what_whole_numbers_change_is_told() -> None:
    """A single site weighs more, twenty vouchers of a tranche are gone; what comes out nearly whole is passed over."""
    pool = instrument(
        "voucher_pool",
        tranches=[
            {"months": [0, 23], "face_value": 800, "per_round": 20},
            {"months": [24, 47], "face_value": 500, "per_round": 20},
        ],
    )
    subsidy = instrument("operating_subsidy", yuan_per_child=100.0, places=20)
    unlimited = instrument("operating_subsidy", yuan_per_child=100.0)
    chain = [pool, provision(1), subsidy, unlimited, instrument("kindergarten_conversion", classes=200)]
    assert not [*rounded(chain, 1.0)]
    told = {(one.parameter, one.written, one.left) for one in rounded(chain, 0.02)}
    assert told == {("per_round", (20, 20), (1, 0)), ("sites", (1,), (1,)), ("places", (20,), (0,))}
    assert not [*rounded([instrument("voucher_pool", tranches=[])], 0.02)], "an idle instrument is left out anyway"


def test_the_manifest_notes_what_thinning_changes(hamlet) -> None:
    pool = instrument("voucher_pool", tranches=[{"months": [0, 47], "face_value": 500, "per_round": 20}])
    policies = (hamlet.policies[0], replace(hamlet.policies[0], name="vouchers", instruments=(pool, provision(1))))
    small = replace(hamlet, policies=policies, run=hamlet.run.model_copy(update={"scale": 0.02}))
    notes = [note for note in _notes(make_plan(small)) if note["key"].startswith("thinned")]
    assert [(note["key"], note["policy"], note["parameter"], note["left"]) for note in notes] == [
        ("thinned_away", "vouchers", "voucher_pool.per_round", ["0"]),
        ("thinned", "vouchers", "public_provision.sites", ["1"]),
    ]
    for language in LANGUAGES:
        said = report.notes({"scale": 0.02, "notes": notes}, language)
        assert len(said) == 3
        assert all("20" in said[1] and "0.4" in said[1] and "{" not in line for line in said)
    city = report.notes({"notes": [notes[0] | {"policy": ""}]}, "en")
    assert city[0].startswith("Standing programmes of the city: ")
