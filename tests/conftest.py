"""Towns that many tests look at and none changes; each is drawn once."""

import pytest
from hypothesis import settings
from town import SETTLED, Town, instrument, settle

settings.register_profile("laws", deadline=None, derandomize=True)
settings.load_profile("laws")


@pytest.fixture(scope="session")
def town() -> Town:
    """The hamlet as its file describes it: crowded, with lists that are new to owners, and reviews."""
    return settle()


@pytest.fixture(scope="session")
def steady() -> Town:
    """The hamlet with subsidies at public and registered private institutions, no cash, and families closed to care."""
    public = instrument("fee_subsidy", amount=100.0, kinds=("public",))
    private = instrument("fee_subsidy", amount=30.0, kinds=("private",), standing="registered")
    return settle("city.families.open_share=0.6", standing=(public, private))


@pytest.fixture(scope="session")
def taught() -> Town:
    """The hamlet where trying teaches most of a quality that counts for much, and a month in care leaves a habit."""
    keys = {"quality_seen": 0.2, "quality_yuan": 900, "habit_yuan": 500, "stickiness": 0.3}
    return settle(*(f"city.families.{key}={value}" for key, value in keys.items()))


@pytest.fixture(scope="session")
def roomy() -> Town:
    """The hamlet with places without limit, so that no child stands in another's way."""
    return settle(*SETTLED, unlimited=True)


@pytest.fixture(scope="session")
def busy() -> Town:
    """A hamlet in which every kind of money stands under every policy."""
    return settle(
        standing=(
            instrument("cash_allowance", yuan_per_month=300.0),
            instrument("fee_subsidy", rate=0.15, ceiling=250.0, budget=300_000.0, payment_lag_months=2),
            instrument("operating_subsidy", yuan_per_child=200.0, fee_cut=100.0, places=120, standing="any"),
            instrument(
                "voucher_pool",
                payment_lag_months=0,
                aware_others=0.9,
                hassle=1.0,
                redeem_at="any",
                roll_over=True,
                tranches=[
                    {"months": [0, 12], "face_value": 1000.0, "per_round": 15},
                    {"months": [13, 47], "face_value": 700.0, "per_round": 60},
                ],
            ),
        ),
    )
