"""The recorder: totals by month and group, and who stayed where how long.

Everything is allocated before the run. What a finished job leaves behind is a `Record`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels import bills
from sim.kernels.census import ENROLLED, ENROLLED_UNDER_36, WAITING
from sim.world.city import World
from sim.world.families import QUINTILES

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
    "fee_place_thirds_fen",
)
ROW = {name: n for n, name in enumerate(TOTALS)}
_CENSUS = {"enrolled": ENROLLED, "enrolled_under_36": ENROLLED_UNDER_36, "waiting": WAITING}
_FLOWS = {
    "enrolled_child_months": bills.BILLS,
    "posted_fen": bills.POSTED,
    "net_fen": bills.NET,
    "claimed_fen": bills.CLAIMED,
    "subsidised_child_months": bills.SUBSIDISED,
}
CITY_TOTALS = ("openings", "closures", "entries", "exits", "switches", "profit_fen", "standing_fen", "decisions")
TRANCHE_TOTALS = (
    "voucher_eligible",
    "voucher_aware",
    "applications",
    "vouchers_offered",
    "vouchers_issued",
    "vouchers_redeemed",
    "vouchers_expired",
    "vouchers_redeemed_fen",
)
STAY_FIELDS = ("child", "at", "first", "last", "refused", "subsidised")


@dataclass(frozen=True)
class GroupIndex:
    """The groups in which things are counted.

    names : "all", "band=…", "kind=…", "quintile=…", "birth_order=…", "district=…", in column order
    kind_cell : int16 (J,)  column of each institution's kind; district_cell : int16 (J,)
    cells : int16 (n, 3)  columns of each child's quintile, birth order and district
    """

    names: tuple[str, ...]
    kind_cell: NDArray[np.int16]
    district_cell: NDArray[np.int16]
    cells: NDArray[np.int16]

    @classmethod
    def of(cls, world: World) -> "GroupIndex":
        """The groups of a city."""
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
        return cls(
            tuple(names),
            (kinds + institutions.kind).astype(np.int16),
            (districts + institutions.district).astype(np.int16),
            np.ascontiguousarray(cells.astype(np.int16)),
        )


@dataclass
class Chronicle:
    """What has been recorded so far; `first` is the absolute month of row 0.

    totals : int64 (len(TOTALS), months, groups); city : int64 (len(CITY_TOTALS), months)
    tranche : int64 (len(TRANCHE_TOTALS), months, tiers); claims : int64 (months, instruments) [fen]
    fee : float64 (months, 3, J)  posted fees [yuan a month]; offer_bills : int32 (months, 3, J)
    stays, claim_log : chunks of finished months, never written to again
    """

    first: int
    totals: NDArray[np.int64]
    city: NDArray[np.int64]
    tranche: NDArray[np.int64]
    claims: NDArray[np.int64]
    fee: NDArray[np.float64]
    offer_bills: NDArray[np.int32]
    stays: list[tuple[NDArray[Any], ...]]
    claim_log: list[tuple[NDArray[Any], ...]]

    @classmethod
    def of(cls, first: int, months: int, groups: int, institutions: int) -> "Chronicle":
        """An empty chronicle."""
        return cls(
            first,
            np.zeros((len(TOTALS), months, groups), np.int64),
            np.zeros((len(CITY_TOTALS), months), np.int64),
            np.zeros((len(TRANCHE_TOTALS), months, 0), np.int64),
            np.zeros((months, 0), np.int64),
            np.zeros((months, 3, institutions)),
            np.zeros((months, 3, institutions), np.int32),
            [],
            [],
        )

    def copy(self) -> "Chronicle":
        """An independent copy; finished chunks are shared."""
        return Chronicle(
            self.first,
            self.totals.copy(),
            self.city.copy(),
            self.tranche.copy(),
            self.claims.copy(),
            self.fee.copy(),
            self.offer_bills.copy(),
            list(self.stays),
            list(self.claim_log),
        )

    def admit(self, instruments: int, tiers: int) -> None:
        """Make room for more instruments and voucher tranches."""
        months = len(self.claims)
        self.claims = np.hstack([self.claims, np.zeros((months, instruments), np.int64)])
        more = np.zeros((*self.tranche.shape[:2], tiers), np.int64)
        self.tranche = np.concatenate([self.tranche, more], axis=2)

    def count(self, month: int, name: str, amount: int) -> None:
        """Add to a city total of a month (row)."""
        self.city[CITY_TOTALS.index(name), month] += amount

    def count_tranche(self, month: int, name: str, tier: int, amount: int) -> None:
        """Add to a total of a voucher tranche."""
        self.tranche[TRANCHE_TOTALS.index(name), month, tier] += amount

    def close_month(self, month: int, census: NDArray[np.int64], flows: NDArray[np.int64], log: bills.Log) -> None:
        """Take over a month's counts and empty its log.

        census : int64 (3, groups), from `kernels.census`; flows : int64 (5, groups), from `kernels.bills`
        """
        for name, row in _CENSUS.items():
            self.totals[ROW[name], month] = census[row]
        for name, row in _FLOWS.items():
            self.totals[ROW[name], month] = flows[row]
        claims, stays = log.filled
        when = np.full(claims, month, np.int16)
        columns = (log.claim_child[:claims], log.claim_fen[:claims], log.claim_tranche[:claims])
        self.claim_log.append((columns[0].copy(), when, columns[1].copy(), columns[2].copy()))
        ended = (log.stay_child, log.stay_at, log.stay_first, log.stay_last, log.stay_refused, log.stay_subsidised)
        self.stays.append(tuple(column[:stays].copy() for column in ended))
        log.filled[:] = 0


@dataclass(frozen=True)
class Record:
    """What one job leaves: one policy in one replication, over the counted window.

    first : absolute month of row 0; groups : names of the columns of `totals`
    totals, city, tranche, claims, fee, offer_bills : as in `Chronicle`, cut to the window
    own : bool (instruments,)  the policy's own, not standing; instrument_kinds : their words;
        instrument_tiers : how many voucher tranches each has
    children : number of child rows; stays : columns of STAY_FIELDS, months relative to `first`
        (negative before the window); stay_cells : int16 (stays, 3)  groups of the child
    claim_child, claim_month, claim_fen, claim_tranche : the policy's own claims by child
    concentration : sum over children of months enrolled · (2 · income rank − 1), and of months enrolled
    """

    first: int
    groups: tuple[str, ...]
    totals: NDArray[np.int64]
    city: NDArray[np.int64]
    tranche: NDArray[np.int64]
    claims: NDArray[np.int64]
    fee: NDArray[np.float64]
    offer_bills: NDArray[np.int32]
    own: NDArray[np.bool_]
    instrument_kinds: tuple[str, ...]
    instrument_tiers: NDArray[np.int64]
    children: int
    stays: dict[str, NDArray[Any]]
    stay_cells: NDArray[np.int16]
    claim_child: NDArray[np.int32]
    claim_month: NDArray[np.int16]
    claim_fen: NDArray[np.int32]
    claim_tranche: NDArray[np.int8]
    concentration: NDArray[np.float64]

    def months(self) -> int:
        """Length of the counted window."""
        return int(self.totals.shape[1])
