"""What a simulated city shows of itself: the figures that calibration fits, and those it only checks.

Shares and stocks are means of month-ends over the window. A stay is an unbroken run of monthly bills
of one child at one institution; it is complete when a month of the window passes without the next bill.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim import dates
from sim.draws import Luck
from sim.engine.recorder import CITY_TOTALS, ROW, Record
from sim.engine.replication import Replication, Span
from sim.nearest import nearest
from sim.params import Rows, number
from sim.policy.instrument import Columns, Floats, Instrument, Offered
from sim.policy.thinning import thinned
from sim.scenario.clock import RunFacts
from sim.scenario.schema import Scenario
from sim.world.city import CityFacts
from sim.world.families import QUINTILES
from sim.world.institutions import BANDS

ARC = 0.2  # log units of fees each way, for good, when an elasticity is measured: 18 % below and 22 % above
SETTLING = 6  # months between the change of fees and the window, which is then its months 7 to 18
COLOURS = 12  # sets of institutions whose fees are moved in turn, so that few rivals of one are moved with it
SHORT = 2  # months: a stay of so many bills or fewer is short


class FeeRise(Instrument):
    """Every fee, or those of some institutions, multiplied from a day on: a measuring rod, no policy."""

    title: ClassVar[str] = "fees moved to measure an elasticity"

    rise: float = number("share", "rise of the posted fee", default=0.0, idle=0.0, at_least=-1, at_most=10)
    ids: Rows[int] = Field(default=(), description="addresses of the institutions that move theirs; empty for all")

    def posted_fee(self, fee: Floats, offered: Offered, columns: Columns) -> Floats:
        """The fees moved."""
        del columns
        moved = np.isin(offered.id, self.ids) if self.ids else np.ones(len(offered.id), bool)
        return fee * (1 + self.rise * moved[:, None])


@dataclass(frozen=True)
class Stays:
    """Completed stays of a window, in bills.

    mean, short : of all: mean length [months], share of at most two months
    mean_without_kindergarten, short_without_kindergarten : without those that the first of September ended
    number : completed stays; kindergarten : of them, ended by the first of September
    spells : mean unbroken run of bills at whatever institution [months]
    """

    mean: float
    short: float
    mean_without_kindergarten: float
    short_without_kindergarten: float
    number: int
    kindergarten: int
    spells: float


def stays_of(record: Record, birth: NDArray[np.int32]) -> Stays:
    """Completed stays of a record: last billed before its last month, so that the missing bill was seen.

    birth : int32 (children,)  ordinal days of birth
    Stays that ended in the last month of all are not yet known to be complete.
    """
    child, first, last = (record.stays[name].astype(np.int64) for name in ("child", "first", "last"))
    length = last - first + 1
    complete = last < record.months() - 1
    to_kindergarten = complete & _left_for_kindergarten(birth[child], record.first + last + 1)
    rest = complete & ~to_kindergarten
    return Stays(
        mean=_mean(length[complete]),
        short=_mean(length[complete] <= SHORT),
        mean_without_kindergarten=_mean(length[rest]),
        short_without_kindergarten=_mean(length[rest] <= SHORT),
        number=int(complete.sum()),
        kindergarten=int(to_kindergarten.sum()),
        spells=_mean(_spells(child, first, last, record.months())),
    )


def without_first_month(record: Record) -> Record:
    """The totals of all months but the first; stays are left as they are counted there."""
    return replace(record, first=record.first + 1, totals=record.totals[:, 1:], city=record.city[:, 1:])


def _left_for_kindergarten(birth: NDArray[np.int32], month: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a child that was not billed in an absolute month had left on its first day for kindergarten."""
    cut = np.array([dates.school_year_cut(dates.date_in(int(m))) for m in np.unique(month)], np.int64)
    gone = birth <= cut[np.searchsorted(np.unique(month), month)]
    return np.asarray(gone & (month % 12 == 8))


