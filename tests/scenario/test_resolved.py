"""A resolved scenario is the scenario: the same arms come of it, without the files it was read from."""

import json
from pathlib import Path

import pytest

from sim.scenario.faults import BadScenario
from sim.scenario.resolved import as_tree, from_tree
from sim.scenario.schema import load
from sim.study.plan import make_plan
from sim.study.run import manifest_of

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SPENT = {"wall_seconds": 1.0, "processor_seconds": 1.0}
DATED = (  # a grid over dates, and over what one of two pools doesn't write
    'sweep = {policy = "vouchers", "voucher_pool.until" = [2026-03-31, 2026-06-30], "voucher_pool.hassle" = [5, 20]}'
)
# of these one has a sweep and assumptions, one splits, one matches
CASES = [("xian_vouchers", ()), ("xian_vouchers", (DATED,)), ("shenyang_package", ()), ("same_money", ())]


@pytest.mark.parametrize(("stem", "settings"), CASES, ids=["sweep", "dates", "package", "match"])
def test_the_same_arms_come_of_a_resolved_scenario(stem, settings):
    plan = make_plan(load(SCENARIOS / f"{stem}.toml", settings))
    said = json.loads(json.dumps(manifest_of(plan, (), SPENT, 0, "")))
    again = make_plan(from_tree(said["scenario"], said["evidence"], Path("gone.toml"), Path("manifest.json")))
    assert again.arms == plan.arms
    assert again.sweep_values == plan.sweep_values
    assert again.splits == plan.splits
    assert as_tree(again.scenario) == as_tree(plan.scenario) == said["scenario"]
    assert len(plan.arms) > 2


def test_what_is_no_resolved_scenario_is_one_fault_with_its_key():
    tree = as_tree(load(SCENARIOS / "same_money.toml"))
    wrong = [
        (tree | {"run": tree["run"] | {"seed": -1}}, "scenario.seed"),
        (tree | {"city": "Xi'an"}, "scenario"),
        ({key: value for key, value in tree.items() if key != "policy"}, "scenario"),
        (tree | {"policy": [{"name": "baseline", "instrument": [{"kind": "gone"}]}]}, "scenario"),
    ]
    for changed, key in wrong:
        with pytest.raises(BadScenario) as caught:
            from_tree(changed, [], Path("gone.toml"), Path("manifest.json"))
        (fault,) = caught.value.faults
        assert (fault.file, fault.key) == ("manifest.json", key)
