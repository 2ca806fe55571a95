"""Passing over is exact: an arm in which nobody is weighed who need not be is the arm in which everybody is."""

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

import numpy as np
import pytest
from town import Town, differences, instrument, settle, within

from sim.engine.phases import decisions
from sim.engine.schedule import run_to
from sim.engine.state import State
from sim.kernels.columns import BAND_OF_PART, CLOSED, ENROLLED, ENTRY, LEAST, PARTS, SLOPES, Tariff
from sim.kernels.passing import LIFT, Reach

TIERS = [
    {"months": [0, 24], "face_value": 900, "per_round": 30},
    {"months": [25, 47], "face_value": 400, "per_round": 30},
]


def last_state(town: Town, passes: bool, *own: Any, waiting: float = 0.0) -> tuple[State, int]:
    """The state in which the window ends under a policy, and how many children were weighed on their decision days."""
    replication, facts = town.replication, town.world.facts.families.model_copy(update={"deferral": waiting})
    city = replication.city(replication.checkpoint(town.span.counted), within(town.scenario, own), facts)
    city.passes = passes
    run_to(city, town.span.end)
    return city.state, int(city.work.weighed[0])


def columns(state: State) -> dict[str, Any]:
    """Every column of a state, the ledger's among them, by name."""
    out: dict[str, Any] = {}
    for part in ("children", "offers", "vouchers"):
        out |= getattr(state, part)._asdict()
    for part in ("ledger", "instruments"):
        out |= {f"{part}.{name}": value for name, value in vars(getattr(state, part)).items()}
    for part in ("market", "chronicle"):
        for group, held in vars(getattr(state, part)).items():
            within_group = vars(held) if is_dataclass(held) else {"": held}
            out |= {f"{part}.{group}.{name}": value for name, value in within_group.items()}
    return out


def unlike(one: State, other: State) -> list[str]:
    """Names of the columns in which two states differ."""
    mine, theirs = columns(one), columns(other)
    return [name for name in mine if not _same(mine[name], theirs[name])]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if not isinstance(one, np.ndarray):
        return bool(one == other)
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


POLICIES: dict[str, Callable[[Town], tuple[Any, ...]]] = {
    **{
        f"vouchers by {way}": lambda town, way=way: (
            instrument("voucher_pool", allocation=way, tranches=TIERS, aware_others=0.8, start=town.day(0, 10)),
        )
        for way in ("lottery", "first_come", "lowest_income", "new_families_first")
    },
    "vouchers that institutions tell of": lambda town: (
        instrument("voucher_pool", tranches=TIERS, told_by_centres=0.5, start=town.day(0, 10)),
    ),
    "half of every fee": lambda town: (instrument("fee_subsidy", rate=0.5, start=town.day(1)),),
    "a subsidy that runs dry within a month": lambda town: (
        instrument("fee_subsidy", rate=0.3, budget=60_000.0, start=town.day(1, 9)),
    ),
    "for the poor alone": lambda town: (
        instrument("fee_subsidy", rate=0.6, income_limit=12_000.0, start=town.day(1)),
        instrument("fee_subsidy", amount=300.0, bands=("infant",), start=town.day(2, 20)),
    ),
    "a cap and a scheme": lambda town: (
        instrument("fee_cap", toddler=1900.0, older_toddler=1700.0, start=town.day(1)),
        instrument("operating_subsidy", yuan_per_child=900.0, months_cap=12, start=town.day(0)),
    ),
    "new places": lambda town: (instrument("public_provision", sites=2, start=town.day(0)),),
    "cash and vouchers": lambda town: (
        instrument("cash_allowance", yuan_per_month=900.0, from_months=0, to_months=36, start=town.day(1, 15)),
        instrument("voucher_pool", tranches=TIERS, start=town.day(0, 5)),
    ),
}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("where", ["town", "busy", "steady", "taught"])
def test_an_arm_is_the_same_with_everybody_weighed(name: str, where: str, request: pytest.FixtureRequest) -> None:
    town: Town = request.getfixturevalue(where)
    (passing, few), (weighing, all_) = (last_state(town, passes, *POLICIES[name](town)) for passes in (True, False))
    assert unlike(passing, weighing) == []
    assert few < all_
    if "vouchers by" in name:
        assert few < 0.5 * all_, "most are passed over"


@pytest.mark.parametrize("where", ["town", "busy"])
def test_an_arm_in_which_families_wait_is_the_same_with_everybody_weighed(
    where: str, request: pytest.FixtureRequest
) -> None:
    town: Town = request.getfixturevalue(where)
    policy = POLICIES["vouchers by new_families_first"](town)
    (passing, few), (weighing, all_) = (last_state(town, passes, *policy, waiting=1.0) for passes in (True, False))
    assert unlike(passing, weighing) == []
    assert few < 0.5 * all_
    assert unlike(passing, last_state(town, True, *policy)[0]), "it matters"


@pytest.fixture(scope="module")
def patient() -> Town:
    """A hamlet in which families put off an entry with no policy yet: the pool that puts new ones first stands."""
    first = instrument("voucher_pool", allocation="new_families_first", tranches=TIERS, aware_others=0.9)
    return settle("city.families.deferral=1.0", standing=(first,))


