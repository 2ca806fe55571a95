"""The scenario files that come with the program: they load, every number has a source, the question is asked fairly."""

from functools import cache
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest

from sim.draws import Luck
from sim.engine.costs import CostRules
from sim.engine.recorder import CITY_TOTALS, ROW, Record
from sim.engine.replication import Replication, Span
from sim.policy.menu import menu
from sim.scenario.schema import Scenario, load
from sim.study.compare import Outcome, outcome
from sim.study.plan import make_plan, ready, span_of
from sim.world.city import draw_world

FILES = sorted((Path(__file__).resolve().parents[1] / "scenarios").glob("*.toml"))


def named(stem: str, *settings: str) -> Scenario:
    """A scenario by the name of its file."""
    return load(FILES[[f.stem for f in FILES].index(stem)], settings)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_number_has_a_source(file):
    scenario = load(file)
    assert make_plan(scenario).arms[0].own == (), "the first policy is the baseline"
    assert [e.key for e in scenario.document.evidence if e.source is None] == []


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_fitted_numbers_are_inside_their_ranges_and_say_what_they_were_fitted_to(file):
    """Or from which fit they are borrowed, where the city is not the one that was fitted."""
    words = ("fitted to", "assumption: borrowed from the fit to")
    fitted = [e for e in load(file).document.evidence if e.source and e.source.startswith(words)]
    assert {e.key.rpartition(".")[2].partition("[")[0] for e in fitted} >= {"sensitivity", "taste_sd", "band_taste"}
    for e in fitted:
        assert e.low is not None
        assert e.high is not None
        assert e.low <= e.value <= e.high


def test_xian_offers_what_the_city_announced():
    """1,800 vouchers a month for eight months, 8.0 million yuan in all (Shaanxi Daily, 12 November 2025)."""
    scenario = named("xian_vouchers")
    for policy in scenario.policies:
        for pool in policy.instruments:
            if isinstance(pool, menu()["voucher_pool"]):
                pool = pool.within(scenario.run.counted_from, scenario.run.until)
                rounds = len(pool.round_days())
                assert rounds == 8
                assert rounds * sum(t.per_round for t in pool.tranches) == 14_400
                assert rounds * sum(t.per_round * t.face_value for t in pool.tranches) == 8_000_000


def test_same_money_is_the_same_money_on_the_announced_vouchers():
    """Eight ways: the vouchers as announced, and seven brought to what they cost within half a percent."""
    scenario = named("same_money")
    baseline, vouchers, *others = scenario.policies
    assert (baseline.name, baseline.match, vouchers.match, len(others)) == ("baseline", None, None, 7)
    assert vouchers.instruments == next(p for p in named("xian_vouchers").policies if p.name == "vouchers").instruments
    for policy in others:
        assert policy.match is not None
        assert (policy.match.metric, policy.match.to) == ("public_cost", vouchers.name)
        assert policy.match.tolerance <= 0.005
        for instrument in policy.instruments:  # all spend in the programme's own months
            assert instrument.until == vouchers.instruments[0].until
            assert instrument.start is not None
            assert (instrument.start.year, instrument.start.month) == (2025, 11)


# ---------------------------------------------------------------------------------------------------------
# what they show, in a sample of the city

LUCK = range(6)
TIMES_ERROR = 2.015  # Student's t of five degrees of freedom, one side of one in twenty


POLICIES = ("vouchers", "parents")


@cache
def compared(stem: str) -> dict[str, list[Outcome]]:
    """Outcomes of the baseline and of two policies in each replication."""
    scale = 0.2  # at a tenth, luck is as large as what vouchers move
    scenario = named(stem, f"run.scale={scale}")
    span, found = span_of(scenario), dict[str, list[Outcome]]()
    for r in LUCK:
        city = Replication(scenario.city, ready(scenario, scenario.standing), span, Luck(scenario.run.seed, r), scale)
        city.prepare({span.counted + 2})
        for policy in scenario.policies:
            if policy.name in ("baseline", *POLICIES):
                record = city.run(ready(scenario, policy.instruments))
                found.setdefault(policy.name, []).append(outcome(record, city.baseline()))
    return found


def passed(one: Outcome, first: int = 0, end: int | None = None) -> float:
    """What part of each yuan paid for children in private centres ended in their posted fees, over some months."""
    private, months = one.groups.index("kind=private"), slice(first, end)
    rise, paid = (one.monthly[part][months, private].sum() for part in ("fee_rise_yuan", "extra_cost"))
    return float(rise / paid)


def test_a_subsidy_raises_fees_where_places_are_few_until_some_are_built() -> None:
    tight, slack = compared("pass_through"), compared("pass_through_slack")
    # of the parents' subsidy alone: what vouchers move differs by less than chance, at half of the city too
    more = [passed(one) - passed(two) for one, two in zip(tight["parents"], slack["parents"], strict=True)]
    assert fmean(more) > TIMES_ERROR * stdev(more) / len(more) ** 0.5
    fall = [passed(one, 12, 24) - passed(one, 24, 36) for one in tight["parents"]]
    assert fmean(fall) > TIMES_ERROR * stdev(fall) / len(fall) ** 0.5
    more = [places(one, 24) / places(two, 24) for one, two in zip(tight["parents"], tight["baseline"], strict=True)]
    assert fmean(more) > 1.1, "by then some are built"


