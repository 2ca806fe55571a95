"""Comparison against the plainest recomputation, on two records of a small city."""

from dataclasses import replace

import numpy as np
import pytest
from town import HAMLET, NOBODY, Child, House, Town, instrument, lay_out, settle, total
from town import billed as billed_at

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW
from sim.scenario.schema import load
from sim.scenario.welfare import WelfareFacts
from sim.study import intervals
from sim.study.compare import Outcome, applies, estimate, outcome
from sim.study.estimate import Estimate
from sim.study.incidence import incidence
from sim.study.metrics import BUDGETS, INCIDENCE, METRICS


@pytest.fixture(scope="module")
def pair(town: Town):
    """A policy that draws some children in and keeps others out: vouchers for a few, in a crowded hamlet."""
    pool = instrument(
        "voucher_pool",
        start=town.day(1),
        until=town.day(11, 28),
        aware_others=1.0,
        hassle=0.0,
        redeem_at="any",
        tranches=[
            {"months": [0, 23], "face_value": 1500.0, "per_round": 20},
            {"months": [24, 47], "face_value": 1500.0, "per_round": 30},
        ],
    )
    return town.run(pool), town.baseline


def billed(record):
    """(month, child) pairs, one by one from the stays."""
    return {
        (m, int(child))
        for child, first, last in zip(record.stays["child"], record.stays["first"], record.stays["last"], strict=True)
        for m in range(max(int(first), 0), min(int(last), record.months() - 1) + 1)
    }


def test_added_and_crowded_out_are_counted_child_by_child(pair):
    policy, baseline = pair
    here, there, got = billed(policy), billed(baseline), outcome(policy, baseline).window
    assert got["crowded_out"][0] == len(there - here) > 0
    assert got["added"][0] == len(here) - len(there)
    assert got["enrolled_child_months"][0] == len(here)


def test_inframarginal_months_are_those_enrolled_in_the_baseline(pair):
    policy, baseline = pair
    there, got = billed(baseline), outcome(policy, baseline).window
    claims = list(zip(policy.claim_month.tolist(), policy.claim_child.tolist(), policy.claim_fen.tolist(), strict=True))
    anyway = [(m, c, f) for m, c, f in claims if (m, c) in there]
    assert 0 < len(anyway) < len(claims) == got["subsidised_paired"][0]
    assert got["inframarginal"][0] == len(anyway)
    assert got["inframarginal_yuan"][0] == pytest.approx(sum(f for _, _, f in anyway) / 100)


def test_groups_add_up_to_all(pair):
    policy, baseline = pair
    one = outcome(policy, baseline)
    prefix = np.array([g.partition("=")[0] for g in one.groups])
    for metric in METRICS:
        for part in {metric.top, metric.bottom} - {""}:
            for dimension in metric.groups:
                if part in ("children",) and dimension == "band=":
                    continue  # a band counts its own children, to kindergarten
                if part == "subsidised_paired" and dimension == "tranche=":
                    assert (policy.claim_tranche >= 0).all(), "a pool-only policy"
                cells = one.window[part][prefix == dimension.removesuffix("=")]
                assert cells.sum() == pytest.approx(one.window[part][0]), (metric.name, part, dimension)


def test_who_applies_wins_or_is_turned_away(pair):
    """In every month, by tranche and by every group of children."""
    one = outcome(*pair)
    applied, issued, refused = (
        one.monthly[name] for name in ("applications", "vouchers_issued", "applications_refused")
    )
    assert (applied == issued + refused).all()
    assert (refused >= 0).all()
    for start in ("quintile=", "band=", "tranche="):
        columns = [n for n, group in enumerate(one.groups) if group.startswith(start)]
        assert (refused[:, columns].sum(axis=1) == refused[:, 0]).all()
        assert (refused[:, columns].sum(axis=0) > 0).sum() > 1


