"""The state of a city under one policy: columns only, so that a checkpoint is a copy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.recorder import Chronicle
from sim.engine.treasury import Ledger
from sim.kernels import choice
from sim.kernels.columns import NOBODY, Children, Offers, Vouchers
from sim.policy.instrument import Instrument
from sim.world.city import World
from sim.world.institutions import BANDS, SEATS

NO_LIMIT = np.iinfo(np.int64).max // 4  # of a budget without one [fen]
YEAR = 12  # months over which institutions judge, so that no season is taken for a trend


@dataclass
class MarketColumns:
    """What institutions remember.

    waiting : int32 (12, J, 3), taken : int32 (12, J, 4)  the last twelve month-ends, by month modulo 12
    norm : float64 (J,)  usual occupancy, nan until a first year is known
    opens_in : int32 (J, 4)  absolute month in which a class under construction opens, 0 for none
    opened_in : int32 (J, 4)  absolute month in which the last new class opened, 0 for none
    months : int  month-ends seen
    """

    waiting: NDArray[np.int32]
    taken: NDArray[np.int32]
    norm: NDArray[np.float64]
    opens_in: NDArray[np.int32]
    opened_in: NDArray[np.int32]
    months: int = 0

    def copy(self) -> "MarketColumns":
        """An independent copy."""
        return MarketColumns(
            self.waiting.copy(),
            self.taken.copy(),
            self.norm.copy(),
            self.opens_in.copy(),
            self.opened_in.copy(),
            self.months,
        )


@dataclass
class State:
    """Everything that time changes; `month` is the absolute month that is about to begin.

    declared : the columns each instrument asked for, in chain order
    left : int64 (instruments,)  budget left [fen]
    months_paid : uint8 (suppliers, n)  child-months each paying instrument has paid for a child this year
    """

    month: int
    children: Children
    offers: Offers
    vouchers: Vouchers
    market: MarketColumns
    ledger: Ledger
    chronicle: Chronicle
    declared: list[dict[str, NDArray[Any]]]
    left: NDArray[np.int64]
    months_paid: NDArray[np.uint8]

    def copy(self) -> "State":
        """A checkpoint: an independent copy of every column."""
        return State(
            month=self.month,
            children=Children._make(c.copy() for c in self.children),
            offers=Offers._make(c.copy() for c in self.offers),
            vouchers=Vouchers._make(c.copy() for c in self.vouchers),
            market=self.market.copy(),
            ledger=self.ledger.copy(),
            chronicle=self.chronicle.copy(),
            declared=[{name: column.copy() for name, column in d.items()} for d in self.declared],
            left=self.left.copy(),
            months_paid=self.months_paid.copy(),
        )


def empty_state(world: World, month: int, chronicle: Chronicle, ledger: Ledger) -> State:
    """The city before anyone has chosen: every child at home, every place free."""
    n, j = len(world.families), len(world.institutions)
    k = len(world.candidate)

    children = Children.at_home(k, n)
    choice.renew(
        0,
        n,
        np.ones(n, np.uint8),
        (world.families.id >> 20).astype(np.uint32),
        world.families.id,
        world.institutions.id,
        world.luck.stream("first shocks"),
        world.candidate,
        world.fixed,
        world.outside,
        children.draws,
    )
    offers = Offers(
        fee=world.institutions.fee.copy(),
        value=np.empty((4, j), np.float32),
        seats=np.zeros((2, j, SEATS), np.int32),
        ends=np.full((4, j * BANDS), NOBODY, np.int32),
    )
    offers.places[:] = world.institutions.classes * np.array(world.facts.classes.sizes)
    market = MarketColumns(
        waiting=np.zeros((YEAR, j, BANDS), np.int32),
        taken=np.zeros((YEAR, j, SEATS), np.int32),
        norm=np.full(j, np.nan),
        opens_in=np.zeros((j, SEATS), np.int32),
        opened_in=np.zeros((j, SEATS), np.int32),
    )
    vouchers = Vouchers(np.zeros((0, n), np.int32), np.zeros((0, n), np.int8))
    none = np.zeros(0, np.int64)
    return State(month, children, offers, vouchers, market, ledger, chronicle, [], none, np.zeros((0, n), np.uint8))


def furnish(state: State, world: World, instruments: tuple[Instrument, ...]) -> None:
    """Allocate what the instruments beyond those already furnished need; those before keep their columns."""
    n, j = len(world.families), len(world.institutions)
    fresh = instruments[len(state.declared) :]
    for instrument in fresh:
        sizes = {"child": n, "institution": j, "tranche": instrument.tiers()}
        state.declared.append(
            {name: np.full(sizes[c.axis], c.fill, c.dtype) for name, c in instrument.columns().items()}
        )
    budgets = [NO_LIMIT if i.budget_yuan is None else round(i.budget_yuan * 100) for i in fresh]
    state.left = np.concatenate([state.left, np.array(budgets, np.int64)])
    suppliers = sum(i.pays_institutions for i in fresh)
    state.months_paid = np.concatenate([state.months_paid, np.zeros((suppliers, n), np.uint8)])
    pools = sum(i.tiers() > 0 for i in fresh)
    state.vouchers = Vouchers(
        np.concatenate([state.vouchers.face, np.zeros((pools, n), np.int32)]),
        np.concatenate([state.vouchers.tranche, np.zeros((pools, n), np.int8)]),
    )
    state.ledger.admit(len(fresh))
    state.chronicle.admit(len(fresh), sum(i.tiers() for i in fresh))