@pytest.mark.parametrize("name", ["half of every fee", "for the poor alone", "vouchers by lottery", "new places"])
def test_an_arm_of_a_city_in_which_families_wait_is_the_same_with_everybody_weighed(name: str, patient: Town) -> None:
    policy = POLICIES[name](patient)
    (passing, few), (weighing, all_) = (last_state(patient, passes, *policy, waiting=1.0) for passes in (True, False))
    assert unlike(passing, weighing) == []
    assert few < all_


@pytest.mark.parametrize("name", ["half of every fee", "vouchers by new_families_first"])
def test_no_price_falls_by_more_than_its_bound(name: str, patient: Town) -> None:
    """By what families weigh, with what they would put off: looked at offer by offer on every day on which it moves."""
    replication, seen = patient.replication, []
    facts = patient.world.facts.families
    city = replication.city(
        replication.checkpoint(patient.span.counted), within(patient.scenario, POLICIES[name](patient)), facts
    )
    right = decisions.reach_of

    def looked_at(here: Tariff, value: Any, there: Tariff, value_there: Any, group_there: Any, *rest: Any) -> Reach:
        reach = right(here, value, there, value_there, group_there, *rest)
        shape = (SLOPES, -1, 3, value.shape[1])
        now, then = (t.prices.astype(float)[:SLOPES].reshape(shape) for t in (here, there))
        falls = then[:, group_there] - now
        for part in range(PARTS):
            counts = (value[part] > CLOSED) & (value[part].astype(float) - value_there[part] <= LIFT)
            most = falls[:, :, BAND_OF_PART[part]][:, :, counts].max(axis=2)
            assert (reach.fall[:, part] >= np.maximum(most, 0)).all()
            assert reach.fall[:, part] == pytest.approx(np.maximum(most, 0), rel=1e-4, abs=1e-3), "and no more"
        waits = [t.prices[ENTRY] - t.bare[ENTRY] for t in (here, there)]
        seen.append((waits[0].max(), waits[1].max()))
        return reach

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decisions, "reach_of", looked_at)
        run_to(city, patient.span.end)
    assert len(seen) > 12
    assert max(there for _, there in seen) > 50.0, "in the baseline an entry is put off"
    assert any(abs(here - there) > 20.0 for here, there in seen), "and under the policy by more or less"


def test_no_price_is_below_the_lowest(patient: Town) -> None:
    """Not those of institutions, either, for whom a round comes before the first bill, at the odds of the new."""
    city = patient.replication.city(patient.replication.checkpoint(patient.span.counted), ())
    run_to(city, patient.span.counted + 4)
    today, lower = patient.day(3, 28), 0
    for coming in (False, True):
        tariff = city.tariff_on(today, patient.day(4), coming)
        every = np.minimum(tariff.prices, tariff.bare)[:SLOPES].reshape(SLOPES, -1, 3, tariff.posted.shape[1])
        least = every.min(axis=(1, 3))[:, list(BAND_OF_PART)]
        assert (tariff.bounds[LEAST : LEAST + SLOPES] <= least).all()
        lower += int((least[ENTRY] < least[ENROLLED] - 5.0).any())
    assert lower == 1, "as new a family expects more of the round before its first bill"


def test_the_baseline_run_as_an_arm_differs_nowhere(busy: Town) -> None:
    idle = instrument("fee_subsidy", rate=0.0, start=busy.day(0))
    assert differences(busy.run(idle), busy.baseline) == []
    _, few = last_state(busy, True, idle)
    _, all_ = last_state(busy, False, idle)
    assert few < 0.5 * all_


# ---- planted faults


def halved(reach: Reach, here: Tariff) -> Reach:
    """Bounds that forget half of what a fee moved by: as if the baseline's lay half as far from the policy's."""
    institutions = reach.sink.shape[1]
    there = reach.prices.reshape(3, -1, 3, institutions)
    first = [int(np.flatnonzero(reach.there == g)[0]) for g in range(there.shape[1])]
    now = here.prices.reshape(3, -1, 3, institutions)[:, first]
    return reach._replace(fall=reach.fall / 2, prices=((now + there) / 2).reshape(3, -1))


def test_half_a_bound_is_caught(busy: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = POLICIES["half of every fee"](busy)
    weighing, _ = last_state(busy, False, *policy)
    right = decisions.reach_of
    monkeypatch.setattr(decisions, "reach_of", lambda *args: halved(right(*args), args[0]))
    passing, _ = last_state(busy, True, *policy)
    assert unlike(passing, weighing)


def test_a_margin_that_looks_only_at_free_seats_is_caught(busy: Town) -> None:
    """Children who sat tight for want of a seat would be passed over, and not be there when one comes free."""
    policy = POLICIES["new places"](busy)
    weighing, _ = last_state(busy, False, *policy)
    log, kept = busy.replication.log, []
    for month in range(busy.span.counted, busy.span.end):
        notes = log.on(busy.day(month - busy.span.counted))[0]
        kept.append((notes, notes.margin.copy()))
        sat_tight = (notes.margin < 0) & (notes.at == notes.sat)
        notes.margin[sat_tight] = 50.0
    try:
        passing, _ = last_state(busy, True, *policy)
    finally:
        for notes, margin in kept:
            notes.margin[:] = margin
    assert unlike(passing, weighing)