def _spells(
    child: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], months: int
) -> NDArray[np.int64]:
    """Lengths of completed unbroken runs of bills, stays at different institutions joined [months].

    child : sorted; the stays of one child in the order of their first month
    """
    if len(child) == 0:
        return np.zeros(0, np.int64)
    follows = np.zeros(len(child), bool)
    follows[1:] = (child[1:] == child[:-1]) & (first[1:] == last[:-1] + 1)
    begins = np.flatnonzero(~follows)
    ends = np.append(begins[1:], len(child)) - 1
    done = last[ends] < months - 1
    return np.asarray((last[ends] - first[begins] + 1)[done])


def _mean(values: NDArray[Any]) -> float:
    """Mean, not a number for nothing."""
    return float(values.mean()) if len(values) else float("nan")


def take_up_under_36(record: Record) -> float:
    """Enrolled under 36 months ÷ children under 36 months, means of month-ends: the take-up that is published."""
    return float(_total(record, "enrolled_under_36")[0] / _total(record, "children")[0])


def enrolled_by_band(record: Record) -> NDArray[np.float64]:
    """Mean children enrolled by band, float64 (3,)."""
    return _total(record, "enrolled")[1 : 1 + BANDS]


def take_up_by_band(record: Record) -> NDArray[np.float64]:
    """Enrolled of each band ÷ its own children, float64 (3,)."""
    mine = slice(1, 1 + BANDS)
    return np.asarray(_total(record, "enrolled")[mine] / _total(record, "children")[mine])


def mean_fee(record: Record) -> float:
    """Posted full-day fee, weighted by places [yuan a month]."""
    return float(_total(record, "fee_place_thirds_fen")[0] / _total(record, "full_day_place_thirds")[0] / 100)


def switching(record: Record) -> float:
    """Share of the enrolled who change institution in a month."""
    switches = record.city[CITY_TOTALS.index("switches")]
    return float(switches.sum() / record.totals[ROW["enrolled"], :, 0].sum())


def income_elasticity(record: Record, income: NDArray[np.float64], quintile: NDArray[np.int8]) -> float:
    """Slope of log take-up on log mean income over the five fifths of families.

    income : float64 (children,) [yuan a month]; quintile : int8 (children,)
    """
    columns = [record.groups.index(f"quintile={q + 1}") for q in range(QUINTILES)]
    share = _total(record, "enrolled")[columns] / _total(record, "children")[columns]
    if (share <= 0).any():
        return float("nan")
    mean = np.bincount(quintile, income, QUINTILES) / np.bincount(quintile, minlength=QUINTILES)
    return float(np.polyfit(np.log(mean), np.log(share), 1)[0])


def _total(record: Record, name: str) -> NDArray[np.float64]:
    """Mean over the window of a total, by group, float64 (groups,)."""
    return np.asarray(record.totals[ROW[name]].mean(axis=0))


@dataclass(frozen=True)
class Window:
    """What a figure is measured on: a city under a clock, thinned, without a policy.

    standing : programmes that stand, windows filled in
    """

    facts: CityFacts
    standing: tuple[Instrument, ...]
    run: RunFacts
    scale: float

    @classmethod
    def of(cls, scenario: Scenario, scale: float) -> "Window":
        """The scenario's city and clock at a scale."""
        run = scenario.run
        first = dates.date_in(run.first_month)
        filled = (i.within(first, run.until) for i in thinned(scenario.standing, scale))
        return cls(scenario.city, tuple(filled), run, scale)

    def replication(self, which: int, early: int = 0) -> Replication:
        """One city; `early` counts months before the window, so that stays that end at its door are seen."""
        run = self.run
        counted, end = dates.month_of(run.counted_from) - early, dates.month_of(run.until) + 1
        span = Span(run.start, run.first_month, counted, end)
        return Replication(self.facts, self.standing, span, Luck(run.seed, which), self.scale)


@dataclass(frozen=True)
class Elasticities:
    """Log change of the enrolled per log change of the fee, with the places that there are, months 7 to 18.

    market, market_by_band, market_by_quintile : every fee moves; institution : one's own does
    """

    market: float
    market_by_band: NDArray[np.float64]
    market_by_quintile: NDArray[np.float64]
    institution: float


