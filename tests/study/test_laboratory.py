"""A laboratory in memory answers as a run of the scenario so changed would, however often and in whatever order."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from runs import CENTRES, POLICIES, SHORT, SUBSIDY, VOUCHERS
from town import HAMLET

import sim
from sim.engine.replication import Replication
from sim.report import faults
from sim.scenario.faults import BadScenario
from sim.scenario.schema import load
from sim.study.laboratory import Laboratory
from sim.study.plan import make_plan
from sim.study.run import run
from sim.study.summary import read_summary

SETTINGS = (*SHORT, "run.start = 2024-11-01", POLICIES)  # four months before the first counted one


@pytest.fixture(scope="module")
def lab() -> Laboratory:
    return Laboratory(HAMLET, SETTINGS, replications=2)


def rows_of_a_run(folder: Path, policy: str, *settings: str, replications: int = 2) -> pl.DataFrame:
    """A policy's rows of the summary that a run writes."""
    scenario = load(HAMLET, [*SETTINGS, *settings, f"run.replications = {replications}"])
    study = run(scenario, folder, workers=1)
    assert not study.failures
    return read_summary(study.folder).filter((pl.col("policy") == policy) & (pl.col("doubt") == "luck"))


def as_settings(policy: str, changes: Mapping[str, Any]) -> list[str]:
    """Changes as the command line has them."""
    return [f"policy.{policy}.{key} = {value}" for key, value in changes.items()]


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("baseline", {}),
    ("vouchers", {}),
    ("vouchers", {"voucher_pool.face_value": 800}),
    ("vouchers", {"voucher_pool.per_round": np.int64(40), "voucher_pool.aware_others": 0.5}),
    ("vouchers", {"voucher_pool.start": date(2024, 12, 10)}),  # before anything is counted
    ("subsidy", {"fee_subsidy.start": date(2024, 11, 1), "fee_subsidy.budget": 200_000.0}),  # the scenario's first day
    ("subsidy", {"fee_subsidy.start": date(2025, 5, 20), "fee_subsidy.rate": 0.9}),
    ("centres", {"operating_subsidy.yuan_per_child": 900.0, "operating_subsidy.fee_cut": 600.0}),
]


@pytest.mark.parametrize(("policy", "changes"), CHANGES)
def test_it_answers_as_a_run_does(policy: str, changes: dict[str, Any], lab: Laboratory, tmp_path: Path) -> None:
    mine = lab.run(policy, changes)
    theirs = rows_of_a_run(tmp_path, policy, *as_settings(policy, changes))
    assert mine.height > 100
    assert_frame_equal(mine, theirs, check_exact=True)


def test_what_is_changed_matters(lab: Laboratory) -> None:
    answers = [lab.run(policy, changes).drop("policy").write_csv() for policy, changes in CHANGES]
    assert len(set(answers)) == len(CHANGES)


def test_an_instrument_that_the_policy_lacks_is_added_at_its_idle_values(lab: Laboratory, tmp_path: Path) -> None:
    mine = lab.run("vouchers", {"fee_subsidy.until": date(2025, 5, 31), "fee_subsidy.rate": 0.25})
    added = "{kind = 'fee_subsidy', until = 2025-05-31, rate = 0.25}"
    both = VOUCHERS.replace("]}]}", f"]}}, {added}]}}")
    theirs = rows_of_a_run(tmp_path, "vouchers", f"policy = [{{name = 'baseline'}}, {both}, {SUBSIDY}, {CENTRES}]")
    assert_frame_equal(mine, theirs, check_exact=True)
    idle = lab.run("vouchers", {"fee_subsidy.rate": 0.0})
    assert_frame_equal(idle, lab.run("vouchers"), check_exact=True)


def test_nothing_is_left_behind(lab: Laboratory) -> None:
    """Running A, B, A gives A's bits again, whatever B is, and though B is refused."""
    first = lab.run("vouchers", {"voucher_pool.face_value": 900})
    for policy, changes in CHANGES:
        lab.run(policy, changes)
    with pytest.raises(BadScenario):
        lab.run("vouchers", {"voucher_pool.face_value": -1})
    assert_frame_equal(lab.run("vouchers", {"voucher_pool.face_value": 900}), first, check_exact=True)
    assert lab.run("vouchers")["value"].to_list() != first["value"].to_list()


