"""Conservation: children, seats, lists and fen, month by month, in a city where every kind of money flows."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from town import NOBODY, Town, band_when_deciding, billed, total, waiting_line

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW, TRANCHE_TOTALS, Record
from sim.engine.state import State
from sim.engine.treasury import FAMILIES, PREPAID, STAFF, SUPPLIERS


@pytest.fixture(scope="module", params=["town", "busy", "taught"])
def any_town(request: pytest.FixtureRequest) -> Town:
    return request.getfixturevalue(request.param)


def lists(state: State, kind: str) -> dict[int, list[int]]:
    """Members of every list by offer, of those that have any."""
    offers = range(3 * len(state.offers.places))
    return {offer: people for offer in offers if (people := waiting_line(state, kind, offer))}


def test_seats_taken_are_children_enrolled_and_no_more_than_places(busy: Town) -> None:
    for _, state in busy.states():
        at, seat = state.children.at.astype(np.int64), state.children.seat.astype(np.int64)
        here = at != NOBODY
        assert ((seat != NOBODY) == here).all()
        taken = np.bincount(at[here] * 4 + seat[here], minlength=state.offers.taken.size)
        assert (taken.reshape(-1, 4) == state.offers.taken).all()
        assert (state.offers.taken <= state.offers.places).all()
        assert (state.offers.places >= 0).all()


def test_waiting_lists_are_whole(busy: Town) -> None:
    candidate = busy.world.candidate
    seen = 0
    for _, state in busy.states():
        for kind in ("waits", "climbs"):
            where = getattr(state.children, kind)
            walked = lists(state, kind)
            members = [child for people in walked.values() for child in people]
            assert len(members) == len(set(members)), "each child is on one list at most"
            assert sorted(members) == np.flatnonzero(where != NOBODY).tolist()
            assert all(where[child] == offer for offer, people in walked.items() for child in people)
            seen += len(members)
            for offer, people in walked.items():
                j = offer // 3
                if kind == "climbs":
                    assert (state.children.at[people] == j).all(), "who climbs is inside"
                    assert (state.children.seat[people] < offer % 3).all()
                else:
                    assert (state.children.at[people] != j).all(), "who waits is not inside"
                    assert (candidate[people] == j).any(axis=1).all(), "and waits for a candidate of its own"
                    assert (np.diff(state.children.waits_since[people]) >= 0).all(), "first come, first"
    assert seen > 1000


def test_nobody_waits_beside_a_free_seat(busy: Town) -> None:
    """A class with a free seat has no list, but for mixed classes, where some may be too young to sit."""
    for _, state in busy.states():
        free = state.offers.taken[:, :3] < state.offers.places[:, :3]
        for kind in ("waits", "climbs"):
            assert not any(free[divmod(offer, 3)] for offer in lists(state, kind))


def test_ages_are_those_of_childcare(busy: Town) -> None:
    birth = busy.world.families.birth
    for day, state in busy.states():
        yesterday = day - timedelta(days=1)
        inside = (state.children.at != NOBODY) | (state.children.waits != NOBODY)
        youngest, oldest = birth[inside].max(), birth[inside].min()
        assert youngest <= dates.months_before(yesterday, 6), "nobody under six months"
        assert oldest > dates.school_year_cut(yesterday), "nobody who has left for kindergarten"


def test_those_of_three_leave_on_1_september(busy: Town) -> None:
    kept = dict(busy.states())
    before, after = kept[date(2025, 9, 1)], kept[date(2025, 10, 1)]
    leavers = busy.world.families.birth <= date(2022, 8, 31).toordinal()
    assert (before.children.at[leavers] != NOBODY).sum() > 50
    assert (after.children.at[leavers] == NOBODY).all()
    assert (after.children.waits[leavers] == NOBODY).all()
    at, september = billed(busy.baseline), dates.month_of(date(2025, 9, 1)) - busy.span.counted
    assert (at[september - 1, leavers] != NOBODY).any()
    assert (at[september:, leavers] == NOBODY).all()
    exits = busy.baseline.city[CITY_TOTALS.index("exits"), september]
    assert exits >= (before.children.at[leavers] != NOBODY).sum()


def test_entries_and_exits_are_the_change_of_the_enrolled(any_town: Town) -> None:
    record = any_town.baseline
    enrolled = total(record, "enrolled")
    entries, exits = (record.city[CITY_TOTALS.index(name)] for name in ("entries", "exits"))
    assert (np.diff(enrolled) == (entries - exits)[1:]).all()


def test_nobody_is_billed_outside_the_ages(any_town: Town) -> None:
    at = billed(any_town.baseline)
    for month in range(len(at)):
        band = band_when_deciding(any_town.world, any_town.span.counted + month)
        assert (band[at[month] != NOBODY] >= 0).all()


def test_a_child_is_billed_once_where_it_sits_after_its_day(any_town: Town) -> None:
    """Between its decision day and the month's end a child may move to a freed seat, and only so."""
    record, at = any_town.baseline, billed(any_town.baseline)
    assert ((at != NOBODY).sum(axis=1) == total(record, "enrolled_child_months")).all()


