"""Cities without something: nobody enrols, nothing is divided by nothing, and every month still closes."""

import numpy as np
import pytest
from town import Town, instrument, settle, total

from sim.policy.instrument import Instrument

VOUCHERS = instrument("voucher_pool", hassle=0.0, tranches=[{"months": [0, 47], "face_value": 500.0, "per_round": 40}])
POLICIES: list[tuple[Instrument, ...]] = [
    (VOUCHERS,),
    (instrument("fee_subsidy", rate=0.5, income_limit=9000.0),),
    (instrument("operating_subsidy", yuan_per_child=500.0, fee_cut=100.0, standing="any"),),
    (instrument("cash_allowance", yuan_per_month=100.0),),
    (instrument("home_care_allowance", yuan_per_month=100.0),),
]


@pytest.fixture(scope="module", params=["institutions", "places"])
def bare(request: pytest.FixtureRequest) -> Town:
    """A town without institutions, or whose institutions have no places: no scenario, but the engine can hold it."""
    return settle(supply={request.param: 0, "later_sites": 0})


def test_without_places_nobody_enrols(bare: Town) -> None:
    record = bare.baseline
    for name in ("enrolled", "enrolled_child_months", "waiting", "posted_fen", "place_thirds", "institutions"):
        assert not total(record, name).any()
    assert (total(record, "children") > 0).all()
    assert not len(record.stays["child"])


@pytest.mark.parametrize("own", POLICIES, ids=lambda own: type(own[0]).__name__)
def test_without_places_no_policy_enrols_anyone(bare: Town, own: tuple[Instrument, ...]) -> None:
    record = bare.run(*own)
    assert not total(record, "enrolled").any()
    assert not len(record.claim_child)
    paid = record.claims[:, record.own].any()
    assert paid == own[0].pays_families, "cash needs no place"
    assert not record.tranche.any() or record.tranche[3].sum() == record.tranche[3, :, 0].sum() > 0


def test_a_year_without_births_leaves_no_children() -> None:
    quiet = settle(*(f"city.births.by_year.{y}=0" for y in range(2022, 2028)), "run.until=2025-12-31")
    children = total(quiet.baseline, "children")
    assert children[0] == 0
    assert not total(quiet.baseline, "enrolled")[6:].any(), "the last have gone to kindergarten in September"
    for own in POLICIES:
        record = quiet.run(*own)
        assert (record.claims[:, record.own] >= 0).all()


def test_free_care_for_all_is_no_trouble() -> None:
    free = settle(*(f"city.supply.kind[{k}].fees=[0, 0, 0]" for k in range(3)))
    assert total(free.baseline, "enrolled").all()
    assert not total(free.baseline, "posted_fen").any()
    record = free.run(VOUCHERS, instrument("fee_subsidy", rate=1.0))
    assert not record.claims[:, record.own].any(), "nothing is asked, so nothing is owed"


def test_a_window_of_one_month_closes() -> None:
    brief = settle("run.count_from=2025-03-01", "run.until=2025-03-31")
    assert brief.baseline.months() == 1
    record = brief.run(VOUCHERS)
    assert np.isfinite(record.concentration).all()
    assert total(record, "enrolled").shape == (1,)
