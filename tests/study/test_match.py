"""A matched policy costs what it is matched to, and nothing about how the search was run shows in its numbers."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import HAMLET

from sim import cli
from sim.engine.replication import Replication
from sim.policy.menu import kind_of
from sim.report.notes import notes
from sim.scenario.faults import BadScenario
from sim.scenario.schema import load
from sim.study import intervals
from sim.study.compare import Outcome
from sim.study.match import match
from sim.study.metrics import METRICS
from sim.study.plan import make_plan
from sim.study.run import run

VOUCHERS = """
[[policy]]
name = "vouchers"
  [[policy.instrument]]
  kind = "voucher_pool"
  start = 2025-03-10
  until = 2025-12-31
  tranches = [{ months = [0, 23], face_value = 1500, per_round = 80 }]
"""
GRANTS = """
[[policy]]
name = "grants"
match = { metric = "public_cost", to = "vouchers", by = "BY", source = "a test" }
  [[policy.instrument]]
  kind = "fee_subsidy"
  source = "a test"
  rate = 0.1
"""
PLACES = """
[[policy]]
name = "grants"
match = { metric = "public_cost", to = "vouchers", by = "places", source = "a test", tolerance = 1e-9 }
  [[policy.instrument]]
  kind = "operating_subsidy"
  source = "a test"
  standing = "any"
  yuan_per_child = 300
  places = 60
"""


def write(folder, *parts, replications=2, extra=""):
    """Write the hamlet with policies at its end; `extra` goes into the matches."""
    text = HAMLET.read_text(encoding="utf-8").replace("replications = 1\n", f"replications = {replications}\n", 1)
    (folder / "cities").mkdir(exist_ok=True)
    path = folder / "town.toml"
    end = "".join(parts).replace("BY", "rate").replace('source = "a test" }', f'source = "a test"{extra} }}')
    path.write_text(text + end, encoding="utf-8")
    return path


def tables(folder):
    return (folder / "summary.csv").read_bytes(), (folder / "monthly.parquet").read_bytes()


def manifest(folder):
    return json.loads((folder / "manifest.json").read_bytes())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study of a matched policy with a sweep and an assumption around it; the search has fewer replications."""
    home = tmp_path_factory.mktemp("match")
    more = (
        '[sweep]\npolicy = "grants"\n"fee_subsidy.rate" = { scale = [1, 2] }\n'
        '[knowledge]\nsource = "a test"\nassumptions = { ceiling = ["fee_subsidy.ceiling"] }\n'
    )
    bounded = GRANTS + "  ceiling = { value = 400, low = 200, high = 600, source = 'a test' }\n"
    file = write(home, bounded, VOUCHERS, more, replications=3, extra=", replications = 2")
    study = run(load(file), home / "one", workers=1)
    assert not study.failures
    return home, file, study.folder


def test_a_matched_policy_costs_the_same(finished):
    _, _, folder = finished
    (one,) = manifest(folder)["matched"]
    rows = pl.read_csv(folder / "summary.csv", infer_schema_length=None)
    rows = rows.filter((pl.col("metric") == "public_cost") & (pl.col("group") == "all"))
    cost = dict(zip(rows["policy"], rows["value"], strict=True))
    assert cost["vouchers"] > 0
    assert abs(cost["grants"] / cost["vouchers"] - 1) <= 0.005
    assert one["within_tolerance"]
    assert one["target"] == pytest.approx(cost["vouchers"])
    assert one["residual"] == pytest.approx(cost["grants"] - cost["vouchers"], abs=0.01)
    assert 0.0125 == one["low"] < one["value"] < one["high"] == 0.8