def elasticities(window: Window, replications: Sequence[int], colours: int = COLOURS) -> Elasticities:
    """Measure both elasticities under common random numbers; no owner answers by its own fee, or by giving up.

    They are arc elasticities between fees `ARC` log units below today's and as far above. A small rise would be
    answered by less than its share for years, because the enrolled stay through it, and by few children.

    colours : sets into which institutions are parted; each set moves while the others do not
    Raises ValueError if the window does not lie at least six months after the burn-in's begin.
    """
    check_window(window.run)
    counted = dates.month_of(window.run.counted_from)
    window = _with_patient_owners(window)
    rod = _Rod(dates.date_in(counted - SETTLING), window.run.until)
    pairs, own = [], []
    for which in replications:
        city = window.replication(which)
        city.prepare({counted - SETTLING})
        names = city.baseline().groups
        cells = [0, *range(1, 1 + BANDS), *(names.index(f"quintile={q + 1}") for q in range(QUINTILES))]
        pairs.append([_total(rod.laid(city, level, ()), "enrolled")[cells] for level in (-ARC, ARC)])
        own.append(_own_demand(city, rod, colours))
    before, after = np.sum(pairs, axis=0)
    response = rod.slope(before, after)
    return Elasticities(
        market=float(response[0]),
        market_by_band=response[1 : 1 + BANDS],
        market_by_quintile=response[1 + BANDS :],
        institution=float(rod.slope(*np.sum(own, axis=0)[:, None])[0]),
    )


def check_window(run: RunFacts) -> None:
    """Raise ValueError if the counted window does not lie at least `SETTLING` months after the burn-in's begin."""
    if dates.month_of(run.counted_from) - SETTLING < run.first_month:
        raise ValueError(f"the counted window begins less than {SETTLING} months after the burn-in")


def _with_patient_owners(window: Window) -> Window:
    """The window with no institution that sets its own fee or closes: only families answer."""
    supply = window.facts.supply
    kinds = tuple(kind.model_copy(update={"fee_rule": "fixed", "backed": True}) for kind in supply.kind)
    return replace(window, facts=window.facts.model_copy(update={"supply": supply.model_copy(update={"kind": kinds})}))


@dataclass(frozen=True)
class _Rod:
    """Fees moved for good, from a month on."""

    when: date
    until: date

    def laid(self, city: Replication, level: float, ids: tuple[int, ...]) -> Record:
        """The city with the fees of some institutions (none named: of all) moved by so many log units."""
        return city.run((FeeRise(start=self.when, until=self.until, rise=float(np.expm1(level)), ids=ids),))

    def slope(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log change per log change of the fee; not a number where nobody was enrolled."""
        known = (before > 0) & (after > 0)
        ratio = np.divide(after, before, out=np.full(len(before), np.nan), where=known)
        return np.asarray(np.log(ratio) / (2 * ARC))


def _own_demand(city: Replication, rod: _Rod, colours: int) -> tuple[int, int]:
    """Child-months at institutions at the two levels of their own fee, summed over the sets."""
    institutions = city.world.institutions
    colour = colour_apart(institutions.position, colours)
    demand = [0, 0]
    for mine in (colour == c for c in np.unique(colour)):
        ids = tuple(int(j) for j in institutions.id[mine])
        for n, level in enumerate((-ARC, ARC)):
            demand[n] += int(rod.laid(city, level, ids).offer_enrolled[:, :, mine].sum())
    return demand[0], demand[1]


def colour_apart(position: NDArray[np.float64], colours: int) -> NDArray[np.int64]:
    """Part sites into sets whose members stand far apart: each takes the colour rarest among its nearest.

    position : float64 (n, 2) [km]; returns int64 (n,)
    """
    n = len(position)
    out = np.full(n, -1, np.int64)
    if n == 0:
        return out
    neighbours, _ = nearest(position, position, 2 * colours)
    nearness = 1.0 / np.arange(1, neighbours.shape[1] + 1)
    used = np.zeros(colours)
    for j in range(n):
        there = out[neighbours[j]]
        weight = np.bincount(there[there >= 0], nearness[there >= 0], colours)
        out[j] = int(np.lexsort((used, weight))[0])
        used[out[j]] += 1
    return out
