"""Cost of applying for vouchers: once for every application, won or lost, in its applicant's own group; in families'
welfare, and nowhere in money (test_conservation.py holds their ledger to bills and cash where a pool stands)."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reckoning import bills_of
from town import HAMLET, SETTLED, Child, House, Town, differences, instrument, lay_out, settle, total

from sim.engine.recorder import ROW, Record
from sim.scenario.schema import load
from sim.study.compare import Outcome, outcome

WINDOW = ("run.start=2025-02-01", "run.count_from=2025-03-01", "run.until=2025-06-30", "run.burn_in_months=1")
TWO_SEATS = load(HAMLET, (*WINDOW, "city.classes.sizes=[2,2,2,2]", *SETTLED)).city
GROUPS = ("quintile=", "birth_order=", "district=")


def pool(hassle: float, face: float = 500.0, per_round: int = 100_000, **parameters: Any) -> Any:
    """A pool that all know of, each round open to everyone."""
    tranche = {"months": [0, 47], "face_value": face, "per_round": per_round}
    known = {"aware_enrolled": 1.0, "aware_others": 1.0, "redeem_at": "any", "valid_days": 27}
    return instrument("voucher_pool", hassle=hassle, tranches=[tranche], **{**known, **parameters})


def part(one: Outcome, name: str, group: str = "all") -> float:
    """A part of the metrics over the window, of a group."""
    return float(one.window[name][one.groups.index(group)])


def ratio(one: Outcome) -> float:
    """The value of a yuan, as `mvpf` has it in one replication."""
    return part(one, "surplus") / part(one, "net_cost")


@pytest.fixture(scope="module")
def three() -> Town:
    """Three of an age for two seats: the first and second are enrolled, the third waits outside to the end."""
    children = [Child(date(2022, 10, n), 15 + n, birth_order=n) for n in (1, 2, 3)]
    world, _ = lay_out(TWO_SEATS, children, [House(classes=(0, 0, 1, 0))])
    return settle(*WINDOW, "city.families.foresight=0", standing=(), world=world)


@pytest.fixture(scope="module")
def level() -> Town:
    """The hamlet with places without limit, where no fee moves and nobody sticks to a place."""
    still = ("city.families.stickiness=0", "city.families.foresight=0")
    return settle(*SETTLED, *still, unlimited=True, supply={"review_months": 1200})


def test_three_families_apply_and_two_have_a_use_for_it(three: Town) -> None:
    """By hand: 500 yuan for the two who are billed, 20 of trouble for all three; the third's voucher expires."""
    one = outcome(three.run(pool(20.0, start=three.day(0, 10), until=three.day(0, 10))), three.baseline)
    assert [part(one, name) for name in ("applications", "vouchers_redeemed", "vouchers_expired")] == [3, 2, 1]
    assert part(one, "extra_cost") == 1000
    assert part(one, "application_cost") == 60
    assert part(one, "surplus") == 940
    assert ratio(one) == 0.94
    by_order = [(part(one, name, f"birth_order={n}")) for name in ("application_cost", "surplus") for n in (1, 2, 3)]
    assert by_order == [20, 20, 20, 480, 480, -20]
    assert one.monthly["application_cost"][:, 0].tolist() == [60, 0, 0, 0], "on the day of the application"


def test_who_is_refused_has_applied_all_the_same(three: Town) -> None:
    """Two vouchers for three: whoever the lot leaves out, three have gone to the trouble."""
    tool = pool(20.0, per_round=2, start=three.day(0, 10), until=three.day(0, 10))
    one = outcome(three.run(tool), three.baseline)
    assert (part(one, "vouchers_issued"), part(one, "application_cost")) == (2, 60)
    assert part(one, "surplus") == 500 * part(one, "vouchers_redeemed") - 60


def test_a_yuan_more_of_trouble_takes_applications_over_cost_off_the_value_of_a_yuan(three: Town, level: Town) -> None:
    """Where the same families apply: that and no more, in the least town and in one where many come for the money.

    Nobody looks ahead, for who does minds the trouble of the rounds to come too, and may stay away for it.
    """
    for town, (easy, hard) in ((three, (20.0, 75.5)), (level, (100.0, 100.01))):
        first, second = (town.run(pool(hassle)) for hassle in (easy, hard))
        assert (total(first, "applications") == total(second, "applications")).all(), "the same apply"
        assert differences(first, second) == ["totals"]
        others = [row for name, row in ROW.items() if name != "application_fen"]
        assert (first.totals[others] == second.totals[others]).all(), "nothing but what applying costs"
        before, after = (outcome(record, town.baseline) for record in (first, second))
        lost = (hard - easy) * part(before, "applications") / part(before, "net_cost")
        assert lost > 0
        assert ratio(before) - ratio(after) == pytest.approx(lost, rel=1e-9)
    assert part(before, "added") > 0


def test_what_is_gained_is_surplus_and_the_cost_of_applying_together(level: Town) -> None:
    """In every group of families; each applicant's cost lies where the applicant is counted."""
    record, baseline = level.run(pool(35.25)), level.baseline
    one = outcome(record, baseline)
    for n, group in enumerate(record.groups):
        if not group.startswith(("all", *GROUPS)):
            continue
        applied = total(record, "applications", group).sum()
        assert total(record, "application_fen", group).sum() == 3525 * applied
        assert one.window["application_cost"][n] == pytest.approx(35.25 * applied)
        gains = total(record, "gains_fen", group).sum() / 100
        gains -= sum((total(r, "forfeited_fen", group).sum() * s) / 100 for r, s in ((record, 1), (baseline, -1)))
        assert one.window["surplus"][n] + one.window["application_cost"][n] == pytest.approx(gains)
    for start in GROUPS:
        cells = [n for n, group in enumerate(record.groups) if group.startswith(start)]
        assert one.window["application_cost"][cells].sum() == pytest.approx(part(one, "application_cost"))
        assert (one.window["application_cost"][cells] > 0).sum() > 1


@pytest.mark.parametrize("hassle", [5.0, 60.0])
def test_surplus_and_the_cost_of_applying_lie_between_what_is_saved_anyway_and_what_is_paid(
    hassle: float, level: Town
) -> None:
    """At fixed fees and without limits of places."""
    record, baseline = level.run(pool(hassle)), level.baseline
    one, here, there = outcome(record, baseline), bills_of(record), bills_of(baseline)
    anyway, paid = here.relief[np.isin(here.key, there.key)].sum() / 100, here.relief.sum() / 100
    assert anyway < part(one, "surplus") + part(one, "application_cost") < paid
    assert part(one, "surplus") < paid - part(one, "application_cost")


def applying(record: Record) -> NDArray[np.int64]:
    """What applying cost, by month and group [fen]."""
    return np.asarray(record.totals[ROW["application_fen"]])


def test_of_a_standing_pool_only_the_change_counts(busy: Town) -> None:
    """A policy beside it costs families what more they apply, be it less; the baseline itself nothing."""
    baseline = busy.baseline
    assert total(baseline, "application_fen").sum() == 100 * total(baseline, "applications").sum() > 0
    alike = outcome(baseline, baseline)
    assert not alike.window["application_cost"].any()
    record = busy.run(instrument("fee_subsidy", rate=1.0))
    one, change = outcome(record, baseline), applying(record) - applying(baseline)
    assert change[:, 0].sum() < 0, "who pays nothing anyway applies for no voucher"
    assert (one.monthly["application_cost"][:, : len(record.groups)] == change / 100).all()
