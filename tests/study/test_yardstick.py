"""One yardstick for a whole row: every comparison is with the first policy, whatever instruments it carries."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from runs import SHORT, finished
from town import HAMLET, Town, instrument, settle

from sim.scenario.schema import load
from sim.study.compare import Outcome, outcome
from sim.study.laboratory import Laboratory
from sim.study.plan import make_plan
from sim.study.verify import verify

COMPARED = (  # parts that say by how much a policy differs, so that they add up along a chain of comparisons
    "added", "extra_cost", "net_cost", "surplus", "application_cost", "incidence_outlay", "incidence_families",
    "incidence_staff", "incidence_profit", "incidence_cash",
)  # fmt: skip


@pytest.fixture(scope="module")
def town() -> Town:
    return settle("city.supply.patience_months=1000000")


@pytest.fixture(scope="module")
def worlds(town: Town) -> dict[str, Outcome]:
    """Outcomes by policy and the one it is compared with: none, a subsidy, a subsidy and cash."""
    tools = {
        "none": (),
        "subsidy": (instrument("fee_subsidy", amount=300.0),),
        "both": (instrument("fee_subsidy", amount=500.0), instrument("cash_allowance", yuan_per_month=100.0)),
    }
    records = {name: town.run(*own) if own else town.baseline for name, own in tools.items()}
    return {f"{one}|{other}": outcome(records[one], records[other]) for one in tools for other in tools}


@pytest.mark.parametrize("part", COMPARED)
@pytest.mark.parametrize("policy", ["none", "subsidy", "both"])
def test_a_policy_does_not_differ_from_itself(worlds: dict[str, Outcome], policy: str, part: str) -> None:
    assert not worlds[f"{policy}|{policy}"].monthly[part][:, 0].any()


@pytest.mark.parametrize("part", COMPARED)
def test_comparisons_add_up(worlds: dict[str, Outcome], part: str) -> None:
    """With the subsidy, and the subsidy with none, is with none; the other way round it is less as much."""
    both, step, back = (worlds[pair].monthly[part][:, 0] for pair in ("both|none", "both|subsidy", "subsidy|both"))
    assert step + worlds["subsidy|none"].monthly[part][:, 0] == pytest.approx(
        both, abs=1e-6 * np.abs(both).max() + 1e-6
    )
    assert back == pytest.approx(-step, abs=1e-6 * np.abs(both).max() + 1e-6)
    assert part in ("application_cost",) or np.abs(both).max() > 0


SUBSIDY = "{kind = 'fee_subsidy', source = 'a test', start = 2025-03-01, amount = %s}"
TODAY = SUBSIDY % "{value = 300, low = 100, high = 500, source = 'a test'}"
POLICIES = (
    f"policy = [{{name = 'today', instrument = [{TODAY}]}}, {{name = 'nothing'}}, "
    f"{{name = 'reform', instrument = [{SUBSIDY % 600}]}}]"
)
ASSUMPTION = "knowledge.assumptions = {amount = ['fee_subsidy.amount']}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose first policy carries a subsidy, which an assumption moves; the second has nothing, the third more."""
    home = tmp_path_factory.mktemp("yardstick")
    return finished(home, POLICIES, ASSUMPTION, replications=2)


def summary(folder: Path, metric: str, column: str = "value", doubt: str = "luck") -> dict[tuple[str, str], float]:
    """One column of a metric, by policy and group."""
    table = pl.read_csv(folder / "summary.csv").filter((pl.col("metric") == metric) & (pl.col("doubt") == doubt))
    return {(policy, group): value for policy, group, value in table.select("policy", "group", column).iter_rows()}


def test_child_months_are_added_to_those_of_the_first_policy(folder: Path) -> None:
    added, more = summary(folder, "added_child_months"), summary(folder, "enrolled_child_months", "difference")
    assert {key: more[key] for key in added if key in more} == pytest.approx(
        {key: value for key, value in added.items() if key in more}
    )
    assert added["today", "all"] == 0
    assert added["nothing", "all"] < 0 < added["reform", "all"]
    outlay, cost = summary(folder, "incidence_outlay"), summary(folder, "public_cost", "difference")
    assert outlay == pytest.approx({key: cost[key] for key in outlay})


def test_an_assumption_moves_the_first_policy_with_which_all_are_compared() -> None:
    """So policies that it does not touch have arms at its ends too."""
    scenario = load(HAMLET, [*SHORT, POLICIES, ASSUMPTION])
    ends = {(arm.name, arm.end): arm.yardstick for arm in make_plan(scenario).arms if arm.role == "knowledge"}
    amounts = {key: [instrument.amount for instrument in chain] for key, chain in ends.items()}
    assert amounts == {
        (name, end): [yuan] for name in ("nothing", "reform") for end, yuan in (("low", 100), ("high", 500))
    }


def test_a_run_with_a_policy_first_is_verified_and_asked_again(folder: Path) -> None:
    assert not verify(folder, sample=2, workers=1).differences
    settings = [*SHORT, POLICIES, "run.replications = 2"]
    asked = Laboratory(HAMLET, settings).run("reform")
    table = pl.read_csv(folder / "summary.csv").filter((pl.col("policy") == "reform") & (pl.col("doubt") == "luck"))
    mine, theirs = (
        {(m, g): v for m, g, v in one.select("metric", "group", "value").iter_rows()} for one in (asked, table)
    )
    assert mine == pytest.approx(theirs, nan_ok=True)