def test_what_became_of_budgets(town: Town):
    """Of the policy's own, of which the first to run dry tells the day, counted from the policy's first."""
    tools = (
        instrument("fee_subsidy", amount=10.0, start=town.day(0, 20)),
        instrument("fee_subsidy", rate=0.1, budget=10_000.0, start=town.day(1)),
        instrument("operating_subsidy", yuan_per_child=1.0, standing="any", budget=500_000.0, start=town.day(1)),
    )
    record = town.run(*tools)
    window, monthly = (getattr(outcome(record, town.baseline), name) for name in ("window", "monthly"))
    spent = record.claims[:, record.own].sum(axis=0)[1:] / 100
    assert window["unspent_budget"][0] == pytest.approx(510_000 - spent.sum())
    assert spent[0] == 10_000
    assert window["ran_dry"][0] == 1
    dry = dates.date.fromordinal(int(record.budget("dry_day")[record.own][1]))
    assert window["run_dry_day"][0] == (dry - town.day(0, 20)).days > 12
    assert window["turned_away"][0] == monthly["turned_away"][:, 0].sum() == record.turned_away.sum() > 0


def one_of_many(ran_dry: float, day: float = 0.0, budgets: float = 1.0) -> Outcome:
    parts = {"ran_dry": ran_dry, "run_dry_day": day, "unspent_budget": 5.0, "turned_away": 7.0}
    parts |= {"budgets": budgets, "budgets_for_families": 0.0}
    return Outcome(("all",), 24310, {name: np.array([x]) for name, x in parts.items()}, {})


def test_the_day_a_budget_ran_dry_is_a_mean_over_those_that_did():
    found = {metric.name: metric for metric in METRICS}
    many = [one_of_many(1, 30), one_of_many(0), one_of_many(1, 50), one_of_many(0)]
    day, ran_dry = (estimate(found[name], many, 0) for name in ("run_dry_day", "ran_dry"))
    assert day == intervals.total(np.array([30.0, 50.0]))
    assert day.value == 40
    assert (ran_dry.value, ran_dry.bounded) == (0.5, True)
    assert estimate(found["run_dry_day"], many[:2], 0) == Estimate(30.0), "one tells no interval"
    assert estimate(found["run_dry_day"], many[1::2], 0) == Estimate(None)
    assert estimate(found["ran_dry"], many[1::2], 0).value == 0


def test_budgets_are_told_of_where_there_are_any():
    shown = {m.name for m in METRICS if m.name in BUDGETS and applies(m, [one_of_many(1, 30)])}
    assert shown == {"ran_dry", "run_dry_day", "unspent_budget"}, "of whom institutions lack nothing is known"
    assert not any(applies(m, [one_of_many(0, budgets=0.0)]) for m in METRICS if m.name in BUDGETS)


def test_mothers_work_and_its_tax_come_off_the_cost_where_a_scenario_counts_them(roomy: Town):
    policy, baseline = roomy.run(instrument("fee_subsidy", amount=500.0)), roomy.baseline
    nothing, work = outcome(policy, baseline), WelfareFacts(work_per_child_month=0.2)
    taxed = WelfareFacts(work_per_child_month=0.2, tax_per_work_month=900.0)
    added = 0.2 * (policy.unaided.sum() - baseline.unaided.sum())
    assert added > 0
    for facts, tax in ((None, 0.0), (work, 0.0), (taxed, 900.0 * added)):
        got = outcome(policy, baseline, facts).window
        assert got["work"][0] == pytest.approx(added if facts else 0.0)
        assert got["extra_tax"][0] == pytest.approx(tax)
        assert got["net_cost"][0] == pytest.approx(nothing.window["extra_cost"][0] - tax)
        assert (got["surplus"] == nothing.window["surplus"]).all()
    shown = [{m.name for m in METRICS if applies(m, [outcome(policy, baseline, facts)])} for facts in (None, work)]
    assert shown[1] - shown[0] == {"mothers_work_months", "extra_tax"}


