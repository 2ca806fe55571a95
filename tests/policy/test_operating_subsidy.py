"""A rate for each kind of institution: checked, told apart, swept, exported."""

import json
from pathlib import Path

import numpy as np
import pytest
from town import HAMLET, SETTLED, Town, instrument, own_claims, settle

from sim.policy.menu import menu
from sim.scenario.export import json_schema
from sim.scenario.faults import BadScenario
from sim.scenario.schema import load
from sim.study.plan import make_plan

POLICY = """
[[policy]]
name = "money to institutions"
  [[policy.instrument]]
  kind = "operating_subsidy"
  standing = "any"
"""


def scenario(folder: Path, line: str, more: str = "") -> Path:
    """The hamlet with a policy that has one line more."""
    path = folder / "town.toml"
    base = HAMLET.read_text(encoding="utf-8").replace("[city]\n", f"{POLICY}  {line}\n{more}\n[city]\n", 1)
    path.write_text(base, encoding="utf-8")
    return path


def test_each_kind_is_paid_its_rate() -> None:
    """What is claimed is what plain rates would claim, each at its own kinds, where institutions stay as they are."""
    still = ("fee_limit=0", "fee_step=0", "payback_years=0.001", "scheme_cost=1e9")
    town = settle(*SETTLED, *(f"city.supply.{key}" for key in still))
    rates = {"private": 120.0, "kindergarten": 70.0, "public": 0.0}
    whole = town.run(instrument("operating_subsidy", standing="any", yuan_by_kind=rates))
    parts = [
        town.run(instrument("operating_subsidy", standing="any", yuan_per_child=rate, kinds=(kind,)))
        for kind, rate in rates.items()
        if rate > 0
    ]
    assert own_claims(whole).sum() > 0
    assert (own_claims(whole) == sum(own_claims(part) for part in parts)).all()


def test_a_rate_of_its_own_stands_in_place_of_the_rate_for_all(town: Town) -> None:
    plain = town.run(instrument("operating_subsidy", standing="any", yuan_per_child=90.0))
    tables = ({"private": 90.0}, {"public": 90.0, "private": 90.0, "kindergarten": 90.0})
    for table in tables:
        same = town.run(instrument("operating_subsidy", standing="any", yuan_per_child=90.0, yuan_by_kind=table))
        assert (own_claims(same) == own_claims(plain)).all()
    less = instrument("operating_subsidy", standing="any", yuan_per_child=90.0, yuan_by_kind={"private": 0.0})
    assert 0 < own_claims(town.run(less)).sum() < own_claims(plain).sum()


def test_it_is_idle_where_every_rate_is_nothing() -> None:
    tool = menu()["operating_subsidy"]
    assert tool().idle
    assert tool(yuan_by_kind={"private": 0.0}).idle
    assert not tool(yuan_by_kind={"private": 0.0, "public": 1.0}).idle


def test_the_order_of_a_table_is_no_difference() -> None:
    tool = menu()["operating_subsidy"]
    one, other = (tool(yuan_by_kind=dict(pairs)) for pairs in ([("a", 1.0), ("b", 2.0)], [("b", 2.0), ("a", 1.0)]))
    assert one == other
    assert hash(one) == hash(other)
    assert one != tool(yuan_by_kind={"a": 1.0, "b": 3.0})
    assert json.dumps(one.model_dump(mode="json")["yuan_by_kind"]) == '{"a": 1.0, "b": 2.0}'


@pytest.mark.parametrize(
    ("table", "key", "found"),
    [
        ("{ private = -1 }", "yuan_by_kind.private", "-1"),
        ("{ private = 2_000_000 }", "yuan_by_kind.private", "2000000"),
        ('{ private = "much" }', "yuan_by_kind.private", "much"),
        ("{ private = nan }", "yuan_by_kind.private", "nan"),
        ("{ privat = 100 }", "yuan_by_kind.privat", "privat"),
        ("500", "yuan_by_kind", "500"),
        ("[500]", "yuan_by_kind", "500"),
    ],
)
def test_what_is_no_rate_of_a_kind_is_refused_in_one_line(tmp_path: Path, table: str, key: str, found: str) -> None:
    with pytest.raises(BadScenario) as error:
        load(scenario(tmp_path, f"yuan_by_kind = {table}"))
    (fault,) = error.value.faults
    assert fault.key == f'policy[1].instrument[0].{key} (policy "money to institutions")'
    assert found in fault.found


def test_a_rate_carries_its_evidence_and_can_be_set_and_swept(tmp_path: Path) -> None:
    line = 'yuan_by_kind = { kindergarten = { value = 300, low = 100, high = 500, source = "a decree" } }'
    sweep = '[sweep]\npolicy = "money to institutions"\n"operating_subsidy.yuan_by_kind.kindergarten" = [100, 300]\n'
    path = scenario(tmp_path, line, sweep)
    read = load(path)
    (evidence,) = [e for e in read.document.evidence if e.key.startswith("policy[1].instrument[0].yuan_by_kind")]
    assert (evidence.value, evidence.source) == (300, "a decree")
    arms = make_plan(read).arms
    assert [arm.name for arm in arms[2:]] == ["money to institutions[kindergarten=100]"]
    assert dict(arms[2].own[0].yuan_by_kind) == {"kindergarten": 100.0}
    moved = load(path, ("policy.money to institutions.operating_subsidy.yuan_by_kind.public=50",))
    assert dict(moved.policies[1].instruments[0].yuan_by_kind) == {"kindergarten": 300.0, "public": 50.0}


def test_editors_are_told_of_it() -> None:
    entry = json_schema()["$defs"]["instrument_operating_subsidy"]["properties"]["yuan_by_kind"]
    assert entry["type"] == "object"
    assert entry["default"] == {}
    number, evidence = entry["additionalProperties"]["anyOf"]
    assert (number["type"], number["minimum"], number["maximum"]) == ("number", 0, 1_000_000)
    assert "source" in evidence["properties"]


def test_kinds_are_looked_up_by_name_not_by_place(town: Town) -> None:
    offered_kinds = town.world.institutions.kind_names
    assert offered_kinds != tuple(sorted(offered_kinds)), "else this could not fail"
    record = town.run(instrument("operating_subsidy", standing="any", yuan_by_kind={"public": 10.0}))
    public = np.flatnonzero(town.world.institutions.kind == offered_kinds.index("public"))
    claimed = {int(c) for c in record.claim_child}
    at = {int(c) for c, j in zip(record.stays["child"], record.stays["at"], strict=True) if j in public}
    assert claimed
    assert claimed <= at
