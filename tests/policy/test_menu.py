"""Laws for every instrument on the menu: a new one is held to them by being there."""

import os
import shutil
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reckoning import reckon
from town import Town, differences, instrument, own_claims, total, within

from sim.engine.recorder import CITY_TOTALS, TOTALS, TRANCHE_TOTALS
from sim.params import MANY
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.study.compare import outcome
from sim.study.incidence import incidence

KINDS = list(menu())
CASES = Path(__file__).with_name("cases")


RUNNING = "running_yuan_per_month"
COUNTED = {"institutions": 2, "classes": 2}  # the town has room for so many of what an instrument opens


def levers(kind: str) -> dict[str, tuple[Any, float, float]]:
    """Numbers that declare an idle value, with their bounds: name to (idle, least, most)."""
    out = {}
    for name, declared in menu()[kind].model_fields.items():
        extra = declared.json_schema_extra
        if isinstance(extra, dict) and isinstance(extra.get("idle"), int | float):
            bounds = {k: getattr(m, k) for m in declared.metadata for k in ("ge", "gt", "le") if hasattr(m, k)}
            most = COUNTED.get(str(extra["unit"]), bounds.get("le", MANY))
            out[name] = (extra["idle"], bounds.get("ge", bounds.get("gt", 0)), most)
    return out


def busy_example(kind: str, strength: float = 0.3) -> dict[str, Any]:
    """Parameters with which an instrument acts: its levers drawn from their bounds, or else those of its first case.

    Running it costs something too, which by itself is no action.
    """
    drawn: dict[str, Any] = {}
    for name, (idle, least, most) in levers(kind).items():
        value = least + strength * min(most - least, 1000.0 if most > 1 else 1.0)
        whole = menu()[kind].model_fields[name].annotation is int
        drawn[name] = max(round(value), least + 1) if whole else float(value)
        assert drawn[name] != idle
    running = {RUNNING: drawn.pop(RUNNING)}
    if drawn and not menu()[kind](**drawn).inert:
        return drawn | running
    cases = tomllib.loads((CASES / f"{kind}.toml").read_text(encoding="utf-8"))["case"]
    tables = (table for case in cases for table in case["instruments"])
    return {k: v for k, v in next(t for t in tables if t["kind"] == kind).items() if k != "kind"} | running


def running_fen(town: Town, tool: Instrument) -> NDArray[np.int64]:
    """Running costs of an instrument without a budget: due in each month on whose last day it is in force [fen]."""
    months = range(town.span.end - town.span.counted)
    ends = [town.day(month + 1) - timedelta(days=1) for month in months]
    (tool,) = within(town.scenario, (tool,))
    assert tool.start is not None
    assert tool.until is not None
    return np.array([round(100 * getattr(tool, RUNNING)) * (tool.start <= end <= tool.until) for end in ends])


def relieves(kind: str) -> bool:
    """Whether an instrument takes something off the family's bill."""
    return menu()[kind].relief is not Instrument.relief


def pays_cash(kind: str) -> bool:
    """Whether an instrument pays families in cash."""
    return menu()[kind].cash is not Instrument.cash or menu()[kind].home_care is not Instrument.home_care


@pytest.mark.parametrize("kind", KINDS)
def test_it_declares_itself(kind: str) -> None:
    cls = menu()[kind]
    assert cls.title
    assert cls.__doc__
    assert kind_of(cls()) == kind
    for name, declared in cls.model_fields.items():
        if name not in ("source", "start", "until"):
            assert declared.description, f"{kind}.{name} says what it means"
            assert not declared.is_required(), f"{kind}.{name} has a default"
    for name, (idle, least, most) in levers(kind).items():
        assert least <= idle <= most
        assert cls.model_fields[name].default == idle, "idle is the default"
    for name, declared in cls.model_fields.items():
        extra = declared.json_schema_extra
        if isinstance(extra, dict) and extra.get("idle") == {}:
            assert not declared.default, f"{kind}.{name} names nothing by default"


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_paid_is_paid_late(kind: str) -> None:
    cls = menu()[kind]
    assert ("payment_lag_months" in cls.model_fields) == cls.spends
    assert "budget" not in cls.model_fields or cls.spends
    assert cls().payment_lag_months == (1 if cls.spends else 0)


@pytest.mark.parametrize("kind", [k for k in KINDS if "budget" in menu()[k].model_fields])
def test_a_budget_is_thinned_with_the_city(kind: str) -> None:
    for budget, left in ((None, None), (0.0, 0.0), (1000.0, 50.0)):
        assert menu()[kind](budget=budget).at_scale(0.05).budget_yuan == left


