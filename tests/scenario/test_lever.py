"""What a match may say, one line for each mistake, and how its lever moves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import HAMLET

from sim.scenario.export import json_schema
from sim.scenario.faults import BadScenario
from sim.scenario.lever import lever_of
from sim.scenario.schema import load

POLICIES = """
[[policy]]
name = "vouchers"
  [[policy.instrument]]
  kind = "voucher_pool"
  start = 2025-03-10
  until = 2025-12-31
  tranches = [
    { months = [0, 23], face_value = 500, per_round = 80 },
    { months = [24, 47], face_value = 300, per_round = 5 },
  ]

[[policy]]
name = "grants"
match = MATCH
  [[policy.instrument]]
  kind = "fee_subsidy"
  rate = 0.2
  [[policy.instrument]]
  kind = "operating_subsidy"
  standing = "any"
  places = 60
  yuan_by_kind = { private = 300.0, public = 100.0 }

[[policy]]
name = "later"
SECOND
  [[policy.instrument]]
  kind = "fee_subsidy"
  rate = 0.4
"""
GOOD = '{ metric = "public_cost", to = "vouchers", by = "rate" }'


@pytest.fixture(scope="module")
def lay(tmp_path_factory):
    """Write the hamlet with policies, one matched as told."""
    home = tmp_path_factory.mktemp("levers")
    (home / "cities").mkdir()

    def write(match=GOOD, *changes, second="", more=""):
        text = HAMLET.read_text(encoding="utf-8") + POLICIES.replace("MATCH", match).replace("SECOND", second) + more
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (home / "town.toml").write_text(text, encoding="utf-8")
        return home / "town.toml"

    return write


def said(path):
    with pytest.raises(BadScenario) as refusal:
        load(path)
    (line,) = str(refusal.value).splitlines()
    return line


def lever(path, name="grants"):
    policy = next(policy for policy in load(path).policies if policy.name == name)
    return policy, lever_of(policy, policy.match)


def good(**keys):
    table = {"metric": '"public_cost"', "to": '"vouchers"', "by": '"rate"'} | keys
    return "{ " + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"


MISTAKES = {
    "no table": ("3", "match", "{ metric"),
    "no metric": ('{ to = "vouchers", by = "rate" }', "match.metric", "public_cost"),
    "a metric that is no sum": (good(metric='"take_up"'), "match.metric", "standing_cost+public_cost"),
    "a misspelt key": (good(tolerence=0.1), "match.tolerence", "tolerance"),
    "an unknown policy": (good(to='"voucher"'), "match.to", "did you mean vouchers?"),
    "itself": (good(to='"grants"'), "match.to", "another policy: one of vouchers, later"),
    "the baseline": (good(to='"baseline"'), "match.to", "a policy that is not the baseline"),
    "no parameter": (good(by='"price"'), "match.by", "a parameter of the policy's instruments"),
    "a misspelt parameter": (good(by='"rat"'), "match.by", "did you mean rate?"),
    "no path": (good(by='""'), "match.by", "a parameter's name"),
    "another's instrument": (good(by='"voucher_pool.per_round"'), "match.by", "one of fee_subsidy, operating_subsidy"),
    "a kind alone": (good(by='"fee_subsidy"'), "match.by", "fee_subsidy.parameter"),
    "a misspelt parameter of a kind": (good(by='"fee_subsidy.rat"'), "match.by", "did you mean rate?"),
    "two that have it": (good(by='"budget"'), "match.by", "one of fee_subsidy.budget, operating_subsidy.budget"),
    "nothing written": (good(by='"fee_subsidy.budget"'), "match.by", "a parameter that is a number"),
    "a word": (good(by='"fee_subsidy.standing"'), "match.by", "a parameter that is a number"),
    "a list": (good(by='"fee_subsidy.bands"'), "match.by", "a parameter that is a number"),
    "nought": (good(by='"amount"'), "match.by", "a number other than 0 to start from"),
    "a low above the start": (good(low=0.3), "match.low", "at most the start, 0.2"),
    "a high below the start": (good(high=0.1), "match.high", "at least the start, 0.2"),
    "no room": (good(low=0.2, high=0.2), "match.high", "an end above the low one"),
    "half a place": (good(by='"places"', low=9.5), "match.low", "a whole number"),
    "an end out of bounds": (good(high=1.5), "match.high", "at most 1"),
    "no tolerance": (good(tolerance=0), "match.tolerance", "above 0"),
}


@pytest.mark.parametrize("about", MISTAKES)
def test_a_mistake_is_one_line(lay, about):
    match, key, expected = MISTAKES[about]
    line = said(lay(match))
    assert f'policy[2].{key} (policy "grants"): found ' in line
    assert expected in line


def test_the_baseline_can_not_be_matched(lay):
    line = said(lay(GOOD, ('name = "baseline"', f'name = "baseline"\nmatch = {GOOD}')))
    assert "policy[0].match" in line
    assert "the baseline" in line


def test_a_circle_is_told_once(lay):
    second = 'match = { metric = "public_cost", to = "grants", by = "rate" }'
    line = said(lay(good(to='"later"'), second=second))
    assert "policy[2].match.to" in line
    assert "grants → later → grants" in line


def test_who_waits_for_a_circle_is_not_blamed(lay):
    """A chain is fine; a policy that leads into a circle is not in it."""
    second = 'match = { metric = "public_cost", to = "grants", by = "rate" }'
    assert len(load(lay(GOOD, second=second)).policies) == 4
    more = '[[policy]]\nname = "last"\nmatch = { metric = "public_cost", to = "later", by = "rate" }\n'
    more += '  [[policy.instrument]]\n  kind = "fee_subsidy"\n  rate = 0.1\n'
    line = said(lay(good(to='"later"'), second=second.replace("grants", "last"), more=more))
    assert "policy[3].match.to" in line
    assert "later → last → later" in line


def test_what_an_assumption_moves_is_not_matched(lay):
    more = '[knowledge.assumptions]\nshare = ["fee_subsidy.rate"]\n'
    line = said(lay(GOOD, ("rate = 0.2", "rate = { value = 0.2, low = 0.1, high = 0.3 }"), more=more))
    assert "policy[2].match.by" in line
    assert '"share"' in line


def test_the_search_stays_within_eight_times_and_the_bounds(lay):
    _, one = lever(lay())
    assert (one.parameter, one.start, one.low, one.high) == ("fee_subsidy.rate", 0.2, 0.2 / 8, 1)
    _, one = lever(lay(good(by='"places"')))
    assert (one.start, one.low, one.high, one.whole) == (60, 8, 480, True)
    _, one = lever(lay(good(by='"operating_subsidy.yuan_by_kind.private"')))
    assert (one.start, one.low, one.high) == (300, 37.5, 2400)
    _, one = lever(lay(good(by='"amount"', low=0, high=50)))
    assert (one.start, one.low, one.high) == (0, 0, 50)


def test_only_the_parameter_moves(lay):
    policy, one = lever(lay(good(by='"operating_subsidy.yuan_by_kind.private"')))
    moved = one.moved(policy, 210)
    assert dict(moved.instruments[1].yuan_by_kind) == {"private": 210, "public": 100}
    assert moved.instruments[0] == policy.instruments[0]
    assert one.moved(policy, one.start).instruments == policy.instruments


POOL = """
[[policy]]
name = "pool"
match = { metric = "public_cost", to = "vouchers", by = "BY" }
  [[policy.instrument]]
  kind = "voucher_pool"
  start = 2025-03-10
  tranches = [
    { months = [0, 23], face_value = 500, per_round = 80 },
    { months = [24, 47], face_value = 300, per_round = 5 },
  ]
