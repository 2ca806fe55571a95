"""What an instrument is: declared parameters and a few pure hooks; by default it does nothing.

The engine asks what families face (`relief`, `appeal`, `reach`), what institutions face (`posted_fee`,
`child_income`, `place_income`, `grant`, `covers_losses`, `registers`), which places it adds (`opens`, `adds_classes`),
what is paid in cash (`cash`, `home_care`) or spent by the programme itself (`running_yuan_per_month`, `overhead`),
who wins a lot (`draw_lot`, `lot`), which columns are needed (`columns`) and when the instrument wants to speak
(`scheduled`); it alone schedules, bills and pays.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr, model_validator

from sim.dates import YEAR, Band
from sim.params import Each, Facts, Misfit, Rows, number

Bands = Annotated[Rows[Band], Field(min_length=1), Each]  # no band at all is no way to write "nothing"
Kinds = Annotated[Rows[str], Each]
FOREVER = date(9998, 12, 31)
Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
Path = tuple[str | int, ...]  # to a value of a table


class ShortageError(ValueError):
    """An instrument is to open more than there is room for in the city."""


@dataclass(frozen=True)
class Offered:
    """Institutions as instruments see them; axis 0 is the institution.

    kind : int8, index into kind_names; registered, inclusive : bool
    enrolled : int64 (n, 3)  children enrolled by band when the question is asked; -1 if no instrument of the policy
        says that it asks
    id : uint32  stable address, for drawn selections
    district : int8, index into district_names
    runs : bool  whether there is an institution now; reserved : bool  a site kept for policies; vacant : bool  one
        that nobody has opened
    may_build : bool  runs, and may take a class: no policy is building one there
    building : bool  its owner is building a class
    first_row : bool  the institution's own row; its further services are rows too
    utilities, rent : float64 (n,)  what a place costs, as paid there [yuan a month]
    quality_yuan : what a standard deviation of quality is worth to families [yuan a month]
    """

    kind: NDArray[np.int8]
    kind_names: tuple[str, ...]
    registered: NDArray[np.bool_]
    inclusive: NDArray[np.bool_]
    enrolled: NDArray[np.int64]
    id: NDArray[np.uint32]
    district: NDArray[np.int8]
    district_names: tuple[str, ...]
    runs: NDArray[np.bool_]
    reserved: NDArray[np.bool_]
    vacant: NDArray[np.bool_]
    may_build: NDArray[np.bool_]
    building: NDArray[np.bool_]
    first_row: NDArray[np.bool_]
    utilities: Floats
    rent: Floats
    quality_yuan: float

    def of_kinds(self, kinds: tuple[str, ...]) -> NDArray[np.bool_]:
        """Institutions of the named kinds, bool (n,); an empty tuple means all."""
        if not kinds:
            return np.ones(len(self.kind), bool)
        return np.isin(self.kind, [i for i, name in enumerate(self.kind_names) if name in kinds])

    def in_districts(self, districts: tuple[str, ...]) -> NDArray[np.bool_]:
        """Institutions in the named districts, bool (n,); an empty tuple means all."""
        if not districts:
            return np.ones(len(self.kind), bool)
        return np.isin(self.district, [i for i, name in enumerate(self.district_names) if name in districts])

    def that_are(self, standing: str) -> NDArray[np.bool_]:
        """Institutions of a standing, bool (n,): "any", "registered" or "inclusive"."""
        return {"any": np.ones(len(self.kind), bool), "registered": self.registered, "inclusive": self.inclusive}[
            standing
        ]


@dataclass(frozen=True)
class Groups:
    """Family groups: the combinations of what the policy's instruments distinguish; axis 0 is the group.

    income_to : float64  upper end of the group's household income [yuan a month], inf for the last bracket
    birth_order : int64  0 where birth order is not distinguished
    from_months : int64  completed age from which a child is in the group; 0 of the youngest
    foresees : bool  whether its families expect what the policy has announced
    may_win : int64  voucher pools of which they know and may win a voucher, as binary digits, the chain's first lowest
    third : int64  of families by how far they look ahead
    leaves : bool  whether its children go to kindergarten on the next 1 September
    won : bool  whether its families have won the lot of the instrument that is asked; no family of one that draws none
    """

    income_to: Floats
    birth_order: NDArray[np.int64]
    from_months: NDArray[np.int64]
    foresees: NDArray[np.bool_]
    may_win: NDArray[np.int64]
    third: NDArray[np.int64]
    leaves: NDArray[np.bool_]
    won: NDArray[np.bool_]


@dataclass(frozen=True)
class Relief:
    """What is taken off the net fee so far: min(net, ceiling, amount + rate · net) [yuan a month].

    Each broadcasts to (groups, 3 bands, institutions). For a voucher, `amount` is 1 where it may be
    redeemed and is multiplied by the face value of the child's live voucher.
    """

    rate: Floats
    amount: Floats
    ceiling: Floats
    voucher: bool = False


@dataclass(frozen=True)
class Prospects:
    """What families expect of a pool's coming rounds; each (groups, 3 bands).

    face : [yuan]; odds : of who applies, enrolled at the round; odds_new : of who applies and is not
    cost : of applying [yuan]
    once : whether one voucher is all that a family may win
    """

    face: Floats
    odds: Floats
    odds_new: Floats
    cost: Floats
    once: bool


@dataclass(frozen=True)
class ChildIncome:
    """What the treasury pays an institution per enrolled child-month.

    yuan : broadcasts to (3 bands, institutions); months_cap : per child and calendar year
    places : child-months paid per month over the whole city at most
    """

    yuan: Floats
    months_cap: int
    places: int


@dataclass(frozen=True)
class Recognition:
    """What being recognised, or not, brings an institution; each (n, 3) [yuan a month].

    pay : per child-month, over a year; cut : by which the fee they would ask must fall, over a year
    place : (n,) per place and month, over a year
    """

    pay: Floats
    cut: Floats
    place: Floats

    def of(self, rows: NDArray[np.int64]) -> "Recognition":
        """The same for some institutions."""
        return Recognition(self.pay[rows], self.cut[rows], self.place[rows])


@dataclass(frozen=True)
class Cash:
    """Unconditional cash per child: it moves income in the price sensitivity, never the net fee.

    from_months, to_months : completed months of age, half-open; birth_orders : empty for all
    income_from, income_to : household income, half-open [yuan a month]
    """

    from_months: int
    to_months: int
    yuan_per_month: float
    birth_orders: tuple[int, ...] = ()
    income_from: float = 0.0
    income_to: float = float("inf")


@dataclass(frozen=True)
class HomeCare:
    """Cash for a child that is in no place of some, settled on its family's decision day.

    A family forgoes it by enrolling there, so that in its choice such an offer costs the sum more; it moves no income.

    from_months, to_months : completed months of age, half-open; birth_orders : empty for all
    ends : bool (n,)  institutions at which enrolling ends it
    """

    from_months: int
    to_months: int
    yuan_per_month: float
    birth_orders: tuple[int, ...]
    ends: NDArray[np.bool_]

    @property
    def fen(self) -> int:
        """A month's sum in whole fen."""
        return round(100 * self.yuan_per_month)

    def reaches(self, groups: Groups) -> NDArray[np.bool_]:
        """Family groups whose children receive it, bool (groups,)."""
        of_age = (groups.from_months >= self.from_months) & (groups.from_months < self.to_months)
        return of_age & (np.isin(groups.birth_order, self.birth_orders) | (not self.birth_orders))