def test_value_per_yuan_says_nothing_of_a_policy_that_saves():
    """Neither of one from which families gain, nor of one that harms them."""
    found = {metric.name: metric for metric in METRICS}["mvpf"]

    def many(surplus: float, cost: float) -> list[Outcome]:
        parts = [{"surplus": np.array([surplus + n]), "net_cost": np.array([cost + n])} for n in (0.0, 1.0, 2.0)]
        return [Outcome(("all",), 24310, part, {}) for part in parts]

    assert estimate(found, many(50.0, 100.0), 0).value == pytest.approx(51 / 101)
    assert estimate(found, many(50.0, -100.0), 0) == Estimate(None)
    assert estimate(found, many(-50.0, -100.0)[:1], 0) == Estimate(None)


def test_a_policy_against_itself_adds_nothing(pair):
    _, baseline = pair
    got = outcome(baseline, baseline).window
    for part in (
        "added",
        "crowded_out",
        "extra_cost",
        "fee_rise_yuan",
        "surplus",
        "application_cost",
        "work",
        *(f"incidence_{n}" for n in INCIDENCE),
    ):
        assert not got[part].any()


def test_every_issued_voucher_is_redeemed_expired_or_live(pair):
    """At the window's end, by tranche and for all; and by month, where live is what came in less what went out."""
    one = outcome(*pair)
    shown = [0, -2, -1]
    flows = ("vouchers_issued", "vouchers_redeemed", "vouchers_expired")
    issued, redeemed, expired, live = (one.window[name][shown] for name in (*flows, "vouchers_live"))
    assert (issued == redeemed + expired + live).all()
    assert (live > 0).all(), "all, and both tranches: the last round is still valid"
    coming, *going = (one.monthly[name][:, shown] for name in flows)
    assert (one.monthly["vouchers_live"][:, shown] == np.cumsum(coming - sum(going), axis=0)).all()


def test_pass_through_compares_offers_open_in_both(pair):
    """A yuan more at every offer is a yuan for each child of the baseline there, save where an offer is shut."""
    policy, baseline = pair
    month, band, house = (int(n[0]) for n in np.nonzero(baseline.offer_enrolled > 2))
    everyone, there = baseline.offer_enrolled.sum(), baseline.offer_enrolled[month, band, house]
    shut = np.ones_like(baseline.offer_open)
    shut[month, band, house] = False
    dearer, open_ = replace(policy, fee=baseline.fee + 1.0), np.ones_like(shut)
    for here, elsewhere, children in (
        (open_, open_, everyone),
        (shut, open_, everyone - there),
        (open_, shut, everyone - there),
    ):
        got = outcome(replace(dearer, offer_open=here), replace(baseline, offer_open=elsewhere)).window
        assert got["fee_rise_yuan"][0] == pytest.approx(children)
    got = outcome(policy, baseline).window
    assert got["extra_cost"][0] == pytest.approx((policy.claims.sum() - baseline.claims.sum()) / 100)


def test_an_offer_is_open_where_a_class_admits_its_band(town: Town):
    """By the seats, month by month; a child that outgrew what there is may sit where nothing is open for its age."""
    states = [state for _, state in town.states()]
    for month, state in enumerate(states[1:]):  # the next month's classes open after its beginning
        seats = state.offers.places
        opened = np.stack([seats[:, 0] > 0, seats[:, [1, 3]].any(axis=1), seats[:, [2, 3]].any(axis=1)])
        assert (town.baseline.offer_open[month] == opened).all()
    assert not town.baseline.offer_open.all()


def test_where_the_money_went_adds_up_in_every_table(pair):
    one, found = outcome(*pair), incidence(*pair).named()
    assert tuple(found)[:2] == INCIDENCE[:2]
    assert set(found) == set(INCIDENCE)
    for part, fen in found.items():
        assert (one.monthly[f"incidence_{part}"][:, 0] == fen / 100).all()
        assert one.window[f"incidence_{part}"][0] == pytest.approx(fen.sum() / 100)
    assert one.window["incidence_outlay"][0] == pytest.approx(one.window["extra_cost"][0])