@pytest.mark.parametrize("kind", [k for k in KINDS if "kinds" in menu()[k].model_fields])
def test_the_kinds_it_is_for_are_looked_for_in_the_city(kind: str) -> None:
    """So that a misspelt one is refused."""
    assert menu()[kind](kinds=("privat",)).kinds_named() == {("kinds", 0): "privat"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["town", "busy", "taught"])
def test_passing_children_over_changes_nothing(kind: str, where: str, request: pytest.FixtureRequest) -> None:
    town: Town = request.getfixturevalue(where)
    tool = instrument(kind, start=town.day(1, 9), until=town.day(8, 20), **busy_example(kind, 0.6))
    passing = town.run(tool)
    town.replication.passes = False
    try:
        weighing = town.run(tool)
    finally:
        town.replication.passes = True
    assert differences(passing, weighing) == []


@pytest.mark.parametrize("kind", KINDS)
def test_its_defaults_do_nothing(kind: str, steady: Town) -> None:
    tool = instrument(kind, start=steady.day(1), until=steady.day(7, 31))
    assert tool.idle
    record = steady.run(tool)
    assert differences(record, steady.baseline) == []
    assert not own_claims(record).any()


def idle_example(kind: str, first: date, last: date) -> Instrument:
    """Whatever else is set, a voucher of 0 yuan, a rate of 0, a sum of 0."""
    parameters = busy_example(kind)
    for name, (idle, _, _) in levers(kind).items():
        parameters[name] = idle
    if "tranches" in parameters:
        parameters["tranches"] = [{**t, "face_value": 0} for t in parameters["tranches"]]
        parameters |= {"hassle": 0.0, "aware_others": 1.0}
    return instrument(kind, start=first, until=last, **parameters)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_with_its_levers_at_idle_does_nothing(kind: str, steady: Town) -> None:
    record = steady.run(idle_example(kind, steady.day(1), steady.day(7, 31)))
    assert differences(record, steady.baseline) == []
    assert not own_claims(record).any()


@pytest.mark.parametrize("kind", KINDS)
def test_nor_does_it_when_it_begins_within_a_month(kind: str, steady: Town) -> None:
    record = steady.run(idle_example(kind, steady.day(1, 17), steady.day(7, 15)))
    assert differences(record, steady.baseline) == []