def test_the_residual_is_paired_over_all_replications(finished):
    _, _, folder = finished
    (one,) = manifest(folder)["matched"]
    monthly = pl.read_parquet(folder / "monthly.parquet")
    monthly = monthly.filter((pl.col("metric") == "public_cost") & (pl.col("group") == "all"))
    by_replication = monthly.group_by("policy", "replication").agg(pl.col("value").sum()).sort("replication")
    costs = {
        name: by_replication.filter(pl.col("policy") == name)["value"].to_numpy() for name in ("grants", "vouchers")
    }
    expected = intervals.mean(costs["grants"] - costs["vouchers"])
    assert len(costs["grants"]) == 3
    ends = (one["residual"], one["residual_low"], one["residual_high"])
    assert ends == pytest.approx((expected.value, expected.low, expected.high), abs=0.01)


def test_the_value_found_gives_the_same_numbers_when_it_is_written_down(finished, tmp_path):
    _, file, folder = finished
    (one,) = manifest(folder)["matched"]
    line = next(line for line in file.read_text().splitlines() if line.startswith("match"))
    text = file.read_text().replace(line, "").replace("rate = 0.1", f"rate = {one['value']}")
    (tmp_path / "cities").mkdir()
    (tmp_path / "town.toml").write_text(text, encoding="utf-8")
    plain = run(load(tmp_path / "town.toml"), tmp_path / "plain", workers=1)
    assert tables(plain.folder) == tables(folder)
    assert manifest(plain.folder)["matched"] == []


def test_sweep_and_assumptions_go_from_the_value_found(finished):
    _, _, folder = finished
    said = manifest(folder)
    (one,) = said["matched"]
    arms = [p["name"] for p in said["policies"] if p["role"] == "sweep"]
    assert arms == ["grants[rate=2]"], "a factor of 1 is the policy itself"
    grants = next(p for p in said["scenario"]["policy"] if p["name"] == "grants")
    assert grants["instrument"][0]["rate"] == one["value"]
    assert grants["match"]["to"] == "vouchers"
    rows = pl.read_csv(folder / "summary.csv", infer_schema_length=None)
    of_knowledge = rows.filter((pl.col("doubt") == "knowledge") & (pl.col("metric") == "inframarginal_share"))
    assert of_knowledge["policy"].to_list() == ["grants"]
    (row,) = (e for e in said["evidence"] if e["key"].endswith(".rate"))
    assert row["value"] == one["value"]
    assert "vouchers" in row["source"]


def test_a_repeated_run_simulates_nothing(finished, monkeypatch):
    home, file, folder = finished

    def refuse(*_args, **_more):
        raise AssertionError("nothing is left to simulate")

    monkeypatch.setattr(Replication, "run", refuse)
    monkeypatch.setattr(Replication, "baseline", refuse)
    before = tables(folder), manifest(folder), {p.name: p.stat().st_mtime_ns for p in (folder / "jobs").iterdir()}
    assert not run(load(file), home / "one", workers=1).failures
    assert before == (
        tables(folder),
        manifest(folder),
        {p.name: p.stat().st_mtime_ns for p in (folder / "jobs").iterdir()},
    )


def test_workers_do_not_show(finished):
    home, file, folder = finished
    other = run(load(file), home / "two", workers=2)
    assert tables(other.folder) == tables(folder)
    assert manifest(other.folder)["matched"] == manifest(folder)["matched"]
    assert {p.name for p in (other.folder / "jobs").iterdir()} == {p.name for p in (folder / "jobs").iterdir()}


def test_the_terminal_and_the_page_say_so(finished, capsys):
    home, file, folder = finished
    assert cli._guarded([str(file), "--out", str(home / "one"), "--workers", "1", "--quiet"]) == 0
    (one,) = manifest(folder)["matched"]
    (line,) = (note for note in notes(manifest(folder), "en") if "fee_subsidy.rate" in note)
    assert f"fee_subsidy.rate = {one['value']:.6g}" in line
    assert f"in {one['runs']} runs" in line
    assert line in " ".join(capsys.readouterr().out.split())
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "found so that its total of “Public cost” is that of vouchers" in page


