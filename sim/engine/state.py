"""State of a city under one policy, in columns only: copying them gives a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.engine.fees import Owners
from sim.engine.recorder import Chronicle
from sim.engine.treasury import Ledger
from sim.kernels.columns import NOBODY, Children, Offers, Vouchers
from sim.policy.instrument import Instrument
from sim.world.city import World
from sim.world.institutions import BANDS, SEATS

NO_LIMIT = np.iinfo(np.int64).max // 4  # budget of an instrument without one [fen]
SURVEYS = 4  # months for a full survey of households: each month surveys those of a quarter of the decision days


class Copied:
    """Columns with a checkpoint copy: arrays and groups of columns are copied, other fields are shared."""

    def copy(self) -> Self:
        """Return an independent copy."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{n: c.copy() if hasattr(c, "copy") else c for n, c in own.items()})


@dataclass
class Sites(Copied):
    """Sites, with or without a running institution.

    runs : bool (J,)  an institution runs at the site; inclusive : bool (J,)  it is in the inclusive scheme
    opening : int32 (J,)  absolute month of opening of an institution under construction, 0 for none
    opens_in : int32 (J, 4)  absolute month of opening of a class under construction by its owner, 0 for none
    added_in : int32 (J, 4)  likewise for a class under construction by a policy
    opened_in : int32 (J, 4)  absolute month of the latest opening of a class, 0 for none
    """

    runs: NDArray[np.bool_]
    inclusive: NDArray[np.bool_]
    opening: NDArray[np.int32]
    opens_in: NDArray[np.int32]
    added_in: NDArray[np.int32]
    opened_in: NDArray[np.int32]


@dataclass
class Memory(Copied):
    """Institutions' observations; the last twelve month-ends are indexed by month modulo 12.

    waiting, enrolled : int32 (12, J, 3)  children; taken : int32 (12, J, 4)  seats taken
    expected : float64 (SURVEYS, 2, 3, J), cross : float64 (SURVEYS, 3, J, R)  expected demand by survey part, as last
        surveyed, see `kernels.demand`
    fresh : float64 (12, J, 3)  expected demand
    months : int  month-ends seen; heard_in : int  month of the last survey
    """

    waiting: NDArray[np.int32]
    enrolled: NDArray[np.int32]
    taken: NDArray[np.int32]
    expected: NDArray[np.float64]
    cross: NDArray[np.float64]
    fresh: NDArray[np.float64]
    months: int = 0
    heard_in: int = 0


@dataclass
class OtherTerms(Copied):
    """Expected demand inside and outside the inclusive scheme, as last surveyed, by survey part.

    children : float64 (SURVEYS, 2, 3, J)  expected demand, for institutions about to weigh the scheme
    fee : float64 (SURVEYS, 2, 3, J)  fees named in the survey [yuan a month]
    told : bool (SURVEYS,)  parts already asked
    """

    children: NDArray[np.float64]
    fee: NDArray[np.float64]
    told: NDArray[np.bool_]


@dataclass
class Usual(Copied):
    """Norms of sites and their institutions, from the last twelve months before the start.

    norm : float64 (J,)  usual occupancy; nan before a first year is complete
    wedge : float64 (J, 3)  unlisted costs per child [yuan a month]
    tolerated : float64 (J, 3)  usual excess of expected demand over capacity [children]
    waiting : float64 (J, 3)  mean length of the waiting list; `tolerated` for vacant sites
    prospect : float64 (J,)  full profit expected by an entrant at the site [yuan a month]
    odds : float64 (J,)  probability of entry per look at a free site, at the usual profit
    standing : float64 (J,)  owner's unobserved value of being in the inclusive scheme [yuan a year]
    season : float64 (12, 3)  citywide expected demand in a calendar month ÷ its mean; nan before a first year is
        complete
    """

    norm: NDArray[np.float64]
    wedge: NDArray[np.float64]
    tolerated: NDArray[np.float64]
    waiting: NDArray[np.float64]
    prospect: NDArray[np.float64]
    odds: NDArray[np.float64]
    standing: NDArray[np.float64]
    season: NDArray[np.float64]

    @property
    def known(self) -> bool:
        """True after a first complete year."""
        return not np.isnan(self.season).any()


@dataclass
class Accounts(Copied):
    """Results of institutions.

    cash_result, full_result : int64 (12, J)  profit in cash, and at full cost [fen], by month modulo 12
    losing : int32 (J,)  consecutive months with a cash loss over the preceding twelve; below 0 at the start for owners
        with more patience left than drawn
    arrears : int64 (J,)  wages owed [fen]
    """

    cash_result: NDArray[np.int64]
    full_result: NDArray[np.int64]
    losing: NDArray[np.int32]
    arrears: NDArray[np.int64]


