"""The recorder: totals by month and group, and every stay with institution and months.

Everything is allocated before the run. A finished job's result is a `Record`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels import bills
from sim.kernels.census import ENROLLED, ENROLLED_UNDER_36, FULL_TIME, WAITING
from sim.world.city import World
from sim.world.families import QUINTILES

# rows of `kernels.columns.ChoiceInputs.lists`, by the band of the list: entries; days waited, by ending; entries with a
# place taken, by length of wait
LIST_ENDINGS = ("taken", "passed", "lapsed", "aged_out", "dissolved")
LIST_TOTALS = (
    "waiting_joined",
    "waiting_offered",
    *(f"waiting_{ending}" for ending in LIST_ENDINGS),
    *(f"days_to_{ending}" for ending in LIST_ENDINGS),
    "waited_0_to_7_days",
    "waited_8_to_30_days",
    "waited_31_to_90_days",
    "waited_91_to_180_days",
    "waited_over_180_days",
)
# rows of `Chronicle.totals`, all int64; money in fen
TOTALS = (
    "children",
    "enrolled",
    "enrolled_under_36",
    "waiting",
    "enrolled_child_months",
    "posted_fen",
    "net_fen",
    "claimed_fen",
    "subsidised_child_months",
    "place_thirds",  # a mixed class counts one third for toddlers, two thirds for older toddlers
    "institutions",
    "full_day_place_thirds",
    "fee_place_thirds_fen",  # of full-day places
    "inclusive_place_thirds",
    "full_time_sixtieths",  # of the enrolled: places used, in sixtieths
    "on_lists",  # month-end entries on waiting lists, of children enrolled elsewhere too; by the list's band
    *LIST_TOTALS,
    "applications",  # at voucher rounds, by the child's groups; by tranche they are in TRANCHE_TOTALS
    "vouchers_issued",
    # households' gains on the baseline, by component
    "gains_fen",  # from their choices, see `kernels.welfare`
    "cash_fen",  # cash from the treasury
    "forgone_fen",  # cash forgone by the enrolled, counted as lost in the gains from choices; see docs/model.md
    "prepaid_lost_fen",  # less prepaid fees lost to closures
    "forfeited_fen",  # and forfeited by leaving early
    "application_fen",  # and less the trouble of applying for vouchers: no money, so on no ledger
)
ROW = {name: n for n, name in enumerate(TOTALS)}
_CENSUS = {
    "enrolled": ENROLLED,
    "enrolled_under_36": ENROLLED_UNDER_36,
    "waiting": WAITING,
    "full_time_sixtieths": FULL_TIME,
}
_FLOWS = {
    "enrolled_child_months": bills.BILLS,
    "posted_fen": bills.POSTED,
    "net_fen": bills.NET,
    "claimed_fen": bills.CLAIMED,
    "subsidised_child_months": bills.SUBSIDISED,
}
CITY_TOTALS = (
    "openings",
    "closures",
    "institutions_opened",
    "institutions_closed",
    "displaced_children",
    "entries",
    "exits",
    "switches",
    "staff_fen",
    "rent_fen",
    "goods_fen",
    "profit_fen",  # in cash, before the effects of closures
    "unpaid_costs_fen",  # an owner's work as head, and depreciation of the fit-out
    "losing_cash",  # institutions with a cash loss over twelve months
    "losing_in_full",
    "prepaid_refunded_fen",
    "unpaid_wages_fen",
    "administration_fen",  # administrative spending of instruments
    "standing_fen",
    "decisions",
)
TRANCHE_TOTALS = (
    "voucher_eligible",
    "voucher_aware",
    "applications",
    "vouchers_offered",
    "vouchers_issued",
    "vouchers_redeemed",
    "vouchers_expired",
    "vouchers_live",  # live at the month's end
    "vouchers_redeemed_fen",
)
BUDGETS = (
    "first_day",  # of the instrument, an ordinal
    "budget",  # spending limit [fen], -1 for none
    "left",  # remainder at the run's end [fen], -1 for no limit
    "dry_day",  # day of exhaustion, an ordinal; 0 for none
)
STAY_FIELDS = ("child", "at", "first", "last", "refused", "subsidised")


@dataclass(frozen=True)
class GroupIndex:
    """Groups of the records.

    names : "all", "band=…", "kind=…", "quintile=…", "birth_order=…", "district=…", in column order
    kind_cell : int16 (J,)  column of each institution's kind; district_cell : int16 (J,)
    cells : int16 (n, C)  columns of each child's quintile, birth order and district
    kin : int16 (n,)  number of this combination; cells_of : int16 (kin, C)  its columns
    """

    names: tuple[str, ...]
    kind_cell: NDArray[np.int16]
    district_cell: NDArray[np.int16]
    cells: NDArray[np.int16]
    kin: NDArray[np.int16]
    cells_of: NDArray[np.int16]

    @classmethod
    def of(cls, world: World) -> "GroupIndex":
        """Return the groups of a city."""
        families, institutions = world.families, world.institutions
        names = ["all", *(f"band={b}" for b in dates.BAND_NAMES)]
        kinds = len(names)
        names += [f"kind={k}" for k in institutions.kind_names]
        quintiles = len(names)
        names += [f"quintile={q + 1}" for q in range(QUINTILES)]
        orders = len(names) - 1
        names += [f"birth_order={o + 1}" for o in range(len(world.facts.births.order_shares))]
        districts = len(names)
        names += [f"district={d.name}" for d in world.facts.district]
        cells = np.stack(
            [quintiles + families.quintile, orders + families.birth_order, districts + families.district], axis=1
        )
        sizes = (QUINTILES, districts - orders - 1, len(names) - districts)
        kin = families.quintile.astype(np.int16) * sizes[1] + (families.birth_order - 1)
        firsts = (quintiles, orders + 1, districts)
        return cls(
            tuple(names),
            (kinds + institutions.kind).astype(np.int16),
            (districts + institutions.district).astype(np.int16),
            np.ascontiguousarray(cells.astype(np.int16)),
            (kin * sizes[2] + families.district).astype(np.int16),
            (np.indices(sizes).reshape(3, -1).T + firsts).astype(np.int16),
        )


@dataclass
class Sums:
    """Counts by month, all int64.

    totals : (len(TOTALS), months, groups); city : (len(CITY_TOTALS), months)
    tranche : (len(TRANCHE_TOTALS), months, tranches); claims : (months, instruments) [fen]
    running : (months, instruments)  administrative part of the claims [fen]
    turned_away : (months, instruments)  bills without relief for lack of budget
    dry_day : (instruments,)  day of budget exhaustion (ordinal), 0 for none
    """

    totals: NDArray[np.int64]
    city: NDArray[np.int64]
    tranche: NDArray[np.int64]
    claims: NDArray[np.int64]
    running: NDArray[np.int64]
    turned_away: NDArray[np.int64]
    dry_day: NDArray[np.int64]

    def copy(self) -> "Sums":
        """Return an independent copy."""
        return Sums(**{name: column.copy() for name, column in vars(self).items()})


@dataclass
class OfferHistory:
    """Offers at month-ends.

    fee : float64 (months, 3, J)  posted fees [yuan a month]
    enrolled : int32 (months, 3, J), open : bool (months, 3, J)  children, and whether any class admits the band
    """

    fee: NDArray[np.float64]
    enrolled: NDArray[np.int32]
    open: NDArray[np.bool_]

    def copy(self) -> "OfferHistory":
        """Return an independent copy."""
        return OfferHistory(self.fee.copy(), self.enrolled.copy(), self.open.copy())


@dataclass
class Logs:
    """Logs of events of single children.

    stays, claims : chunks of finished months, never written to again
    fees : first decision day (ordinal) of a posted tariff and its fees, int64 (3, J) [fen]; one entry per tariff billed
    """

    stays: list[tuple[NDArray[Any], ...]]
    claims: list[tuple[NDArray[Any], ...]]
    fees: list[tuple[int, NDArray[np.int64]]]

    def copy(self) -> "Logs":
        """Return an independent copy; finished chunks are shared."""
        return Logs(list(self.stays), list(self.claims), list(self.fees))


@dataclass
class Chronicle:
    """All records up to now; `first` is the absolute month of row 0."""

    first: int
    sums: Sums
    offers: OfferHistory
    logs: Logs

    @classmethod
    def of(cls, first: int, months: int, groups: int, institutions: int) -> "Chronicle":
        """Return an empty chronicle."""
        sums = Sums(
            totals=np.zeros((len(TOTALS), months, groups), np.int64),
            city=np.zeros((len(CITY_TOTALS), months), np.int64),
            tranche=np.zeros((len(TRANCHE_TOTALS), months, 0), np.int64),
            claims=np.zeros((months, 0), np.int64),
            running=np.zeros((months, 0), np.int64),
            turned_away=np.zeros((months, 0), np.int64),
            dry_day=np.zeros(0, np.int64),
        )
        shape = (months, 3, institutions)
        return cls(
            first,
            sums,
            OfferHistory(np.zeros(shape), np.zeros(shape, np.int32), np.zeros(shape, np.bool_)),
            Logs([], [], []),
        )

    def copy(self) -> "Chronicle":
        """Return an independent copy; finished chunks are shared."""
        return Chronicle(self.first, self.sums.copy(), self.offers.copy(), self.logs.copy())

    def admit(self, instruments: int, tiers: int) -> None:
        """Make room for more instruments and voucher tranches."""
        sums = self.sums
        none = np.zeros((len(sums.claims), instruments), np.int64)
        for name in ("claims", "running", "turned_away"):
            setattr(sums, name, np.hstack([getattr(sums, name), none]))
        sums.dry_day = np.append(sums.dry_day, np.zeros(instruments, np.int64))
        more = np.zeros((*sums.tranche.shape[:2], tiers), np.int64)
        sums.tranche = np.concatenate([sums.tranche, more], axis=2)

    def count(self, month: int, name: str, amount: int) -> None:
        """Add to a city total of a month (row)."""
        self.sums.city[CITY_TOTALS.index(name), month] += amount

    def note_fees(self, day: int, posted: NDArray[np.float64]) -> None:
        """Record the fees behind the bills of a day (ordinal); posted : (3, J) [yuan a month]."""
        fees = np.rint(100 * posted).astype(np.int64)  # rounded as in the bill
        if not self.logs.fees or not np.array_equal(fees, self.logs.fees[-1][1]):
            self.logs.fees.append((day, fees))

    def count_tranche(self, month: int, name: str, tier: int, amount: int) -> None:
        """Add to a total of a voucher tranche."""
        self.sums.tranche[TRANCHE_TOTALS.index(name), month, tier] += amount

    def note_lists(self, month: int, lists: NDArray[np.int64], waiting: NDArray[np.int32]) -> None:
        """Add a month's entries on waiting lists to the records.

        lists : int64 (len(LIST_TOTALS), 3), of `kernels.columns.ChoiceInputs`; waiting : int32 (3,)  entries at its end
        """
        for name, by_band in (("on_lists", waiting), *zip(LIST_TOTALS, lists, strict=True)):
            cells = self.sums.totals[ROW[name], month]
            cells[0], cells[1 : 1 + by_band.size] = by_band.sum(), by_band

    def close_month(self, month: int, census: NDArray[np.int64], flows: NDArray[np.int64], log: bills.Log) -> None:
        """Add a month's counts to the records and empty its log.

        census : int64 (HEADS, groups), from `kernels.census`; flows : int64 (bills.FLOWS, groups), from `kernels.bills`
        """
        for name, row in _CENSUS.items():
            self.sums.totals[ROW[name], month] = census[row]
        for name, row in _FLOWS.items():
            self.sums.totals[ROW[name], month] = flows[row]
        claims, stays = log.filled
        when = np.full(claims, month, np.int16)
        columns = (log.claim_child, log.claim_fen, log.claim_relief, log.claim_tranche)
        child, *what = (column[:claims].copy() for column in columns)
        self.logs.claims.append((child, when, *what))
        ended = (log.stay_child, log.stay_at, log.stay_first, log.stay_last, log.stay_refused, log.stay_subsidised)
        self.logs.stays.append(tuple(column[:stays].copy() for column in ended))
        log.filled[:] = 0


@dataclass(frozen=True, eq=False)
class Record:
    """Results of one job: one policy in one replication, over the counted window. Compared by identity.

    first : absolute month of row 0; groups : names of the columns of `totals`
    kind_cell : int16 (J,)  column of each institution's kind
    totals, city, tranche, claims, turned_away, fee, offer_enrolled, offer_open : as in `Sums` and `OfferHistory`, cut
        to the window
    budgets : int64 (len(BUDGETS), instruments)
    own : bool (instruments,)  the policy's own, not standing; instrument_kinds : kinds by name; instrument_tiers :
        int64 (instruments,)  voucher tranches of each
    lots : int64 (lots,)  places in the chain of the policy's own instruments by lot
    lot_entries : int32 (entries, 3)  participants: number of the lot, child, and 1 for winners
    children : number of child rows; stays : columns of STAY_FIELDS, months relative to `first` (negative before the
        window); refused are months since the preceding stay, see `kernels.columns.Children`
    stay_cells : int16 (stays, 3)  groups of the child; stay_birth : int32 (stays,)  its birthday, as an ordinal
    stay_day : int8 (stays,)  decision day of its household, the day of its bills
    former : int32 (former,)  children billed before the window (burn-in included), not in it, and too young for
        kindergarten on its first day; ascending. Earlier bills of other children have no effect in the window
    bill_from : int32 (fee changes,), bill_fees : int64 (fee changes, 3, J)  first day (ordinal) of bills by posted
        fees, and these fees [fen]
    claim_child, claim_month : bills with a claim on an instrument, one row each
    claim_fen : claim on the policy's own instruments, 0 for claims on standing ones only; claim_tranche : its voucher
        tranche
    claim_relief : relief of the bill by all instruments
    concentration : sum over children under three of months enrolled · (2 · income rank − 1), and of months enrolled
    unaided : int64 (months,)  full-day child-months of households without a grandparent to care for the child
    """

    first: int
    groups: tuple[str, ...]
    kind_cell: NDArray[np.int16]
    totals: NDArray[np.int64]
    city: NDArray[np.int64]
    tranche: NDArray[np.int64]
    claims: NDArray[np.int64]
    turned_away: NDArray[np.int64]
    budgets: NDArray[np.int64]
    fee: NDArray[np.float64]
    offer_enrolled: NDArray[np.int32]
    offer_open: NDArray[np.bool_]
    own: NDArray[np.bool_]
    instrument_kinds: tuple[str, ...]
    instrument_tiers: NDArray[np.int64]
    lots: NDArray[np.int64]
    lot_entries: NDArray[np.int32]
    children: int
    stays: dict[str, NDArray[Any]]
    stay_cells: NDArray[np.int16]
    stay_birth: NDArray[np.int32]
    stay_day: NDArray[np.int8]
    former: NDArray[np.int32]
    bill_from: NDArray[np.int32]
    bill_fees: NDArray[np.int64]
    claim_child: NDArray[np.int32]
    claim_month: NDArray[np.int16]
    claim_fen: NDArray[np.int32]
    claim_relief: NDArray[np.int32]
    claim_tranche: NDArray[np.int8]
    concentration: NDArray[np.float64]
    unaided: NDArray[np.int64]

    def months(self) -> int:
        """Return the length of the counted window."""
        return int(self.totals.shape[1])

    def budget(self, name: str) -> NDArray[np.int64]:
        """Return a row of `budgets` by its name, int64 (instruments,)."""
        return np.asarray(self.budgets[BUDGETS.index(name)])