@pytest.mark.parametrize("kind", KINDS)
def test_nor_does_it_where_cash_stands(kind: str, town: Town) -> None:
    record = town.run(idle_example(kind, town.day(1), town.day(7, 31)))
    assert differences(record, town.baseline) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_does_something_and_says_it_is_not_idle(kind: str, steady: Town) -> None:
    tool = instrument(kind, start=steady.day(1, 9), **busy_example(kind, 0.9))
    assert not tool.idle
    record = steady.run(tool)
    assert differences(record, steady.baseline)
    assert (own_claims(record).sum() > running_fen(steady, tool).sum()) == tool.spends


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_the_bounds_are_sums_that_the_engine_holds(kind: str, strength: float, steady: Town) -> None:
    cls, parameters = menu()[kind], {}
    for name, (_, least, most) in levers(kind).items():
        value = least + strength * (most - least)
        parameters[name] = round(value) if cls.model_fields[name].annotation is int else float(value)
    record = steady.run(instrument(kind, **{**busy_example(kind), **parameters}))
    posted, net = total(record, "posted_fen"), total(record, "net_fen")
    assert (net >= 0).all()
    assert (net <= posted).all()
    assert (own_claims(record) >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_silent_before_its_start_and_after_its_end(kind: str, steady: Town) -> None:
    start, until = steady.day(3, 10), steady.day(5, 20)
    tool = instrument(kind, start=start, until=until, **busy_example(kind))
    record = steady.run(tool, straight=True)
    assert differences(record, steady.baseline, until=3) == []
    claims, running = own_claims(record)[:, 0], running_fen(steady, tool)
    assert running[3:5].all()
    assert not running[[2, 5]].any()
    assert not claims[:3].any()
    assert (claims[4] > running[4]) == menu()[kind].spends
    assert not claims[7:].any(), "vouchers of the last round are void thirty days later"
    if menu()[kind]().tiers() == 0 and "tranches" not in menu()[kind].model_fields:
        assert not claims[6:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_money_in_is_money_out(kind: str, steady: Town) -> None:
    """Each fen of a claim is a fen less on a bill, or for institutions, or cash, or for running it; counted once."""
    tool = instrument(kind, start=steady.day(1), **busy_example(kind))
    record = steady.run(tool)
    claims = own_claims(record)[:, 0]
    paid = claims - running_fen(steady, tool)
    assert (paid >= 0).all()
    relief = total(record, "posted_fen") - total(record, "net_fen")
    standing_claims = record.claims[:, ~record.own].sum(axis=1)
    assert (relief == standing_claims + (paid if relieves(kind) else 0)).all()
    by_child = np.bincount(record.claim_month, record.claim_fen, record.months()).astype(np.int64)
    at_bills = paid if relieves(kind) or menu()[kind].pays_institutions else np.zeros_like(paid)
    assert (total(record, "claimed_fen") == claims).all()
    assert (by_child == at_bills).all(), "what is paid to a child, a place or a programme is no child's bill"
    redeemed = record.tranche[TRANCHE_TOTALS.index("vouchers_redeemed_fen")].sum()
    assert redeemed == (paid.sum() if tool.tiers() > 0 else 0)
    assert (
        total(record, "subsidised_child_months")
        == np.bincount(record.claim_month[record.claim_fen > 0], minlength=record.months())
    ).all()
    taken_off = np.bincount(record.claim_month, record.claim_relief, record.months()).astype(np.int64)
    assert (taken_off == relief).all()
    standing = CITY_TOTALS.index("standing_fen")
    assert (record.city[standing] == standing_claims).all(), "what the city pays anyway is counted apart"


@pytest.mark.parametrize("kind", KINDS)
def test_running_it_costs_that_and_moves_nothing_else(kind: str, steady: Town) -> None:
    """With no other parameter it is not idle, costs its sum each month of its window, and is a baseline otherwise."""
    tool = instrument(kind, start=steady.day(1, 9), until=steady.day(5, 20), **{RUNNING: 1234.567})
    assert tool.inert
    assert not tool.idle
    record, baseline = steady.run(tool), steady.baseline
    assert (own_claims(record)[:, 0] == running_fen(steady, tool)).all()
    assert own_claims(record)[:, 0].tolist()[:6] == [0, 123457, 123457, 123457, 123457, 0]
    found = incidence(record, baseline)
    assert (found.outlay == found.administration).all()
    assert (found.administration == own_claims(record)[:, 0]).all()
    assert differences(record, baseline) == ["totals", "city"]
    moved = np.argwhere(record.totals != baseline.totals)
    assert {(TOTALS[row], record.groups[group]) for row, _, group in moved} == {("claimed_fen", "all")}
    assert {CITY_TOTALS[row] for row, _ in np.argwhere(record.city != baseline.city)} == {"administration_fen"}
    assert outcome(record, baseline).window["public_cost"][0] == pytest.approx(4 * 1234.57)


@pytest.mark.parametrize("kind", KINDS)
def test_running_costs_come_on_top_of_what_it_does_and_costs(kind: str, town: Town) -> None:
    """Beside the instrument at work, in a town where owners answer: only the claim and the administration are more."""
    tool = instrument(kind, start=town.day(1, 9), **busy_example(kind))
    free = town.run(tool.model_copy(update={RUNNING: 0.0}))
    record = town.run(tool)
    assert (own_claims(record) - own_claims(free) == running_fen(town, tool)[:, None]).all()
    assert set(differences(record, free)) <= {"totals", "city"}
    moved = {TOTALS[row] for row, _, _ in np.argwhere(record.totals != free.totals)}
    assert moved == {"claimed_fen"}
    assert {CITY_TOTALS[row] for row, _ in np.argwhere(record.city != free.city)} == {"administration_fen"}


@pytest.mark.parametrize("kind", KINDS)
def test_running_costs_are_thinned_with_the_city(kind: str) -> None:
    """And nothing else of the instrument differs for them."""
    tool = instrument(kind, **busy_example(kind))
    thin = tool.at_scale(0.05)
    assert getattr(tool, RUNNING) > 0
    assert getattr(thin, RUNNING) == pytest.approx(0.05 * getattr(tool, RUNNING))
    free = tool.model_copy(update={RUNNING: 0.0}).at_scale(0.05)
    assert thin.model_copy(update={RUNNING: 0.0}) == free
    assert tool.at_scale(1.0) == tool


@pytest.mark.parametrize("kind", [k for k in KINDS if "budget" in menu()[k].model_fields])
@pytest.mark.parametrize("budget", [0.0, 0.01, 1234.56, 30_000.0])
def test_a_budget_is_spent_to_the_last_fen_and_no_further(kind: str, budget: float, steady: Town) -> None:
    record = steady.run(instrument(kind, budget=budget, start=steady.day(1), **busy_example(kind)))
    assert own_claims(record).sum() == record.budget("budget")[record.own] == round(budget * 100)
    assert record.budget("left")[record.own] == 0
    assert record.budget("dry_day")[record.own] >= record.budget("first_day")[record.own]
    if budget == 0:
        assert differences(record, steady.baseline) == []
    assert (total(record, "net_fen") >= 0).all()


@pytest.mark.parametrize("kind", [k for k in KINDS if "budget" in menu()[k].model_fields])
def test_a_budget_that_suffices_is_no_limit(kind: str, steady: Town) -> None:
    free, ample = (steady.run(instrument(kind, budget=b, **busy_example(kind))) for b in (None, 1e9))
    assert differences(free, ample) == []
    assert (own_claims(free) == own_claims(ample)).all()
    assert ample.budget("left")[ample.own] == ample.budget("budget")[ample.own] - own_claims(ample).sum()
    assert not ample.budget("dry_day").any()
    assert not ample.turned_away.any()


@pytest.mark.parametrize("kind", [k for k in KINDS if "budget" in menu()[k].model_fields])
def test_a_budget_that_is_not_spent_by_the_last_day_is_no_limit(kind: str, town: Town) -> None:
    """Nobody holds back for years to come of what ends in a few months: half as much again as it spends is enough."""
    window = {"start": town.day(0), "until": town.day(6) - timedelta(days=1)}
    free = town.run(instrument(kind, **busy_example(kind) | window))
    budget = 1.5 * own_claims(free).sum() / 100
    assert budget > 0
    limited = town.run(instrument(kind, **busy_example(kind) | window | {"budget": budget}))
    assert differences(free, limited) == []


def moves_fees(kind: str) -> bool:
    """Whether an instrument changes what institutions may ask."""
    return menu()[kind].posted_fee is not Instrument.posted_fee


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pair
        for pair in combinations(KINDS, 2)
        if not all(relieves(kind) for kind in pair) and not all(moves_fees(kind) for kind in pair)
    ],
)
def test_the_order_of_independent_instruments_does_not_matter(one: str, other: str, steady: Town) -> None:
    """Only what takes its part of the same bill, or limits the same fee, depends on who comes first."""
    a, b = (instrument(kind, start=steady.day(2, 4), **busy_example(kind)) for kind in (one, other))
    forwards, backwards = steady.run(a, b), steady.run(b, a)
    skip = frozenset({"instrument_kinds", "instrument_tiers", "tranche"})
    assert differences(forwards, backwards, but=skip) == []
    assert (own_claims(forwards) == own_claims(backwards)[:, ::-1]).all()
    assert (forwards.tranche == backwards.tranche).all()