def test_refused_months_are_those_between_two_stays(any_town: Town) -> None:
    """A stay's refused months lie after the stay before, or after the run's first day; none is counted twice."""
    stays, seen = any_town.baseline.stays, 0
    before = any_town.span.first - any_town.span.counted - 1  # no bill can be earlier
    rows = zip(*(stays[name].tolist() for name in ("child", "first", "last", "refused")), strict=True)
    at_most = {}
    for child, first, last, refused in rows:  # sorted by child and first month
        assert refused <= first - at_most.get(child, before) - 1
        at_most[child] = last
        seen += refused > 0
    assert seen > 10


# ---------------------------------------------------------------------------------------------------------
# groups


def parts_and_whole(record: Record, name: str, partition: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A total of the groups of one partition, of which there are several, int64 (months, groups), and of all."""
    columns = [n for n, group in enumerate(record.groups) if group.startswith(partition)]
    assert len(columns) > 1
    return record.totals[ROW[name]][:, columns], total(record, name)


@pytest.mark.parametrize(
    "name",
    [
        "enrolled",
        "enrolled_under_36",
        "enrolled_child_months",
        "posted_fen",
        "net_fen",
        "claimed_fen",
        "subsidised_child_months",
    ],
)
@pytest.mark.parametrize("partition", ["band=", "kind=", "quintile=", "district=", "birth_order="])
def test_groups_add_up_to_the_whole(any_town: Town, name: str, partition: str) -> None:
    parts, whole = parts_and_whole(any_town.baseline, name, partition)
    assert (parts.sum(axis=1) == whole).all()


@pytest.mark.parametrize("name", ["place_thirds", "fee_place_thirds_fen"])
@pytest.mark.parametrize("partition", ["band=", "kind=", "district="])
def test_places_add_up_to_the_whole(any_town: Town, name: str, partition: str) -> None:
    parts, whole = parts_and_whole(any_town.baseline, name, partition)
    assert (parts.sum(axis=1) == whole).all()


@pytest.mark.parametrize("name", ["children", "waiting"])
@pytest.mark.parametrize("partition", ["quintile=", "district=", "birth_order="])
def test_families_add_up_to_the_whole(any_town: Town, name: str, partition: str) -> None:
    parts, whole = parts_and_whole(any_town.baseline, name, partition)
    assert (parts.sum(axis=1) == whole).all()


def test_places_are_seats(busy: Town) -> None:
    seats = [int(state.offers.places.sum()) for _, state in busy.states()]
    # classes open on the first of a month, after the state of its beginning
    assert set(seats[1:]) <= set((total(busy.baseline, "place_thirds") // 3).tolist())
    assert not (total(busy.baseline, "place_thirds") % 3).any()


def test_the_population_is_counted_by_birthday(busy: Town) -> None:
    birth = busy.world.families.birth
    for month, children in enumerate(total(busy.baseline, "children")):
        day = busy.day(month, dates.days_in(busy.span.counted + month))
        under = (birth > dates.months_before(day, 36)) & (birth <= day.toordinal())
        assert children == under.sum()


# ---------------------------------------------------------------------------------------------------------
# money


def test_accounts_sum_to_zero_each_month(busy: Town) -> None:
    ledger = list(busy.states())[-1][1].ledger
    sums = ledger.book.sum(axis=1) + ledger.spent.sum(axis=1) + ledger.owed.sum(axis=1)
    assert not sums.any()
    assert (ledger.book[: busy.span.end - busy.span.first - 1] != 0).all(), "every account is used"


def test_claims_are_paid_or_outstanding(busy: Town) -> None:
    """What was claimed by a month's end is what was paid plus what is owed; payments come with their lag."""
    for day, state in busy.states():
        rows = dates.month_of(day) - busy.span.first
        claimed = state.chronicle.sums.claims[:rows]
        assert (state.ledger.outstanding() >= 0).all()
        assert (claimed.sum(axis=0) == -state.ledger.spent.sum(axis=0)).all()
        assert (-state.ledger.spent.sum(axis=0) - state.ledger.outstanding() >= 0).all()
        for q, tool in enumerate(busy.standing):
            lag = 0 if tool.pays_families else tool.payment_lag_months
            assert state.ledger.outstanding()[q] == claimed[rows - lag :, q].sum()


def test_families_and_institutions_balance(busy: Town) -> None:
    """What families hold less is their bills less the cash they received; every fen of it is in the totals."""
    state = list(busy.states())[-1][1]
    record, rows = busy.baseline, slice(busy.span.counted - busy.span.first, -1)
    families, prepaid = state.ledger.book[rows, FAMILIES], state.ledger.book[rows, PREPAID]
    cash = record.claims[:-1, 0]
    lost = (total(record, "prepaid_lost_fen") + total(record, "forfeited_fen"))[:-1]
    profit, unpaid = (record.city[CITY_TOTALS.index(name)][:-1] for name in ("profit_fen", "unpaid_wages_fen"))
    assert (families == cash - total(record, "net_fen")[:-1] - (prepaid + lost)).all()
    costs = state.ledger.book[rows, STAFF : SUPPLIERS + 1].sum(axis=1) + unpaid
    forfeited = total(record, "forfeited_fen")[:-1]
    assert (profit == total(record, "net_fen")[:-1] + record.claims[:-1, 1:].sum(axis=1) + forfeited - costs).all()
    assert lost.sum() > forfeited.sum() > 0, "some institution closed, and some children left early"
    assert unpaid.sum() > 0


def test_posted_is_net_and_claims(busy: Town) -> None:
    """Each month, to the fen: what is asked is what families pay and what is claimed in their stead."""
    record = busy.baseline
    on_bills = [q for q, kind in enumerate(record.instrument_kinds) if kind in ("fee_subsidy", "voucher_pool")]
    assert len(on_bills) == 2
    relief = total(record, "posted_fen") - total(record, "net_fen")
    assert (relief == record.claims[:, on_bills].sum(axis=1)).all()
    assert (relief > 0).all()


def test_nobody_owes_more_than_is_posted_or_less_than_nothing(any_town: Town) -> None:
    posted, net = (any_town.baseline.totals[ROW[name]] for name in ("posted_fen", "net_fen"))
    assert (net <= posted).all()
    assert (net >= 0).all()


def test_standing_money_is_no_policys(busy: Town) -> None:
    record = busy.baseline
    assert not record.own.any()
    assert not total(record, "claimed_fen").any()
    assert not record.claim_fen.any()
    assert (record.city[CITY_TOTALS.index("standing_fen")] == record.claims.sum(axis=1)).all()


def test_a_budget_is_spent_to_the_fen_and_no_further(busy: Town) -> None:
    q = next(n for n, tool in enumerate(busy.standing) if tool.budget_yuan is not None)
    budget = round(busy.standing[q].budget_yuan * 100)
    for day, state in busy.states():
        spent = state.chronicle.sums.claims[: dates.month_of(day) - busy.span.first, q].sum()
        assert state.instruments.left[q] == budget - spent
        assert state.instruments.left[q] >= 0
    assert state.instruments.left[q] == 0, "it ran dry"


def test_a_supplier_pays_no_more_places_than_it_has(busy: Town) -> None:
    q = busy.baseline.instrument_kinds.index("operating_subsidy")
    tool = busy.standing[q]
    cases = busy.baseline.claims[:, q] / (100 * tool.yuan_per_child)
    assert (cases == np.rint(cases)).all()
    assert cases.max() <= tool.places
    assert cases.max() > 20
    for _, state in busy.states():
        assert state.instruments.months_paid.max() <= tool.months_cap


# ---------------------------------------------------------------------------------------------------------
# vouchers


def vouchers(record, name: str) -> NDArray[np.int64]:
    return record.tranche[TRANCHE_TOTALS.index(name)]


def test_every_voucher_is_redeemed_expired_or_live(busy: Town) -> None:
    """In every month; and those live in the counts are those in children's hands."""
    first, seen = busy.span.first, 0
    for day, state in busy.states():
        rows = dates.month_of(day) - first
        counted = {name: state.chronicle.sums.tranche[n, :rows].sum(axis=0) for n, name in enumerate(TRANCHE_TOTALS)}
        held = state.vouchers.tranche[0][state.vouchers.face[0] > 0]
        live = np.bincount(held, minlength=2)
        if rows > 0:
            at_the_end = state.chronicle.sums.tranche[TRANCHE_TOTALS.index("vouchers_live"), rows - 1]
            assert (at_the_end == live).all()
            seen += live.sum()
        assert (counted["vouchers_issued"] == counted["vouchers_redeemed"] + counted["vouchers_expired"] + live).all()
        assert (state.children.held == (state.vouchers.face > 0).sum(axis=0)).all()
    assert seen > 100
    assert counted["vouchers_redeemed"].min() > 10
    assert counted["vouchers_expired"].sum() > 0


def test_who_is_eligible_knows_applies_wins_is_a_narrowing(busy: Town) -> None:
    chain = [
        vouchers(busy.baseline, name)
        for name in ("voucher_eligible", "voucher_aware", "applications", "vouchers_issued")
    ]
    for wide, narrow in pairwise(chain):
        assert (wide >= narrow).all()


@pytest.mark.parametrize("name", ["applications", "vouchers_issued"])
@pytest.mark.parametrize("dimension", ["band=", "quintile=", "birth_order=", "district="])
def test_who_applies_and_who_wins_is_counted_once_in_every_dimension(busy: Town, name: str, dimension: str) -> None:
    record = busy.baseline
    columns = [n for n, group in enumerate(record.groups) if group.startswith(dimension)]
    by_group = record.totals[ROW[name]][:, columns]
    assert (by_group.sum(axis=1) == vouchers(record, name).sum(axis=1)).all()
    assert (by_group.sum(axis=1) == total(record, name)).all()
    assert (by_group.sum(axis=0) > 0).sum() > 1


def test_no_group_wins_more_than_it_applied_for(busy: Town) -> None:
    applied, won = (busy.baseline.totals[ROW[name]] for name in ("applications", "vouchers_issued"))
    assert (won <= applied).all()
    assert (won < applied).any()


def test_what_vouchers_paid_is_what_they_claimed(busy: Town) -> None:
    record, q = busy.baseline, busy.baseline.instrument_kinds.index("voucher_pool")
    assert (vouchers(record, "vouchers_redeemed_fen").sum(axis=1) == record.claims[:, q]).all()


def test_a_voucher_never_pays_more_than_its_face(busy: Town) -> None:
    record, q = busy.baseline, busy.baseline.instrument_kinds.index("voucher_pool")
    paid = vouchers(record, "vouchers_redeemed_fen")
    faces = np.array([t.face_value * 100 for t in busy.standing[q].tranches])
    assert (paid <= vouchers(record, "vouchers_redeemed") * faces).all()


def test_what_rolls_over_is_issued_again_and_conserved(busy: Town) -> None:
    """With roll_over no more are issued than were offered, over all rounds, plus those that came back."""
    q = busy.baseline.instrument_kinds.index("voucher_pool")
    for day, state in busy.states():
        rows = dates.month_of(day) - busy.span.first
        sums = {name: state.chronicle.sums.tranche[n, :rows].sum(axis=0) for n, name in enumerate(TRANCHE_TOTALS)}
        carried = state.instruments.columns[q]["carried"]
        assert (sums["vouchers_issued"] + carried == sums["vouchers_offered"] + sums["vouchers_expired"]).all()