@pytest.mark.xfail(strict=True, reason="vouchers: 1.8 times as much; without a policy the slack city has fewer places")
def test_twice_as_much_of_a_subsidy_ends_in_fees_where_places_are_few() -> None:
    tight, slack = compared("pass_through"), compared("pass_through_slack")
    for policy in POLICIES:
        assert fmean(map(passed, tight[policy])) > 2 * abs(fmean(map(passed, slack[policy]))), policy


@pytest.mark.xfail(strict=True, reason="places no longer grow by two thirds in three years without a policy")
def test_once_places_are_built_the_rise_of_fees_falls_off_by_two_fifths() -> None:
    fall = [(passed(one, 12, 24), passed(one, 24, 36)) for one in compared("pass_through")["parents"]]
    assert all(second > third for second, third in fall)
    assert fmean(third for _, third in fall) < 0.6 * fmean(second for second, _ in fall)


def places(one: Outcome, first: int) -> float:
    """Places of a year, mean of month-ends."""
    return float(one.monthly["places"][first : first + 12, 0].mean())


def filled(one: Outcome, month: int) -> float:
    """Children per place at a month's end."""
    return float(one.monthly["enrolled"][month, 0] / one.monthly["places"][month, 0])


def test_the_tight_city_is_full_before_september_and_the_slack_one_has_room() -> None:
    for stem, low, high in (("pass_through", 0.85, 1.0), ("pass_through_slack", 0.5, 0.8)):
        for one in compared(stem)["baseline"]:
            assert low < filled(one, 9) < high, "August"


@pytest.fixture(scope="module")
def two_years() -> list[tuple[Record, int]]:
    """Xi'an without policy from its start on, and how many institutions stand alone, in each replication."""
    scenario, found = named("xian_vouchers", "run.scale=0.1"), []
    run = scenario.run
    span = Span.of(run.start, run.start, run.until, run.burn_in_months)
    for r in LUCK:
        city = Replication(scenario.city, ready(scenario, scenario.standing), span, Luck(run.seed, r), 0.1)
        institutions = city.world.institutions
        found.append((city.baseline(), int((~institutions.backed & institutions.stands).sum())))
    return found


def drift(record: Record, top: str, bottom: str = "") -> float:
    """How far a total, or one over another, moves from the first year to the second."""
    values = record.totals[ROW[top], :, 0] / (record.totals[ROW[bottom], :, 0] if bottom else 1)
    return float(values[12:].mean() / values[:12].mean() - 1)


def test_xian_without_policy_stays_where_it_is(two_years: list[tuple[Record, int]]) -> None:
    for top, bottom in (("fee_place_thirds_fen", "place_thirds"), ("place_thirds", ""), ("institutions", "")):
        moved = [drift(record, top, bottom) for record, _ in two_years]
        assert abs(fmean(moved)) < 0.02, top
    beside = [drift(record, "enrolled") - by_births_alone(record) for record, _ in two_years]
    assert abs(fmean(beside)) < 0.05


def by_births_alone(record: Record) -> float:
    """How far enrolment would move from the first year to the second if each band's part of its children stayed."""
    bands = slice(1, 4)
    assert all(name.startswith("band=") for name in record.groups[bands])
    children, enrolled = (record.totals[ROW[name], :, bands] for name in ("children", "enrolled"))
    part = enrolled[:12].mean(axis=0) / children[:12].mean(axis=0)
    return float((part * children[12:].mean(axis=0)).sum() / enrolled[:12].mean(axis=0).sum() - 1)


def test_three_to_eight_in_a_hundred_unbacked_institutions_close_a_year(two_years: list[tuple[Record, int]]) -> None:
    row = CITY_TOTALS.index("institutions_closed")
    closed = [record.city[row].sum() / 2 / alone for record, alone in two_years]
    assert 0.03 < fmean(closed) < 0.08


def test_most_institutions_lose_money_in_full(two_years: list[tuple[Record, int]]) -> None:
    """Over 70 % lose money (Economic Observer, 19 May 2025); more than half would come near it."""
    row = CITY_TOTALS.index("losing_in_full")
    share = [(record.city[row] / record.totals[ROW["institutions"], :, 0]).mean() for record, _ in two_years]
    assert 0.5 < fmean(share) < 0.75


@pytest.mark.xfail(strict=True, reason="in full at 75.2 %, at the published mean fee")
def test_the_middle_private_centre_of_xian_breaks_even_at_two_thirds_to_three_quarters() -> None:
    """In full, with carers for every class: the working value is 65 to 75 % (trade talk; no published mean)."""
    scenario = named("xian_vouchers")
    run = scenario.run
    luck = Luck(run.seed, 0)
    world = draw_world(scenario.city, luck, run.start, run.start, 1.0)
    places = (world.institutions.classes * np.array(scenario.city.classes.sizes)).astype(np.int32)
    private = (world.institutions.kind == world.institutions.kind_names.index("private")) & world.institutions.stands
    fee = world.institutions.fee
    cash, full = (
        float(np.median(CostRules(world).break_even(places, fee, in_full)[private])) for in_full in (False, True)
    )
    assert 0.55 < cash < 0.65 < full < 0.75
