"""The most that who is paid may ask, of subsidies to institutions: nobody paid asks more, and owners weigh it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_operating_subsidy import scenario
from town import Town, differences, instrument, settle, within

from sim.engine.city import RunningCity
from sim.engine.schedule import run_to
from sim.policy.menu import menu
from sim.scenario.faults import BadScenario
from sim.scenario.schema import load

SUBSIDIES = {
    "operating_subsidy": {"yuan_per_child": 900.0, "months_cap": 12},
    "place_subsidy": {"yuan_per_place": 900.0},
}
KINDS = list(SUBSIDIES)
BANDS = ("infant", "toddler", "older_toddler")


@pytest.fixture(scope="module")
def owners() -> Town:
    """A town whose owners set their fees freely and stay, so that they weigh the scheme."""
    return settle("city.supply.patience_months=1000000", "city.supply.patience_sd=0", standing=())


def subsidy(kind: str, town: Town, **more: Any) -> Any:
    return instrument(kind, **{**SUBSIDIES[kind], "start": town.day(0), **more})


def at_the_end(town: Town, *own: Any) -> RunningCity:
    """A policy's city at the end of the run."""
    living = town.replication.city(town.replication.checkpoint(town.span.counted), within(town.scenario, own))
    run_to(living, town.span.end)
    living.write_tariff(town.day(11, 28))  # of those who moved on the last day too
    return living


def paid_ones(living: RunningCity, kind: str) -> NDArray[np.bool_]:
    """Institutions that the subsidy pays, bool (J,)."""
    if kind == "place_subsidy":
        return living.state.market.sites.inclusive
    return np.asarray(living.state.instruments.columns[0]["takes_part"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("standing", ["any", "inclusive"])
def test_a_rule_above_every_fee_is_no_rule(owners: Town, kind: str, standing: str) -> None:
    free = owners.run(subsidy(kind, owners, standing=standing))
    highest = float(free.fee.max())
    for rule in ({"fee_at_most": highest}, {"fee_at_most": 1.0, "fee_at_most_by_band": dict.fromkeys(BANDS, highest)}):
        assert differences(free, owners.run(subsidy(kind, owners, standing=standing, **rule))) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("standing", ["any", "inclusive"])
def test_nobody_who_is_paid_asks_more_and_nobody_else_is_bound(owners: Town, kind: str, standing: str) -> None:
    """The others ask on the rule's first day what they ask without it."""
    most = float(np.median(owners.baseline.fee[0]))
    tool = subsidy(kind, owners, standing=standing, fee_at_most=most)
    living = at_the_end(owners, tool)
    paid = paid_ones(living, kind) if standing == "inclusive" else np.ones(len(owners.world.institutions), bool)
    assert paid.any()
    assert (living.inputs.tariff.posted[:, paid] <= most).all()
    if standing == "inclusive":
        assert (living.inputs.tariff.posted[:, ~paid] > most).any()
    first, baseline = owners.run(tool).fee[0], owners.baseline.fee[0]
    stands = owners.replication.checkpoint(owners.span.counted).market.sites.inclusive | (standing == "any")
    assert (first[:, stands] == np.minimum(baseline, most)[:, stands]).all()
    assert (first[:, ~stands] == baseline[:, ~stands]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_binds_in_the_bands_that_have_one(owners: Town, kind: str) -> None:
    tool = subsidy(kind, owners, standing="any", fee_at_most_by_band={"toddler": 500.0})
    first, baseline = owners.run(tool).fee[0], owners.baseline.fee[0]
    assert (first[1] <= 500).all()
    assert (baseline[1] > 500).any()
    assert (first[[0, 2]] == baseline[[0, 2]]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_lower_the_rule_the_lower_the_fees_and_the_fewer_come_in(owners: Town, kind: str) -> None:
    """Fees of the first month, before anyone has moved; and of those free to choose, who is recognised at the end."""
    free, fees, inside = owners.world.institutions.responds, [], []
    for most in (1e9, 2500.0, 1500.0, 800.0, 0.0):
        tool = subsidy(kind, owners, fee_at_most=most)
        fees.append(owners.run(tool).fee[0])
        inside.append(int((at_the_end(owners, tool).state.market.sites.inclusive & free).sum()))
    assert all((after <= before).all() for before, after in pairwise(fees))
    assert (fees[0] > fees[-2]).any()
    assert inside == sorted(inside, reverse=True)
    assert inside[0] >= inside[-1] + 3, "for nothing they would not do it"


def test_the_draw_of_participants_is_the_same_with_a_rule(owners: Town) -> None:
    """Who is drawn for a limited number of places hangs on the lots and on the children there, not on the rule."""
    begun = []
    for most in (1e9, 900.0):
        tool = subsidy("operating_subsidy", owners, standing="any", places=150, fee_at_most=most)
        living = at_the_end(owners, tool.model_copy(update={"start": owners.day(11, 27)}))
        begun.append(paid_ones(living, "operating_subsidy").copy())
    assert begun[0].any()
    assert not begun[0].all()
    assert (begun[0] == begun[1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_owners_weigh_what_the_rule_takes_of_the_guided_fee(owners: Town, kind: str) -> None:
    """Half a year of 1,500 at most lowers a guided fee of 1,900 by 200, one of 1,400 by nothing."""
    living = at_the_end(owners)
    size = len(owners.world.institutions)
    offered = living.active.offered(owners.day(11))
    offered = replace(
        offered, inclusive=np.ones(size, bool), enrolled=np.zeros((size, 3), np.int64), runs=np.ones(size, bool)
    )
    columns = {"takes_part": np.ones(size, bool)}
    guided = np.tile([1900.0, 1400.0, 1900.0], (size, 1))
    tool = subsidy(kind, owners, fee_at_most=1500.0, fee_at_most_by_band={"older_toddler": 1000.0})
    brings = tool.recognition(offered, columns, 6, guided)
    assert (brings.cut == [200.0, 0.0, 450.0]).all()
    if kind == "operating_subsidy":
        cut = subsidy(kind, owners, fee_at_most=1500.0, fee_cut=100.0).recognition(offered, columns, 6, guided)
        assert (cut.cut == [200.0, 50.0, 200.0]).all(), "first the cut, then the limit, as the fee is posted"


def test_two_rules_lower_a_guided_fee_one_after_the_other(owners: Town) -> None:
    """To 1,500 and then to 1,200 of the same fee is to 1,200, not twice down."""
    tools = [subsidy("place_subsidy", owners, fee_at_most=most, standing="any") for most in (1500.0, 1200.0)]
    living = owners.replication.city(owners.replication.checkpoint(owners.span.counted), within(owners.scenario, tools))
    guided = np.full((len(owners.world.institutions), 3), 1900.0)
    day = owners.day(0)
    brings = living.expects.recognition(day, stands=True, asked=guided)
    assert (brings.cut == 700.0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_alone_is_not_idle(kind: str) -> None:
    assert not menu()[kind](fee_at_most=900.0).idle
    assert not menu()[kind](fee_at_most_by_band={"infant": 900.0}).idle
    assert menu()[kind](fee_at_most_by_band={}).idle


@pytest.mark.parametrize("table", ["{ infants = 900 }", "{ toddler = -1 }"])
def test_what_is_no_rule_of_a_band_is_refused_in_one_line(tmp_path: Any, table: str) -> None:
    with pytest.raises(BadScenario) as error:
        load(scenario(tmp_path, f"fee_at_most_by_band = {table}"))
    (fault,) = error.value.faults
    assert fault.key.startswith("policy[1].instrument[0].fee_at_most_by_band.")
