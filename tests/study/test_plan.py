"""Which arms share a city and its warm-up."""

import shutil
from pathlib import Path

import pytest

from sim.scenario.faults import BadScenario
from sim.scenario.schema import load
from sim.study.plan import Arm, make_plan

ROOT = Path(__file__).resolve().parents[2]
TEXT = """
title = "Homes"
extends = "cities/xian.toml"
[run]
source = "a test"
start = 2025-09-01
until = 2026-02-28
replications = 1
seed = 5
scale = 0.01
[[policy]]
name = "baseline"
[[policy]]
name = "subsidy"
  [[policy.instrument]]
  kind = "fee_subsidy"
  source = "a test"
  start = 2025-12-01
  rate = 0.2
[knowledge.assumptions]
moved = ["city.families.PARAMETER"]
"""
STANDING = """
[[instrument]]
kind = "KIND"
source = "a test"
start = 2020-01-01
"""


def moved_arms(folder: Path, parameter: str, standing: str = "") -> list[Arm]:
    """The two knowledge arms of a city in which a parameter is moved."""
    (folder / "cities").mkdir()
    city = (ROOT / "scenarios/cities/xian.toml").read_text(encoding="utf-8")
    (folder / "cities" / "xian.toml").write_text(city + standing, encoding="utf-8")
    path = folder / "homes.toml"
    path.write_text(TEXT.replace("PARAMETER", parameter), encoding="utf-8")
    plan = make_plan(load(path))
    arms = [arm for arm in plan.arms if arm.role == "knowledge"]
    assert len(arms) == 2
    assert len(plan.tasks()) == len({arm.home.end for arm in plan.arms}), "one city for each home"
    assert len(plan.jobs()) == len(plan.tasks()) + 3, "a baseline for each home, and three arms of their own"
    return arms


def test_what_speaks_only_with_a_policy_shares_the_central_warm_up(tmp_path: Path) -> None:
    for arm in moved_arms(tmp_path, "commitment_months"):
        assert arm.setting.city.families.commitment_months in (1, 10)
        assert arm.home.assumption == ""


def test_what_moves_the_baseline_has_a_warm_up_of_its_own(tmp_path: Path) -> None:
    assert all(arm.home == arm.setting for arm in moved_arms(tmp_path, "grandparent_weight"))


@pytest.mark.parametrize(
    ("kind", "central"),
    [("fee_subsidy", False), ("operating_subsidy", False), ("home_care_allowance", False), ("cash_allowance", True)],
)
def test_a_standing_programme_that_touches_fees_is_weighed_over_the_commitment(
    kind: str, central: bool, tmp_path: Path
) -> None:
    more = {
        "fee_subsidy": "rate = 0.1",
        "operating_subsidy": "fee_cut = 100.0",
        "cash_allowance": "yuan_per_month = 9.0",
        "home_care_allowance": "yuan_per_month = 9.0",
    }
    arms = moved_arms(tmp_path, "commitment_months", STANDING.replace("KIND", kind) + more[kind] + "\n")
    assert all((arm.home.assumption == "") == central for arm in arms)


POOL = """  [[policy.instrument]]
  kind = "voucher_pool"
  source = "a test"
  tranches = [{ months = [0, 47], face_value = 900, per_round = 40 }]
"""
LOT = """  [[policy.instrument]]
  kind = "subsidy_by_lot"
  source = "a test"
  winners = 100
  amount = 300
  until_months = { value = 48, low = UNTIL, high = 48 }
"""


@pytest.mark.parametrize(("until", "fits"), [(48, True), (20, False)])
def test_an_assumption_whose_end_tells_too_many_families_apart_is_refused(
    until: int, fits: bool, tmp_path: Path
) -> None:
    """Three pools and two lots are 384 groups of families; a lot that ends at an age of its own makes 768 of them."""
    head, _, _ = TEXT.partition("  [[policy.instrument]]")
    lots = LOT.replace("UNTIL", str(until)) + LOT.replace("{ value = 48, low = UNTIL, high = 48 }", "48")
    moved = '[knowledge.assumptions]\nages = ["subsidy_by_lot.until_months"]\n'
    (tmp_path / "cities").mkdir()
    shutil.copy(ROOT / "scenarios" / "cities" / "xian.toml", tmp_path / "cities")
    path = tmp_path / "many.toml"
    path.write_text(head + 3 * POOL + lots + moved, encoding="utf-8")
    if fits:
        make_plan(load(path))
        return
    with pytest.raises(BadScenario, match=r'"subsidy" with ages low: 768.*at most 512 family groups'):
        make_plan(load(path))