def test_two_subsidies_for_different_bands_are_independent(steady: Town) -> None:
    a = instrument("fee_subsidy", rate=0.3, bands=("infant",))
    b = instrument("fee_subsidy", amount=150.0, bands=("older_toddler",))
    forwards, backwards = steady.run(a, b), steady.run(b, a)
    assert differences(forwards, backwards) == []
    assert (own_claims(forwards) == own_claims(backwards)[:, ::-1]).all()
    assert own_claims(forwards).all(axis=0).all()


def test_twice_a_half_is_a_whole(steady: Town) -> None:
    """Two flat sums in a row are one of both, to the child."""
    split = steady.run(instrument("fee_subsidy", amount=100.0), instrument("fee_subsidy", amount=150.0))
    whole = steady.run(instrument("fee_subsidy", amount=250.0))
    assert differences(split, whole, but=frozenset({"instrument_kinds", "instrument_tiers"})) == []
    assert (own_claims(split).sum(axis=1) == own_claims(whole)[:, 0]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["town", "busy"])
def test_its_children_are_paired_as_one_by_one(kind: str, where: str, request: pytest.FixtureRequest) -> None:
    town: Town = request.getfixturevalue(where)
    record = town.run(instrument(kind, start=town.day(1, 9), until=town.day(9, 20), **busy_example(kind)))
    found, expected = outcome(record, town.baseline), reckon(record, town.baseline)
    for name, part in expected.items():
        if name.startswith("incidence_"):
            assert (found.monthly[name][:, 0] == part / 100).all(), name
        else:
            one = "vouchers_redeemed_marginal" if name == "marginal" else name
            assert np.array_equal(found.monthly[one] if part.ndim == 2 else found.window[one], part), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("where", ["town", "busy"])
