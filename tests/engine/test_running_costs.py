"""Running costs of a programme: to whom they go and when, and what a budget that bears them leaves for the rest."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from town import Town, instrument, own_claims, within

from sim.engine.replication import run_to
from sim.engine.state import State
from sim.engine.support import borne
from sim.engine.treasury import SUPPLIERS

MONTHLY = {"running_yuan_per_month": 1234.5}  # 123,450 fen


def last_state(town: Town, *own: Any) -> State:
    """The state in which the window ends, under a policy from its beginning."""
    replication = town.replication
    city = replication.city(replication.checkpoint(town.span.counted), within(town.scenario, own))
    run_to(city, town.span.end)
    return city.state


@pytest.mark.parametrize(
    ("kind", "lag", "parameters"),
    [
        ("fee_subsidy", 2, {"amount": 100.0, "payment_lag_months": 2}),
        ("operating_subsidy", 1, {"yuan_per_child": 100.0}),
        ("cash_allowance", 3, {"yuan_per_month": 100.0, "to_months": 36, "payment_lag_months": 3}),
        ("quality_programme", 1, {"yuan_per_institution": 500.0}),
        ("fee_cap", 0, {"toddler": 2000.0}),
    ],
)
def test_suppliers_get_them_after_the_lag_and_nobody_else_has_more(
    kind: str, lag: int, parameters: dict[str, Any], town: Town
) -> None:
    """On the ledger, month by month, beside the same instrument that costs nothing to run."""
    start, first = town.day(1), town.span.counted - town.span.first
    free, run = (last_state(town, instrument(kind, start=start, **parameters, **more)) for more in ({}, MONTHLY))
    more = (run.ledger.book - free.ledger.book)[first:]
    months = np.arange(len(more))
    assert (more[:, SUPPLIERS] == 123_450 * (months >= 1 + lag)).all()
    assert not np.delete(more, SUPPLIERS, axis=1).any()
    owed = run.ledger.outstanding()[-1] - free.ledger.outstanding()[-1]
    assert owed == 123_450 * lag
    for month in range(len(run.ledger.book)):
        run.ledger.check(month)


def paid(town: Town, budget: float | None, running: float) -> NDArray[np.int64]:
    """Claims by month of a subsidy that would pay some 30,000 yuan a month [fen]."""
    tool = instrument("fee_subsidy", rate=0.1, budget=budget, running_yuan_per_month=running)
    return np.asarray(own_claims(town.run(tool))[:, 0])


def test_a_budget_bears_them_and_they_end_with_it(town: Town) -> None:
    """As it bears all that an instrument spends: a yuan of either ends it alike, and nothing is due afterwards."""
    lasting = paid(town, None, 5_000.0)
    budget = float(lasting[:3].sum() + 100_000) / 100  # three months, and 1,000 yuan of the fourth
    spent = paid(town, budget, 5_000.0)
    assert (spent[:3] == lasting[:3]).all()
    assert spent[3] == 100_000
    assert not spent[4:].any()


def test_the_last_of_a_budget_is_paid_in_part(town: Town) -> None:
    """Of an instrument that does nothing but run: two months and a half."""
    alone = instrument("fee_subsidy", budget=25.0, running_yuan_per_month=10.0)
    assert own_claims(town.run(alone))[:, 0].tolist()[:4] == [1000, 1000, 500, 0]


@pytest.mark.parametrize(
    ("running", "expected"),
    [(0.0, 0.5), (100.0, 600.0 / 1800.0), (1e6, 600.0 / 6_001_200.0)],
)
def test_owners_count_on_what_a_budget_bears_beside_them(running: float, expected: float) -> None:
    """600 yuan are left of 1,200 to come over six months, in each of which running it costs something too."""
    tool = instrument("operating_subsidy", yuan_per_child=100.0, budget=5_000.0, running_yuan_per_month=running)
    assert borne(tool, 60_000, 1_200.0, 6) == pytest.approx(expected)
    free = tool.model_copy(update={"budget": None})
    assert borne(free, 60_000, 1_200.0, 6) == 1.0
