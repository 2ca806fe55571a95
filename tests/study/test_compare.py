"""Comparison against the plainest recomputation, on two records of a small city."""

import numpy as np
import pytest
from town import Town, instrument

from sim.study.compare import METRICS, outcome


@pytest.fixture(scope="module")
def pair(town: Town):
    """A policy that draws some children in and keeps others out: vouchers for a few, in a crowded hamlet."""
    pool = instrument(
        "voucher_pool",
        start=town.day(1),
        until=town.day(7, 31),
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


def test_a_policy_against_itself_adds_nothing(pair):
    _, baseline = pair
    got = outcome(baseline, baseline).window
    for part in ("added", "crowded_out", "extra_cost", "fee_rise_yuan"):
        assert not got[part].any()
