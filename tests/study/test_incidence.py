"""Where the money went: by hand, and against the plainest recomputation bill by bill."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from reckoning import bills_of
from town import (
    HAMLET,
    NOBODY,
    Child,
    House,
    Town,
    band_when_deciding,
    billed,
    instrument,
    lay_out,
    settle,
    total,
)

from sim.engine.recorder import ROW, Record
from sim.policy.instrument import Instrument
from sim.scenario.schema import load
from sim.study.incidence import Incidence, IncidenceError, incidence

WINDOW = ("run.start=2025-02-01", "run.count_from=2025-02-01", "run.until=2025-03-31", "run.burn_in_months=1")
# per child-month, in yuan, of a child that comes anyway and pays 2000: what goes to whom
BY_HAND = [
    (("fee_subsidy", {"rate": 0.4}), {"always_takers": 800}),
    (("fee_subsidy", {"amount": 3000.0}), {"always_takers": 2000}),
    (("cash_allowance", {"yuan_per_month": 300.0}), {"cash": 300}),
    (("operating_subsidy", {"yuan_per_child": 500.0}), {"profit": 500}),
    (("operating_subsidy", {"yuan_per_child": 500.0, "fee_cut": 700.0}), {"fee_rise": 700, "profit": -200}),
]


@pytest.mark.parametrize(("tool", "parts"), BY_HAND)
def test_a_child_that_comes_anyway(tool, parts):
    world, _ = lay_out(load(HAMLET, WINDOW).city, [Child(date(2024, 1, 1), 15)], [House()])
    town = settle(*WINDOW, standing=(), world=world)
    found = incidence(town.run(instrument(tool[0], **tool[1])), town.baseline).named()
    families = sum(yuan for part, yuan in parts.items() if part != "profit")
    expected = {**parts, "families": families, "outlay": sum(parts.values())}
    assert {name: fen.tolist() for name, fen in found.items() if fen.any()} == {
        name: [100 * yuan] * 2 for name, yuan in expected.items() if yuan
    }


def test_a_fee_cut_that_begins_within_a_month_counts_from_its_first_bill():
    """Two children; the one who decides on the 5th has been billed when the cut begins on the 9th."""
    children = [Child(date(2024, 1, 1), 5), Child(date(2024, 1, 1), 20)]
    world, _ = lay_out(load(HAMLET, WINDOW).city, children, [House()])
    town = settle(*WINDOW, standing=(), world=world)
    tool = instrument("operating_subsidy", yuan_per_child=0.0, fee_cut=700.0, start=date(2025, 2, 9))
    found = incidence(town.run(tool), town.baseline)
    assert found.fee_rise.tolist() == [70_000, 140_000]
    assert found.profit.tolist() == [-70_000, -140_000]


def plainly(record: Record, baseline: Record, town: Town) -> dict[str, list[int]]:
    """The families' parts, bill by bill; no fee may change within a month."""
    months = record.months()
    found = {name: [0] * months for name in ("always_takers", "fee_rise", "other_offers", "new_users", "crowded_out")}

    def relief(r: Record) -> dict[tuple[int, int], int]:
        keys = zip(r.claim_month.tolist(), r.claim_child.tolist(), strict=True)
        return dict(zip(keys, r.claim_relief.tolist(), strict=True))

    off, off_before = relief(record), relief(baseline)
    at, at_before = billed(record), billed(baseline)
    for m in range(months):
        band = band_when_deciding(town.world, town.span.counted + m)
        fee, fee_before = (np.rint(100 * r.fee[m]).astype(int) for r in (record, baseline))
        for i in np.flatnonzero((at[m] != NOBODY) | (at_before[m] != NOBODY)).tolist():
            j, k, b = int(at[m, i]), int(at_before[m, i]), band[i]
            less, less_before = off.get((m, i), 0), off_before.get((m, i), 0)
            if k == NOBODY:
                found["new_users"][m] -= int(fee[b, j]) - less
            elif j == NOBODY:
                found["crowded_out"][m] += int(fee_before[b, k]) - less_before
            else:
                found["always_takers"][m] += less - less_before
                same = j == k or bool(baseline.offer_open[m, :, j].any())
                rise = int(fee[b, j]) - int(fee_before[b, j]) if same else 0
                found["fee_rise"][m] -= rise
                found["other_offers"][m] -= int(fee[b, j]) - int(fee_before[b, k]) - rise
    return found


POLICIES = [
    instrument("fee_subsidy", rate=0.5, bands=("toddler", "older_toddler")),
    instrument("operating_subsidy", yuan_per_child=400.0, fee_cut=300.0, standing="any", places=80),
    instrument(
        "voucher_pool",
        aware_others=1.0,
        hassle=0.0,
        redeem_at="any",
        valid_days=60,
        tranches=[{"months": [0, 47], "face_value": 2500.0, "per_round": 150}],
    ),
]


@pytest.mark.parametrize("where", ["town", "busy"])
@pytest.mark.parametrize("tool", POLICIES, ids=lambda tool: type(tool).__name__)
def test_the_families_parts_are_those_of_their_bills(tool: Instrument, where: str, request):
    town = request.getfixturevalue(where)
    record, baseline = town.run(tool), town.baseline
    found, expected = incidence(record, baseline), plainly(record, baseline, town)
    for name, by_month in expected.items():
        assert getattr(found, name).tolist() == by_month, name
        assert any(by_month) or where == "town", f"{name}: where much stands, each policy moves it"


@pytest.mark.parametrize("where", ["town", "steady", "busy"])
def test_bills_made_out_again_are_those_that_were_made_out(where: str, request):
    record = request.getfixturevalue(where).baseline
    bills = bills_of(record)
    assert (np.diff(bills.key) > 0).all()
    for name, amount in (("posted_fen", bills.posted), ("net_fen", bills.posted - bills.relief)):
        by_month = [int(amount[bills.month == m].sum()) for m in range(record.months())]
        assert by_month == total(record, name).tolist()
        for band in range(3):
            assert amount[bills.band == band].sum() == record.totals[ROW[name], :, 1 + band].sum()


def test_a_policy_against_itself_moves_nothing(busy: Town):
    assert not any(part.any() for part in incidence(busy.baseline, busy.baseline).named().values())


def test_parts_that_do_not_add_up_are_refused(town: Town):
    record = town.run(POLICIES[0])
    for broken in (
        replace(record, claim_relief=record.claim_relief + np.int32(1)),
        replace(record, bill_fees=record.bill_fees + 1),
        replace(record, stay_day=np.ones_like(record.stay_day), stay_birth=record.stay_birth + np.int32(300)),
        replace(record, city=record.city + np.arange(len(record.city))[:, None]),
    ):
        with pytest.raises(IncidenceError, match=r"\d{4}: .* fen, and should to"):
            incidence(broken, town.baseline)


def test_both_sums_are_named_with_their_parts(town: Town):
    found = incidence(town.run(POLICIES[0]), town.baseline)
    named = found.named()
    assert list(named)[:2] == ["outlay", "families"]
    assert set(named) - {"outlay", "families"} == set(Incidence.__dataclass_fields__)