"""


@settings(max_examples=30)
@given(x=st.floats(0.125, 8))
def test_several_numbers_move_by_one_factor(lay, x):
    policy, one = lever(lay(more=POOL.replace("BY", "face_value")), "pool")
    assert (one.factor, one.start, one.low, one.high) == (True, 1, 0.125, 8)
    assert [t.face_value for t in one.moved(policy, x).instruments[0].tranches] == [500 * x, 300 * x]
    policy, one = lever(lay(more=POOL.replace("BY", "voucher_pool.per_round")), "pool")
    rounded = [t.per_round for t in one.moved(policy, x).instruments[0].tranches]
    assert all(isinstance(n, int) and abs(n - was * x) <= 0.5 for n, was in zip(rounded, (80, 5), strict=True))


def test_a_factor_stays_within_every_elements_bounds(lay):
    more = POOL.replace("BY", "face_value").replace("face_value = 500", "face_value = 500_000")
    _, one = lever(lay(more=more), "pool")
    assert (one.low, one.high) == (0.125, 2)


def test_a_match_may_be_set_on_the_command_line(lay):
    scenario = load(lay(), ("policy.grants.match.tolerance=0.01",))
    assert scenario.policies[2].match.tolerance == 0.01


def test_editors_learn_of_it():
    policy = json_schema()["properties"]["policy"]["anyOf"][0]["items"]
    match = policy["properties"]["match"]
    assert match["required"] == ["metric", "to", "by"]
    assert "public_cost" in match["properties"]["metric"]["enum"]