def test_the_city_is_drawn_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file may go and come: it is read once too."""
    drawn: list[Replication] = []
    begin = Replication.__init__

    def counted(self: Replication, *words: Any, **named: Any) -> None:
        drawn.append(self)
        begin(self, *words, **named)

    monkeypatch.setattr(Replication, "__init__", counted)
    file = tmp_path / "hamlet.toml"
    file.write_bytes(HAMLET.read_bytes())
    lab = Laboratory(file, [*SETTINGS, "run.scale = 0.5"], replications=2)
    file.unlink()
    for policy in ("vouchers", "subsidy"):
        assert set(lab.run(policy)["replications"]) == {2}
    assert len(drawn) == 2


def test_replications_are_the_files_unless_said() -> None:
    lab = Laboratory(str(HAMLET), [*SETTINGS, "run.replications = 2", "run.scale = 0.5"])
    assert set(lab.run("subsidy")["replications"]) == {2}
    assert lab.scenario.run.replications == 2
    assert sim.Laboratory is Laboratory


# ---------------------------------------------------------------------------------------------------------
# what it refuses

BAD: list[dict[str, Any]] = [
    {"voucher_pool.face_value": -1},
    {"voucher_pool.face_value": "'dear'"},
    {"voucher_pool.face_vale": 800},
    {"voucher_pol.face_value": 800},
    {"voucher_pool.tranches[3].face_value": 800},
    {"voucher_pool.start": date(2024, 10, 31)},  # before the run
    {"voucher_pool.until": date(2025, 1, 1)},  # before its own start
    {"voucher_pool.face_value": 2**60, "voucher_pool.hassle": float("inf")},
    {"voucher_pool.redeem_at": "'nowhere'", "voucher_pool.per_round": 0.5},
]


@pytest.mark.parametrize("changes", BAD, ids=lambda changes: ",".join(changes))
def test_it_refuses_what_check_refuses_in_the_same_words(changes: dict[str, Any], lab: Laboratory) -> None:
    with pytest.raises(BadScenario) as told:
        make_plan(load(HAMLET, [*SETTINGS, "run.replications = 2", *as_settings("vouchers", changes)]))
    mine = {key: value.strip("'") if isinstance(value, str) else value for key, value in changes.items()}
    with pytest.raises(BadScenario) as refused:
        lab.run("vouchers", mine)
    assert refused.value.faults == told.value.faults


@pytest.mark.parametrize(
    ("policy", "changes", "key", "expected"),
    [
        ("voucher", {}, "policy", "did you mean vouchers?"),
        ("baseline", {"fee_subsidy.rate": 0.1}, "policy", "another policy than the first"),
        ("vouchers", {"city.supply.places": 100}, "city.supply.places", "city, clock and luck are drawn once"),
        ("vouchers", {"run.seed": 2}, "run.seed", "city, clock and luck are drawn once"),
        ("vouchers", {"name": "other"}, "name", "kind.parameter"),
        ("vouchers", {"voucher_pool": 3}, "voucher_pool", "kind.parameter"),
        ("vouchers", {"": 3}, "", "kind.parameter"),
        ("vouchers", {"voucher_pool.until": None}, "voucher_pool.until", "a value"),
        ("vouchers", {"city.families.commitment_months": 0}, "city.families.commitment_months", "at least 1"),
    ],
)
def test_it_refuses_what_needs_another_laboratory(
    policy: str, changes: dict[str, Any], key: str, expected: str, lab: Laboratory
) -> None:
    with pytest.raises(BadScenario) as refused:
        lab.run(policy, changes)
    (fault,) = refused.value.faults
    assert fault.key == key
    assert expected in fault.expected
    assert faults.expected(fault.expected, "zh") != fault.expected, "said in Chinese too"


def test_all_faults_come_at_once(lab: Laboratory) -> None:
    with pytest.raises(BadScenario) as refused:
        lab.run("vouchers", {"city.supply.places": 100, "run.seed": 2, "voucher_pool.hassle": -1})
    assert len(refused.value.faults) == 3


@pytest.mark.parametrize("file", ["nowhere.toml", "hamlet.toml"])
def test_a_scenario_at_fault_is_no_laboratory(file: str) -> None:
    with pytest.raises(BadScenario):
        Laboratory(HAMLET.with_name(file), ["run.scale = -1"])


# ---------------------------------------------------------------------------------------------------------
# a city that commits itself otherwise, and totals that are matched


def test_months_of_commitment_may_be_changed(lab: Laboratory, tmp_path: Path) -> None:
    months = {"city.families.commitment_months": 10}
    mine = lab.run("subsidy", months)
    theirs = rows_of_a_run(tmp_path, "subsidy", "city.families.commitment_months = 10")
    assert_frame_equal(mine, theirs, check_exact=True)
    assert mine["value"].to_list() != lab.run("subsidy")["value"].to_list()


def test_months_of_commitment_stay_where_standing_programmes_weigh_them() -> None:
    stands = "instrument = [{kind = 'fee_subsidy', rate = 0.1, until = 2025-05-31}]"
    lab = Laboratory(HAMLET, [*SETTINGS, stands, "run.scale = 0.5"], replications=1)
    with pytest.raises(BadScenario, match="expected 3, which standing programmes that touch fees weigh") as refused:
        lab.run("subsidy", {"city.families.commitment_months": 10})
    (fault,) = refused.value.faults
    assert faults.expected(fault.expected, "zh").startswith("3，")
    assert lab.run("subsidy", {"city.families.commitment_months": 3}).height


def test_the_first_policy_may_have_instruments_of_its_own(tmp_path: Path) -> None:
    """The others are compared with it; in a city that commits itself otherwise it is run again."""
    settings = (f"policy = [{SUBSIDY}, {VOUCHERS}]", "city.families.commitment_months = 10")
    lab = Laboratory(HAMLET, [*SETTINGS, settings[0]], replications=1)
    mine = lab.run("vouchers", {"city.families.commitment_months": 10})
    theirs = rows_of_a_run(tmp_path, "vouchers", *settings, replications=1)
    assert_frame_equal(mine, theirs, check_exact=True)


def test_a_matched_policy_is_brought_to_its_total_anew(tmp_path: Path) -> None:
    matched = SUBSIDY.replace(
        "}]}", "}], match = {metric = 'public_cost', to = 'vouchers', by = 'rate', tolerance = 0.05}}"
    )
    other = matched.replace("'subsidy'", "'other'").replace("by = 'rate'", "by = 'rate', low = 0.49, high = 0.51")
    settings = f"policy = [{{name = 'baseline'}}, {VOUCHERS}, {matched}]"
    changes = {"fee_subsidy.until": date(2025, 6, 30)}
    theirs = rows_of_a_run(tmp_path, "subsidy", settings, *as_settings("subsidy", changes), replications=1)
    # another that finds no value is not asked for one
    lab = Laboratory(HAMLET, [*SETTINGS, f"{settings[:-1]}, {other}]"], replications=1)
    assert_frame_equal(lab.run("subsidy", changes), theirs, check_exact=True)
    with pytest.raises(BadScenario, match="between which it crosses"):
        lab.run("other")