def test_what_became_of_institutions(pair):
    """Closures and what they cost, and who loses money: flows are sums, stocks means of month-ends."""
    record, baseline = pair
    window = outcome(record, baseline).window
    city = {name: record.city[n] for n, name in enumerate(CITY_TOTALS)}
    for name in ("institutions_opened", "institutions_closed", "displaced_children"):
        assert window[name][0] == city[name].sum() > 0
    assert window["prepaid_lost"][0] == pytest.approx(record.totals[ROW["prepaid_lost_fen"], :, 0].sum() / 100)
    assert window["unpaid_wages"][0] == pytest.approx(city["unpaid_wages_fen"].sum() / 100)
    assert window["prepaid_lost"][0] > 0 < window["unpaid_wages"][0]
    wear = city["unpaid_costs_fen"].sum() / 100
    assert window["profit_full"][0] == pytest.approx(window["profit"][0] - wear)
    assert wear > 0
    open_ = total(record, "institutions")
    for name in ("losing_cash", "losing_in_full"):
        assert window[name][0] / window["institutions"][0] == pytest.approx(city[name].sum() / open_.sum())
    assert 0 < window["losing_cash"][0] < window["losing_in_full"][0] < window["institutions"][0]


def test_prepaid_fees_that_an_escrow_brings_back_are_its_surplus(town: Town):
    """It moves nobody, so families gain what closures cost them without it, each group its own; it costs nothing."""
    record, baseline = town.run(instrument("prepayment_escrow", share=1.0)), town.baseline
    one = outcome(record, baseline)
    assert not total(record, "gains_fen").any()
    assert not total(record, "prepaid_lost_fen").any()
    for prefix in ("all", "quintile=", "birth_order=", "district="):
        columns = [n for n, group in enumerate(record.groups) if group.startswith(prefix)]
        lost = baseline.totals[ROW["prepaid_lost_fen"]][:, columns].sum(axis=0) / 100
        assert one.window["surplus"][columns] == pytest.approx(lost)
        assert lost.sum() == pytest.approx(one.window["prepaid_refunded"][0]) != 0
    assert not one.window["extra_cost"].any()


def test_the_concentration_index_is_that_of_the_under_threes(town: Town):
    """2 · cov(months, rank) ÷ mean months over the children who are under three on some counted day."""
    families, span = town.world.families, town.span
    first, last = dates.date_in(span.counted), dates.date_in(span.end).toordinal() - 1
    under = (families.birth > dates.months_before(first, 36)) & (families.birth <= last)
    assert 0 < (~under).sum() < len(under)
    months = (billed_at(town.baseline) != NOBODY).sum(axis=0)[under]
    assert (billed_at(town.baseline) != NOBODY)[:, ~under].any(), "some older ones are enrolled, and left out"
    rank = (np.argsort(np.argsort(families.income[under], kind="stable")) + 0.5) / under.sum()
    index = 2 * np.cov(months, rank, ddof=0)[0, 1] / months.mean()
    top, bottom = town.baseline.concentration
    assert top / bottom == pytest.approx(index)
    assert bottom == months.sum()


def test_equal_incomes_share_their_rank():
    """Of four enrolled all through, two of them equal, the index is that of ranks 1, 2½, 2½ and 4 of four."""
    window = ("run.start=2025-02-01", "run.count_from=2025-02-01", "run.until=2025-03-31", "run.burn_in_months=1")
    incomes, keen = (9_000.0, 12_000.0, 12_000.0, 30_000.0), (100.0, 100.0, 100.0, -100.0)
    children = [Child(dates.date(2024, 1, 1), 15, income=y, keen=k) for y, k in zip(incomes, keen, strict=True)]
    world, _ = lay_out(load(HAMLET, window).city, children, [House()])
    top, bottom = settle(*window, standing=(), world=world).baseline.concentration
    ranks = (np.array([1, 2.5, 2.5]) - 0.5) / 4
    assert bottom == 6, "three children for two months"
    assert top == pytest.approx(2 * (2 * ranks - 1).sum())