@dataclass(frozen=True)
class Column:
    """A column an instrument needs; the engine allocates, copies and hands it over.

    axis : "child", "institution" or "tranche"
    """

    axis: str
    dtype: str
    fill: float = 0


@dataclass(frozen=True)
class Opening:
    """What an instrument opens in whole numbers, which are thinned with those of its policy (sim/policy/thinning.py).

    parameter : the one that says how many; count : that many, above 0
    kind : of institution; districts : where, empty for all
    new : institutions at sites kept for policies, which stay taken; else a class each at institutions that stand,
        which are free for the next when it is built
    """

    parameter: str
    count: int
    kind: str
    new: bool
    districts: tuple[str, ...] = ()


class Desk(Protocol):
    """What the engine offers a voucher pool on a round's day, and a lot on its first; rows are children."""

    def eligible(self, from_months: int, to_months: int, valid_days: int) -> NDArray[np.int32]:
        """Children of an age (completed months, inclusive) who, if enrolled, are billed while a voucher is good.

        That is on the next of their decision days, today counted, and on those within `valid_days` after today.
        """

    def of_age(self, from_months: int, to_months: int) -> NDArray[np.int32]:
        """Children of an age (completed months, half-open) who are not in kindergarten."""

    def decides_on(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Day of the month on which each decides and is billed (1 to 28)."""

    def enrolled(self, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each is enrolled now."""

    def holds(self, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each holds a live voucher of this pool."""

    def income(self, rows: NDArray[np.int32]) -> Floats:
        """Household income [yuan a month]."""

    def income_per_head(self, rows: NDArray[np.int32]) -> Floats:
        """Household income per head [yuan a month]."""

    def chance(self, rows: NDArray[np.int32], stream: str, when: int) -> Floats:
        """A uniform addressed by child, stream and time."""

    def learn(
        self,
        rows: NDArray[np.int32],
        knows: NDArray[np.bool_],
        if_enrolled: float,
        if_not: float,
        barred: NDArray[np.bool_],
    ) -> tuple[int, NDArray[np.int32]]:
        """Number of `rows` that know of the pool, and those of them that hold none of its vouchers.

        Each family has one fixed draw; it knows when the share that knows, of the enrolled or of the others, has
        passed it, and nobody forgets.
        knows : bool (n,)  of all children, read and written; barred : bool (n,)  children left out; (0,) for nobody
        """

    def hear(
        self, rows: NDArray[np.int32], knows: NDArray[np.bool_], if_enrolled: float, if_not: float, untold: Floats
    ) -> None:
        """Mark those of `rows` in `knows` whose draw the share that knows has passed, by what they have been told.

        untold : (n,)  of all children: part of those like each who would not know whom no institution has told
        """

    def meets_redeemer(self) -> Floats:
        """Chance that the institution a family meets has redeemed a voucher of the pool since the last round, (n,).

        It is the one that its child attends, or, of who is at home, any of those that it considers.
        """

    def gains(self, rows: NDArray[np.int32], face_yuan: float, floor: float, exact: bool) -> tuple[Floats, Floats]:
        """Worth of a voucher to each, at least and at most [yuan]; of gains that cannot exceed `floor` both may be 0.

        exact : if not, the two may differ where the gain certainly exceeds the floor
        """

    def issue(self, rows: NDArray[np.int32], face_yuan: float, tranche: int) -> None:
        """Give each a voucher."""

    def reached(self) -> float:
        """Share of those who do not know of a programme whom campaigns have told of it this month."""

    def expire(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """End the live vouchers of these children; returns how many of each tranche, int64 (tranches,)."""

    def count(self, metric: str, tranche: int, children: int) -> None:
        """Add to a monthly total of a tranche."""

    def count_children(self, metric: str, rows: NDArray[np.int32], each: int = 1) -> None:
        """Add `each` for every child to a monthly total by band, income and what else tells them apart."""


EventHandler = Callable[[Desk, Columns], None]


@dataclass(frozen=True)
class ScheduledEvent:
    """A day on which the engine calls an instrument to its desk; `phase` is "expiry" or "round"."""

    day: date
    phase: str
    handle: EventHandler


class Instrument(Facts):
    """One tool of a policy. Subclasses declare parameters and override the hooks they need."""

    title: ClassVar[str]
    spends: ClassVar[bool] = True  # whether it costs the treasury anything, beside what running it costs
    pays_institutions: ClassVar[bool] = False  # whether `child_income` may return something
    asks_who_is_enrolled: ClassVar[bool] = False  # whether a hook reads `Offered.enrolled`
    builds: ClassVar[bool] = False  # whether the treasury builds what it grants for: the money goes on to builders
    by_lot: ClassVar[bool] = False  # whether families draw for it on its first day, so that winners are told apart

    start: date | None = Field(default=None, description="first day; the counted window's first if left out")
    until: date | None = Field(default=None, description="last day; no end if left out")

    payment_lag_months: int = number("months", "from a claim on the treasury to its payment", default=1, at_most=24)
    running_yuan_per_month: float = number(
        "yuan a month",
        "that running it costs, due at each month's end in force; out of its budget, if any",
        default=0.0,
        idle=0.0,
        at_most=1e9,
    )

    _rank: int | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _window(self) -> Self:
        """A window runs forward."""
        if self.start and self.until and self.until < self.start:
            raise Misfit((("until",), f"a date on or after start ({self.start})"))
        return self

    @property
    def inert(self) -> bool:
        """Return whether these parameters make the instrument change nothing and pay nothing out."""
        return False

    @property
    def idle(self) -> bool:
        """Return whether it does nothing at all: it is inert, and running it costs nothing either."""
        return self.inert and self.running_yuan_per_month == 0

    def clauses(self) -> tuple[str, ...]:
        """Clauses that say the instrument in words, the most important first; a report adds what they leave out.

        Each is a key of the report's catalogue; a parameter not at its default that none names is said after them.
        """
        return ()

    @property
    def budget_yuan(self) -> float | None:
        """What may be spent at most, None for no limit."""
        return None

    @property
    def rank(self) -> int | None:
        """Rank by which it draws, in place of that in its chain, see `ranks_of`; None for the latter."""
        return self._rank

    def ranked(self, rank: int) -> Self:
        """The same, drawing as if so many of its like stood before it."""
        copy = self.model_copy()
        copy._rank = rank
        return copy

    def within(self, first: date, last: date) -> Self:
        """The instrument with its window's open ends filled in.

        One without a last day outlives the run (`last`), so that nobody in it foresees an end.
        """
        del last
        return self.model_copy(update={"start": self.start or first, "until": self.until or FOREVER})

    def at_scale(self, scale: float) -> Self:
        """The instrument for a city thinned to `scale`: quotas, places, budgets and running costs thinned alike.

        What it opens is thinned with the whole policy's.
        """
        running = self.running_yuan_per_month * scale
        return self.model_copy(update={"running_yuan_per_month": running}) if running > 0 else self

    def kinds_named(self) -> dict[Path, str]:
        """Kinds of institution it names, by where among its parameters; the city must have them."""
        return {}

    def districts_named(self) -> dict[Path, str]:
        """Districts it names, by where among its parameters; the city must have them."""
        return {}

    def opening(self) -> Opening | None:
        """What it opens in whole numbers; the city must have room. None for nothing."""
        return None

    def quota(self) -> tuple[str, tuple[int, ...]] | None:
        """The parameter whose whole numbers are thinned with the city, and those numbers; None for none."""
        opening = self.opening()
        return None if opening is None else (opening.parameter, (opening.count,))

    def incomes_told_apart(self) -> tuple[float, ...]:
        """Household incomes [yuan a month] at which what it offers changes."""
        return ()

    def orders_told_apart(self) -> tuple[int, ...]:
        """Birth orders that what it offers to enrolled families distinguishes."""
        return ()

    def ages_told_apart(self) -> tuple[int, ...]:
        """Completed months of age at which what families weigh changes by it, other than by its band."""
        return ()

    def relief(self, offered: Offered, groups: Groups, columns: Columns) -> Relief | None:
        """What families face; None if it does not touch their bill."""
        del offered, groups, columns
        return None

    def round_days(self) -> list[date]:
        """Days on which it draws vouchers."""
        return []

    def may_win(self, columns: Columns) -> NDArray[np.bool_] | None:
        """Families that know of its vouchers and may win one at a coming round, bool (n,); None without vouchers."""
        del columns
        return None

    def prospects(self, groups: Groups, columns: Columns) -> Prospects | None:
        """What those families expect of a coming round; None without vouchers."""
        del groups, columns
        return None

    def draw_lot(self, desk: Desk, columns: Columns) -> None:
        """Called once on its first day, or on the first simulated one if that is later, where it is `by_lot`."""

    def lot(self, columns: Columns) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
        """Children in its lot and those that won, each bool (n,); None where it draws none."""
        del columns
        return None

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """The posted fee that institutions may ask, from what they would, (n, 3) [yuan a month]."""
        del offered, columns
        return fee

    def child_income(self, offered: Offered, columns: Columns) -> ChildIncome | None:
        """What institutions receive per enrolled child-month; None for nothing."""
        del offered, columns
        return None

    def place_income(self, offered: Offered, columns: Columns) -> Floats | None:
        """What institutions receive per place and month, filled or not, (n,) [yuan]; None for nothing."""
        del offered, columns
        return None

    def grant(self, offered: Offered, columns: Columns) -> Floats | None:
        """What is paid once for a place that opens, by class type, (n, 4) [yuan]; None for nothing."""
        del offered, columns
        return None

    def note_grants(self, opened: NDArray[np.bool_], columns: Columns) -> None:
        """Called when its grants have been paid; `opened` says at which institutions places opened, bool (n,)."""

    def covers_losses(self, offered: Offered, columns: Columns) -> NDArray[np.bool_] | None:
        """Institutions whose losses in cash the treasury makes good each month, bool (n,); None for none."""
        del offered, columns
        return None

    def opens(self, columns: Columns) -> NDArray[np.bool_] | None:
        """Sites at which it opens an institution, bool (n,); asked on its first day, after `begin`."""
        del columns
        return None

    def adds_classes(self, columns: Columns) -> NDArray[np.bool_] | None:
        """Institutions at which it adds a class, by type, bool (n, 4); asked on its first day, after `begin`."""
        del columns
        return None

    @property
    def months_to_build(self) -> int:
        """Months until what it opens or adds stands, after the month in which it begins."""
        return 0

    def appeal(self, offered: Offered, columns: Columns) -> Floats | None:
        """What it makes institutions worth to families, more than they are, by band, (n, 3) [yuan a month]."""
        del offered, columns
        return None

    def reach(self) -> float:
        """Share of those who do not know of a voucher pool whom it tells in a month."""
        return 0.0

    def registers(self, columns: Columns) -> NDArray[np.bool_] | None:
        """Institutions that are registered because of it, bool (n,); None for none."""
        del columns
        return None

    def overhead(self, offered: Offered, columns: Columns) -> float:
        """Costs of the programme itself in a month, whoever comes, beside `running_yuan_per_month` [yuan]."""
        del offered, columns
        return 0.0

    def cash(self) -> tuple[Cash, ...]:
        """Unconditional cash to families."""
        return ()

    @property
    def pays_families(self) -> bool:
        """Return whether its money goes to families, at once, and to no institution."""
        return bool(self.cash())

    def home_care(self, offered: Offered) -> HomeCare | None:
        """Cash for children who are in no place of some; None for nothing."""
        del offered
        return None

    def recognition(self, offered: Offered, columns: Columns, months: int, fee: Floats) -> Recognition | None:
        """What it would bring institutions if they stood as in `offered`, were they to take part; None for nothing.

        That is what it pays per place, and by how much less it lets them ask, unless it chooses whom it pays.

        months : of the coming twelve in which it will be in force
        fee : what they would ask, so standing, if it let them, (n, 3) [yuan a month]
        """
        share, place = months / YEAR, self.place_income(offered, columns)
        cut = fee - self.posted_fee(fee, offered, columns)
        if place is None and not cut.any():
            return None
        each = np.zeros(len(fee)) if place is None else place * share
        return Recognition(pay=np.zeros_like(cut), cut=cut * share, place=each)

    def escrow(self, offered: Offered) -> Floats:
        """Share of fees paid in advance that is held for families until they are used, (n,)."""
        return np.zeros(len(offered.kind))

    def columns(self) -> dict[str, Column]:
        """Columns it needs, by name."""
        return {}

    def tiers(self) -> int:
        """Number of voucher tranches, 0 if it issues none."""
        return 0

    def scheduled(self) -> list[ScheduledEvent]:
        """Days on which it acts at a desk, beside the first and last of its window."""
        return []

    def begin(self, offered: Offered, chance: Floats, columns: Columns) -> None:
        """Called once on its first day; `chance` is a uniform per institution for drawn selections."""


def ranks_of(chain: Sequence[Instrument]) -> tuple[int, ...]:
    """Count the voucher pools before each pool of a chain, and the lots before each lot; 0 for what draws nothing.

    By these ranks their draws are told apart. Those that change nothing do not count: whatever stands beside them is
    drawn the same without them.
    """
    pools = lots = 0
    ranks = []
    for instrument in chain:
        draws = instrument.by_lot or instrument.tiers() > 0
        ranks.append((lots if instrument.by_lot else pools) if draws else 0)
        lots += instrument.by_lot and not instrument.inert
        pools += instrument.tiers() > 0 and not instrument.inert
    return tuple(ranks)