def test_a_whole_number_is_the_nearest(tmp_path):
    """One place more or less comes no nearer."""
    study = run(load(write(tmp_path, PLACES, VOUCHERS, replications=1)), tmp_path / "out", workers=1)
    (one,) = manifest(study.folder)["matched"]
    assert isinstance(one["value"], int)
    costs = {}
    for places in (one["value"] - 1, one["value"], one["value"] + 1):
        home = tmp_path / str(places)
        home.mkdir()
        line = PLACES.splitlines()[3]
        file = write(
            home, PLACES.replace(line, "").replace("places = 60", f"places = {places}"), VOUCHERS, replications=1
        )
        rows = pl.read_csv(run(load(file), home, workers=1).folder / "summary.csv", infer_schema_length=None)
        rows = rows.filter((pl.col("metric") == "public_cost") & (pl.col("group") == "all"))
        cost = dict(zip(rows["policy"], rows["value"], strict=True))
        costs[places] = abs(cost["grants"] - cost["vouchers"])
    assert min(costs, key=lambda places: costs[places]) == one["value"]
    assert len(set(costs.values())) > 1


def test_no_value_between_the_ends_is_a_fault(tmp_path, capsys):
    file = write(tmp_path, GRANTS, VOUCHERS, extra=", low = 0.08, high = 0.2")
    words = [str(file), "--out", str(tmp_path / "out"), "--workers", "1", "--quiet"]
    assert cli._guarded(words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert 'policy[1].match (policy "grants"): found public_cost of ' in line
    assert " at 0.08 and " in line
    assert " at 0.2, expected low and high for fee_subsidy.rate between which it crosses " in line
    assert not (tmp_path / "out" / "town" / "summary.csv").exists()
    assert not (tmp_path / "out" / "town" / "manifest.json").exists()


def test_a_failed_job_of_a_search_is_named(tmp_path, monkeypatch):
    real = Replication.run

    def fail(self, own, straight=False, outlook=None):
        if any(kind_of(i) == "fee_subsidy" for i in own):
            raise ArithmeticError("a fault planted here")
        return real(self, own, straight, outlook)

    monkeypatch.setattr(Replication, "run", fail)
    study = run(load(write(tmp_path, GRANTS, VOUCHERS, replications=1)), tmp_path / "out", workers=1)
    assert set(study.failures) == {f"grants[fee_subsidy.rate={x}] replication 0" for x in ("0.0125", "0.1", "0.8")}
    assert not (study.folder / "summary.csv").exists()


# the search by itself, over costs that are made up -------------------------------------------------------


class Bench:
    """Carries out plans by a formula: the cost of a rate, in the first replication by a factor. Vouchers cost 100."""

    def __init__(self, cost: Callable[[float], float], first: float = 1) -> None:
        self.cost, self.first = cost, first
        self.runs: list[tuple[float, int]] = []

    def __call__(self, plan):
        return {arm.key: [self._outcome(arm, r) for r in range(plan.scenario.run.replications)] for arm in plan.arms}

    def _outcome(self, arm, r):
        rate = next((i.rate for i in arm.own if kind_of(i) == "fee_subsidy"), None)
        if rate is not None:
            self.runs.append((rate, r))
        cost = 100.0 if rate is None else self.cost(rate) * (1 if r else self.first)
        return Outcome(("all",), 0, {"public_cost": np.array([cost]), "standing_cost": np.array([7.0])}, {})


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The scenario, one replication in the search and four in all."""
    return load(write(tmp_path_factory.mktemp("made_up"), GRANTS, VOUCHERS, replications=4, extra=", replications = 1"))


@settings(max_examples=25)
@given(power=st.floats(0.2, 4), root=st.floats(0.013, 0.79), falling=st.booleans())
def test_any_monotone_cost_is_met(town, power, root, falling):
    sign = -power if falling else power
    bench = Bench(lambda rate: 100 * (rate / root) ** sign)
    scenario, (one,) = match(town, bench)
    assert abs(bench.cost(one.value) - 100) <= 0.5
    assert abs(one.residual.value) <= 0.5
    assert one.value == scenario.policies[1].instruments[0].rate == float(f"{one.value:.6g}")
    assert one.runs == len(set(bench.runs))
    twice = {rate for rate, r in bench.runs if bench.runs.count((rate, r)) > 1}
    assert twice <= {rate for rate, r in bench.runs if r == 3}, "only to see it in more replications"
    assert len({rate for rate, _ in bench.runs}) < 30


def test_a_start_that_fits_is_kept(town):
    _, (one,) = match(town, Bench(lambda rate: 1000 * rate))
    assert one.value == one.start == 0.1


def test_what_few_replications_miss_is_mended_over_all(town):
    """The first draw is dear: the value is that for the mean of all."""
    bench = Bench(lambda rate: 300 * rate, first=4)
    _, (one,) = match(town, bench)
    assert one.value == pytest.approx(100 / np.mean([1200, 300, 300, 300]), rel=0.005)
    assert one.residual.low < 0 < one.residual.high
    assert one.entry()["within_tolerance"]


def test_a_jump_over_the_target_is_met_at_its_nearer_side_and_owned_up_to(town):
    few = replace(town, run=town.run.model_copy(update={"replications": 1}))
    _, (one,) = match(few, Bench(lambda rate: 90.0 if rate < 0.3 else 130.0))
    assert one.value < 0.3
    assert one.residual.value == -10
    assert one.residual.low is None
    assert not one.entry()["within_tolerance"]


@pytest.mark.parametrize(
    "cost", [lambda rate: 50 + 0 * rate, lambda rate: 100 + 40 * math.copysign(1, abs(rate - 0.2) - 0.15)]
)
def test_a_cost_that_does_not_cross_or_crosses_twice_is_refused(town, cost):
    with pytest.raises(BadScenario, match=r"between which it crosses 100, that of \"vouchers\", once"):
        match(town, Bench(cost))


def test_a_match_waits_for_the_one_it_is_matched_to(tmp_path):
    first = GRANTS.replace('to = "vouchers"', 'to = "second"').replace("0.1", "0.3")
    scenario = load(write(tmp_path, first, GRANTS.replace("grants", "second"), VOUCHERS))
    _, found = match(scenario, Bench(lambda rate: 600 * rate))
    assert [one.policy for one in found] == ["second", "grants"]
    assert [one.target for one in found] == [100, pytest.approx(100, rel=0.005)]
    assert found[0].value == pytest.approx(found[1].value, rel=0.01)


def test_standing_and_own_cost_are_added(tmp_path):
    file = write(tmp_path, GRANTS.replace('"public_cost"', '"standing_cost+public_cost"'), VOUCHERS)
    _, (one,) = match(load(file), Bench(lambda rate: 600 * rate))
    assert one.target == 107


def test_a_sweep_that_can_not_go_with_the_value_found_is_refused(tmp_path):
    grid = '[sweep]\npolicy = "grants"\n"fee_subsidy.rate" = { scale = [1, 4] }\n'
    scenario = load(write(tmp_path, GRANTS, VOUCHERS, grid))
    make_plan(scenario)  # good at the start
    with pytest.raises(BadScenario, match="sweep"):
        match(scenario, Bench(lambda rate: 200 * rate))


def test_every_total_that_may_be_matched_is_a_sum():
    """What is summed over months, never a ratio or a mean of month-ends."""
    from sim.scenario.policies import MatchFacts

    listed = MatchFacts.model_json_schema()["properties"]["metric"]["enum"]
    by_name = {metric.name: metric for metric in METRICS}
    for name in {part for metric in listed for part in metric.split("+")}:
        assert not by_name[name].bottom
        assert by_name[name].unit in ("yuan", "child-months")