def test_what_it_costs_is_what_others_gain(
    kind: str, strength: float, where: str, request: pytest.FixtureRequest
) -> None:
    """The identity of design section 6, in towns where institutions close, fees are lost and wages owed, to the fen."""
    town: Town = request.getfixturevalue(where)
    tool = instrument(kind, start=town.day(1, 9), until=town.day(9, 20), **busy_example(kind, strength))
    record, baseline = town.run(tool), town.baseline
    found = incidence(record, baseline)

    def change(name: str) -> NDArray[np.int64]:
        row = CITY_TOTALS.index(name)
        return np.asarray(record.city[row] - baseline.city[row])

    closed, left = (total(record, name) - total(baseline, name) for name in ("prepaid_lost_fen", "forfeited_fen"))
    lost = closed + left
    unpaid = change("unpaid_wages_fen")
    owed = record.claims.sum(axis=1) - baseline.claims.sum(axis=1)
    running = running_fen(town, tool)
    cash = -running * pays_cash(kind) + sum(
        (r.claims[:, [n for n, k in enumerate(r.instrument_kinds) if pays_cash(k)]].sum(axis=1) * sign)
        for r, sign in ((record, 1), (baseline, -1))
    )
    paid = total(record, "net_fen") - total(baseline, "net_fen")
    assert (found.outlay == owed).all()
    assert (found.cash == cash).all()
    assert (found.families == -(paid - cash + lost)).all()
    assert (found.staff == change("staff_fen") - unpaid).all()
    assert (found.other_costs == change("rent_fen") + change("goods_fen")).all()
    assert (found.administration == change("administration_fen")).all()
    assert (found.administration >= running).all()
    assert (found.administration > running).any() == (menu()[kind].overhead is not Instrument.overhead)
    assert (found.profit == change("profit_fen") + closed + unpaid).all(), "what leavers left behind is earned"
    assert all(part.dtype == np.int64 for part in found.named().values())
    assert total(baseline, "prepaid_lost_fen").sum() > 0, "institutions close, with fees lost"
    assert baseline.city[CITY_TOTALS.index("unpaid_wages_fen")].sum() > 0, "and wages owed"
    assert (change("prepaid_refunded_fen").sum() > 0) == (kind == "prepayment_escrow")


LEAF = '''"""Starting sum: a test's own instrument."""

from typing import ClassVar

from sim.params import number
from sim.policy.instrument import Columns, Floats, Instrument, Offered

import numpy as np


class StartingSum(Instrument):
    """Pays a sum for every place."""

    title: ClassVar[str] = "a sum per place"
    yuan: float = number("yuan a month", "per place", default=0.0, idle=0.0, at_most=1000)

    @property
    def inert(self) -> bool:
        """Pays nothing."""
        return self.yuan == 0

    def place_income(self, offered: Offered, columns: Columns) -> Floats:
        """The same everywhere."""
        return np.full(len(offered.kind), self.yuan)
'''
SCENARIO = """
extends = "hamlet.toml"
title = "a new instrument"
[[policy]]
name = "baseline"
[[policy]]
name = "new"
  [[policy.instrument]]
  kind = "starting_sum"
  yuan = {yuan}
"""


def test_an_instrument_is_on_the_menu_by_its_file_alone(tmp_path: Path) -> None:
    """In a copy of the program with one more file it is listed, checked, run, and under these laws."""
    root = Path(__file__).resolve().parents[2]
    for folder in ("sim", "tests"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    (tmp_path / "sim/policy/starting_sum.py").write_text(LEAF, encoding="utf-8")
    (tmp_path / "cities").mkdir()
    shutil.copy(root / "tests/hamlet.toml", tmp_path / "cities/hamlet.toml")
    for name, yuan in (("good", "25"), ("bad", "5000")):
        text = SCENARIO.format(yuan=yuan).replace("hamlet.toml", "cities/hamlet.toml")
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    def answer(*words: str) -> subprocess.CompletedProcess[str]:
        here = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
        return subprocess.run([sys.executable, *words], cwd=tmp_path, env=here, capture_output=True, text=True)

    menu_text = answer("-m", "sim", "instruments")
    assert "starting_sum" in menu_text.stdout
    assert "a sum per place" in menu_text.stdout
    good, bad = answer("-m", "sim", "check", "good.toml"), answer("-m", "sim", "check", "bad.toml")
    assert good.returncode == 0, good.stderr
    assert bad.returncode == 2
    assert "yuan" in bad.stderr
    laws = answer(
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "tests/policy/test_menu.py",
        "-k",
        "starting_sum and (default or idle or money or running)",
    )
    assert laws.returncode == 0, laws.stdout
    assert "passed" in laws.stdout