@dataclass
class MarketColumns(Copied):
    """Time-varying columns of institutions.

    shaken : float32 (J,)  loss of trust after a closure nearby, 1 on its day
    """

    sites: Sites
    memory: Memory
    other_terms: OtherTerms
    usual: Usual
    accounts: Accounts
    shaken: NDArray[np.float32]

    @classmethod
    def of(cls, runs: NDArray[np.bool_], inclusive: NDArray[np.bool_], most_of_an_owner: int) -> "MarketColumns":
        """Return the columns before anything has happened.

        runs, inclusive : bool (J,)  running institutions, and members of the inclusive scheme
        most_of_an_owner : institutions of the largest owner
        """
        j, chains = len(runs), most_of_an_owner if most_of_an_owner > 1 else 0
        return cls(
            sites=Sites(
                runs=runs.copy(),
                inclusive=inclusive.copy(),
                opening=np.zeros(j, np.int32),
                opens_in=np.zeros((j, SEATS), np.int32),
                added_in=np.zeros((j, SEATS), np.int32),
                opened_in=np.zeros((j, SEATS), np.int32),
            ),
            memory=Memory(
                waiting=np.zeros((YEAR, j, BANDS), np.int32),
                enrolled=np.zeros((YEAR, j, BANDS), np.int32),
                taken=np.zeros((YEAR, j, SEATS), np.int32),
                expected=np.zeros((SURVEYS, 2, BANDS, j)),
                cross=np.zeros((SURVEYS, BANDS, j, chains)),
                fresh=np.zeros((YEAR, j, BANDS)),
            ),
            other_terms=OtherTerms(
                children=np.zeros((SURVEYS, 2, BANDS, j)),
                fee=np.zeros((SURVEYS, 2, BANDS, j)),
                told=np.zeros(SURVEYS, bool),
            ),
            usual=Usual(
                norm=np.full(j, np.nan),
                wedge=np.zeros((j, BANDS)),
                tolerated=np.zeros((j, BANDS)),
                waiting=np.zeros((j, BANDS)),
                prospect=np.zeros(j),
                odds=np.zeros(j),
                standing=np.zeros(j),
                season=np.full((YEAR, BANDS), np.nan),
            ),
            accounts=Accounts(
                cash_result=np.zeros((YEAR, j), np.int64),
                full_result=np.zeros((YEAR, j), np.int64),
                losing=np.zeros(j, np.int32),
                arrears=np.zeros(j, np.int64),
            ),
            shaken=np.zeros(j, np.float32),
        )


@dataclass
class InstrumentState:
    """Columns of the instruments, in chain order.

    columns : each instrument's own columns, by name
    left : int64 (instruments,)  budget left [fen]
    months_paid : uint8 (P, n)  child-months paid for a child this year, by instrument paying institutions
    """

    columns: list[dict[str, NDArray[Any]]]
    left: NDArray[np.int64]
    months_paid: NDArray[np.uint8]

    def copy(self) -> "InstrumentState":
        """Return an independent copy."""
        columns = [{name: column.copy() for name, column in of_one.items()} for of_one in self.columns]
        return InstrumentState(columns, self.left.copy(), self.months_paid.copy())


@dataclass
class State:
    """Everything changing in time; `month` is the absolute month about to begin."""

    month: int
    children: Children
    offers: Offers
    vouchers: Vouchers
    market: MarketColumns
    ledger: Ledger
    chronicle: Chronicle
    instruments: InstrumentState

    def copy(self) -> "State":
        """Return a checkpoint: an independent copy of every column."""
        return State(
            month=self.month,
            children=Children._make(c.copy() for c in self.children),
            offers=Offers._make(c.copy() for c in self.offers),
            vouchers=Vouchers._make(c.copy() for c in self.vouchers),
            market=self.market.copy(),
            ledger=self.ledger.copy(),
            chronicle=self.chronicle.copy(),
            instruments=self.instruments.copy(),
        )


def empty_state(world: World, month: int, chronicle: Chronicle, ledger: Ledger) -> State:
    """Return the city before the first choice: every child at home, every place free."""
    n, j = len(world.families), len(world.institutions)
    offers = Offers(
        fee=world.institutions.fee.copy(),
        value=np.empty((4, j), np.float32),
        seats=np.zeros((2, j, SEATS), np.int32),
        ends=np.full((4, j * BANDS), NOBODY, np.int32),
    )
    runs = world.institutions.stands
    offers.places[:] = runs[:, None] * world.institutions.seats
    market = MarketColumns.of(runs, world.institutions.inclusive, Owners(world.institutions).size)
    vouchers = Vouchers(np.zeros((0, n), np.int32), np.zeros((0, n), np.int8), np.zeros((0, j), np.int32))
    instruments = InstrumentState([], np.zeros(0, np.int64), np.zeros((0, n), np.uint8))
    return State(month, Children.at_home(n), offers, vouchers, market, ledger, chronicle, instruments)


def budgets_of(instruments: Sequence[Instrument]) -> NDArray[np.int64]:
    """Return the budget of each instrument, int64 (instruments,) [fen]; NO_LIMIT if it has none."""
    budgets = (i.budget_yuan for i in instruments)
    return np.array([NO_LIMIT if yuan is None else round(yuan * 100) for yuan in budgets], np.int64)


def allocate_columns(state: State, world: World, instruments: tuple[Instrument, ...]) -> None:
    """Allocate columns for instruments beyond those in the state already; existing columns are kept."""
    n, j = len(world.families), len(world.institutions)
    fresh = instruments[len(state.instruments.columns) :]
    for instrument in fresh:
        sizes = {"child": n, "institution": j, "tranche": instrument.tiers()}
        state.instruments.columns.append(
            {name: np.full(sizes[c.axis], c.fill, c.dtype) for name, c in instrument.columns().items()}
        )
    state.instruments.left = np.concatenate([state.instruments.left, budgets_of(fresh)])
    suppliers = sum(i.pays_institutions for i in fresh)
    state.instruments.months_paid = np.concatenate([state.instruments.months_paid, np.zeros((suppliers, n), np.uint8)])
    pools = sum(i.tiers() > 0 for i in fresh)
    state.vouchers = Vouchers(
        np.concatenate([state.vouchers.face, np.zeros((pools, n), np.int32)]),
        np.concatenate([state.vouchers.tranche, np.zeros((pools, n), np.int8)]),
        np.concatenate([state.vouchers.taken, np.zeros((pools, j), np.int32)]),
    )
    state.ledger.admit(len(fresh))
    state.chronicle.admit(len(fresh), sum(i.tiers() for i in fresh))
