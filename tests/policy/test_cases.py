"""Each instrument against cases worked by hand, in yuan; see `cases/README.md`."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from town import HAMLET, Child, House, instrument, lay_out, settle, total

from sim import dates
from sim.policy.menu import menu
from sim.scenario.schema import load

CASES = Path(__file__).with_name("cases")
BILL = date(2025, 2, 15)


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['rule']}")
        for path in sorted(CASES.glob("*.toml"))
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]


def tool(table: dict[str, Any]):
    """An instrument as it stands in a case; of a pool everyone knows, and applying costs nothing."""
    sure = {"hassle": 0.0, "aware_enrolled": 1.0, "aware_others": 1.0} if table["kind"] == "voucher_pool" else {}
    return instrument(**{**sure, **table})


@pytest.mark.parametrize("case", cases())
def test_a_case_worked_by_hand(case: dict[str, Any]) -> None:
    months = case.get("over_months", 1)
    end = dates.date_in(dates.month_of(BILL) + months) - timedelta(days=1)
    window = ("run.start=2025-02-01", "run.count_from=2025-02-01", f"run.until={end}", "run.burn_in_months=1")
    facts = load(HAMLET, window).city
    asks, about = case["institution"], case["child"]
    kind = [k.name for k in facts.supply.kind].index(asks["kind"])
    house = House(
        fee=(float(asks["fee"]),) * 3,
        kind=kind,
        registered=asks.get("registered", True),
        inclusive=asks.get("inclusive", True),
        vacant=asks.get("vacant", False),
        pays_rent=asks.get("pays_rent", False),
    )
    born = dates.date_in(dates.month_of(BILL) - about["months"])
    child = Child(born, BILL.day, float(about["income"]), about.get("birth_order", 1))
    world, _ = lay_out(facts, [child], [house])
    record = settle(*window, standing=(), world=world).run(*(tool(table) for table in case["instruments"]))

    assert total(record, "enrolled_child_months").tolist() == case.get("enrolled", [1] * months)
    assert total(record, "posted_fen").sum() == fen(case["asked"])
    assert total(record, "net_fen").sum() == fen(case["family_pays"])
    assert record.claims.sum(axis=0).tolist() == [fen(claim) for claim in case["claims"]]


def fen(yuan: float) -> int:
    """Whole fen of a sum that a case gives in yuan and fen."""
    assert abs(yuan * 100 - round(yuan * 100)) < 1e-6, "cases are written to the fen"
    return round(yuan * 100)


@pytest.mark.parametrize("kind", menu())
def test_every_instrument_has_its_cases(kind: str) -> None:
    path = CASES / f"{kind}.toml"
    assert path.exists(), f"a new instrument comes with {path.name}: cases worked by hand"
    assert any(
        table["kind"] == kind
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
        for table in case["instruments"]
    )
