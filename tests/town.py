"""A small town to test in: loaded from `hamlet.toml`, or laid out child by child."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.draws import Luck
from sim.engine.market import Market
from sim.engine.recorder import ROW, Record
from sim.engine.replication import Replication, Span
from sim.engine.state import State
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.scenario.schema import Scenario, load
from sim.world.city import CityFacts, World
from sim.world.families import Families, FamilyFacts
from sim.world.institutions import Institutions

HAMLET = Path(__file__).with_name("hamlet.toml")
NOBODY = -1
MIXED = 3
BANDS = ("infant", "toddler", "older_toddler")

# a choice without taste, trends or stickiness: only fee, band and quality tell offers apart
PLAIN_LOGIT = (
    *(
        f"city.families.{key}={value}"
        for key, value in {
            "taste_sd": 0,
            "sensitivity_sd": 0,
            "income_power": 0,
            "grandparent_share": 0,
            "stickiness": 0,
            "renewal": 1,
            "distance_yuan": 0,
            "candidates": 16,
        }.items()
    ),
    "city.supply.kind.private.prepaid_months=1",
)

RESERVE = "city.supply.reserved_sites.public=2"  # so that a policy may open some

# institutions that stay, and stay as they are
SETTLED = (
    "city.supply.patience_months=1000000",
    "city.supply.patience_sd=0",
    "city.supply.later_sites=0",
    "city.supply.reserved_sites.public=0",
)
# half days and hours at private institutions and kindergartens
HALF = '{ name = "half_day", share = 0.25, fee_share = 0.6, children_per_place = 2 }'
HOUR = '{ name = "hourly", share = 0.15, fee_share = 0.4, children_per_place = 4 }'
SERVICES = tuple(f"city.supply.kind[{k}].services=[{HALF}, {HOUR}]" for k in (0, 1))


def instrument(kind: str, **parameters: Any) -> Instrument:
    """An instrument of a kind; its window is open until a town fills it in."""
    return menu()[kind](**parameters)


@dataclass(frozen=True)
class Town:
    """A replication with checkpoints at the beginnings of all months from `span.counted` on."""

    scenario: Scenario
    span: Span
    standing: tuple[Instrument, ...]
    replication: Replication

    @property
    def world(self) -> World:
        return self.replication.world

    @property
    def baseline(self) -> Record:
        return self.replication.baseline()

    def run(self, *own: Instrument, straight: bool = False, outlook: FamilyFacts | None = None) -> Record:
        """The record of a policy."""
        return self.replication.run(within(self.scenario, own), straight, outlook)

    def day(self, month: int, day: int = 1) -> date:
        """A day of a month of the counted window, 0 the first."""
        return dates.date_in(self.span.counted + month, day)

    def states(self) -> Iterable[tuple[date, State]]:
        """The first day of every checkpoint's month, and the state in which it begins."""
        for month in range(self.span.counted, self.span.end):
            yield dates.date_in(month), self.replication.checkpoint(month)


def within(scenario: Scenario, instruments: Iterable[Instrument]) -> tuple[Instrument, ...]:
    """Instruments at the scenario's scale with their windows filled in."""
    run = scenario.run
    return tuple(i.at_scale(run.scale).within(run.counted_from, run.until) for i in instruments)


def settle(
    *settings: str,
    standing: Sequence[Instrument] | None = None,
    path: Path = HAMLET,
    replication: int = 0,
    unlimited: bool = False,
    world: World | None = None,
    supply: Mapping[str, Any] | None = None,
    new_lists: bool = True,
) -> Town:
    """Draw a town and run its baseline to the end of the window.

    standing : instead of the file's; unlimited : places without limit
    world : a town laid out by hand, instead of the drawn one
    supply : facts of the supply that no file may give
    new_lists : owners take every list for longer than usual, and build for it
    """
    scenario = load(path, (RESERVE, *settings))
    city = scenario.city.model_copy(update={"supply": scenario.city.supply.model_copy(update=supply or {})})
    run = scenario.run
    span = Span.of(run.start, run.counted_from, run.until, run.burn_in_months)
    always = within(scenario, scenario.standing if standing is None else standing)
    luck = Luck(run.seed, replication)
    if world is None:
        rep = Replication(city, always, span, luck, run.scale, unlimited)
    else:
        with patch("sim.engine.replication.draw_world", return_value=world):
            rep = Replication(city, always, span, luck, run.scale, unlimited)
    with patch.object(Market, "set_baseline_norms", _no_usual_list) if new_lists else nullcontext():
        rep.prepare(set(range(span.counted, span.end)))
    rep.baseline()
    return Town(scenario, span, always, rep)


_set_baseline_norms = Market.set_baseline_norms


def _no_usual_list(market: Market, *told: Any) -> None:
    """Take the last twelve months for usual, but for the lists."""
    _set_baseline_norms(market, *told)
    told[-1].market.usual.waiting[:] = 0.0


# ---------------------------------------------------------------------------------------------------------
# towns laid out by hand


@dataclass(frozen=True)
class Child:
    """A child as a test lays it out; `keen` is what formal care is worth to it [units of the shock]."""

    born: date
    decides_on: int = 1
    income: float = 10_000.0
    birth_order: int = 1
    keen: float = 100.0


@dataclass(frozen=True)
class House:
    """An institution as a test lays it out; `classes` of infants, toddlers, older toddlers, mixed."""

    fee: tuple[float, float, float] = (2000.0, 2000.0, 2000.0)
    classes: tuple[int, int, int, int] = (1, 1, 1, 0)
    kind: int = 0
    registered: bool = True
    inclusive: bool = True
    vacant: bool = False  # a site kept for policies
    pays_rent: bool = False


def lay_out(facts: CityFacts, children: Sequence[Child], houses: Sequence[House]) -> tuple[World, list[int]]:
    """A world of these children and institutions, all in one place; with the row of each child, in the order given."""
    n, j = len(children), len(houses)
    day = [c.decides_on for c in children]
    order = np.lexsort((np.arange(n), [c.born.toordinal() for c in children], day)).astype(np.int64)
    keen = np.array([c.keen for c in children], np.float32)[order]
    world = World(
        facts=facts,
        luck=Luck(1, 0),
        families=_families([children[row] for row in order], order),
        institutions=_institutions(facts, houses),
        candidate=np.ascontiguousarray(np.repeat(np.arange(j, dtype=np.int16)[None, :], n, axis=0)),
        fixed=np.ascontiguousarray(np.repeat(keen[:, None], j, axis=1)),
        outside=np.zeros(n, np.float32),
    )
    rows = np.empty(n, np.int64)
    rows[order] = np.arange(n)
    return world, [int(r) for r in rows]


def _families(children: Sequence[Child], ident: NDArray[np.int64]) -> Families:
    """The families of children in the order of their days and births; `ident` are their addresses."""
    n = len(children)
    days = np.array([c.decides_on for c in children], np.int64)
    return Families(
        id=ident.astype(np.uint32),
        birth=np.array([c.born.toordinal() for c in children], np.int32),
        slices=np.searchsorted(days, np.arange(1, dates.DECISION_DAYS + 2)).astype(np.int64),
        position=np.zeros((n, 2)),
        income=np.array([c.income for c in children], float),
        median_income=10_000.0,
        quintile=np.zeros(n, np.int8),
        district=np.zeros(n, np.int8),
        birth_order=np.array([c.birth_order for c in children], np.int8),
        sensitivity=np.full(n, 0.001, np.float32),
        taste=np.zeros(n, np.float32),
        grandparent=np.zeros(n, bool),
        foresight=np.zeros(n),
        patience=np.full(n, 0.5),
    )


def _institutions(facts: CityFacts, houses: Sequence[House]) -> Institutions:
    """The institutions of houses that differ in nothing but what a test says of them."""
    j = len(houses)
    return Institutions(
        id=np.arange(j, dtype=np.uint32),
        district=np.zeros(j, np.int8),
        kind=np.array([h.kind for h in houses], np.int8),
        kind_names=tuple(k.name for k in facts.supply.kind),
        position=np.zeros((j, 2)),
        quality=np.zeros(j),
        appeal=np.zeros(j),
        registered=np.array([h.registered for h in houses], bool),
        inclusive=np.array([h.inclusive for h in houses], bool),
        pays_rent=np.array([h.pays_rent for h in houses], bool),
        backed=np.ones(j, bool),
        heads=np.ones(j),
        owner_works=np.zeros(j, bool),
        steers=np.zeros(j, bool),
        responds=np.zeros(j, bool),
        fee=np.array([h.fee for h in houses], float).reshape(j, 3),
        classes=np.array([h.classes for h in houses], np.int32).reshape(j, 4),
        prepaid_months=np.ones(j, np.int64),
        prepaid_refund=np.zeros(j),
        owner=np.arange(j, dtype=np.int32),
        patience=np.full(j, 1e6),
        opens_after=np.array([np.inf if h.vacant else 0.0 for h in houses]),
        service=np.zeros(j, np.int8),
        site=np.arange(j, dtype=np.int32),
        hours_share=np.ones(j),
        class_places=np.tile(np.array(facts.classes.sizes, np.int32), (j, 1)),
        single=np.zeros(j, bool),
        workers_only=np.zeros(j, bool),
        reserved=np.array([h.vacant for h in houses], bool),
    )


# ---------------------------------------------------------------------------------------------------------
# reading records


def waiting_line(state: State, kind: str, offer: int) -> list[int]:
    """Rows of a list of an offer ("waits" outside, "climbs" inside), first first; it must read the same backwards."""
    first = 2 * ("waits", "climbs").index(kind)
    head, tail = (int(state.offers.ends[row, offer]) for row in (first, first + 1))
    before, after = getattr(state.children, f"{kind}_before"), getattr(state.children, f"{kind}_after")
    people, at, last = [], head, NOBODY
    while at != NOBODY:
        assert before[at] == last, "who comes after someone has someone before"
        people.append(at)
        assert len(people) <= len(after), "a list has an end"
        last, at = at, int(after[at])
    assert tail == last
    return people


def total(record: Record, name: str, group: str = "all") -> NDArray[np.int64]:
    """A monthly total of a group."""
    return record.totals[ROW[name], :, record.groups.index(group)]


def own_claims(record: Record) -> NDArray[np.int64]:
    """Claims of the policy's own instruments by month [fen]."""
    return record.claims[:, record.own]


def billed(record: Record) -> NDArray[np.int64]:
    """Institution at which each child was billed in each month, int64 (months, children), -1 for none."""
    out = np.full((record.months(), record.children), NOBODY, np.int64)
    stays = record.stays
    for child, at, first, last in zip(stays["child"], stays["at"], stays["first"], stays["last"], strict=True):
        assert (out[max(int(first), 0) : int(last) + 1, child] == NOBODY).all(), "one bill a child-month"
        out[max(int(first), 0) : int(last) + 1, child] = at
    return out


def band_when_deciding(world: World, month: int) -> NDArray[np.int64]:
    """Each child's band on its decision day of an absolute month: 0 to 2, or -1 where it cannot be enrolled."""
    out = np.full(len(world.families), NOBODY, np.int64)
    for d in range(1, dates.DECISION_DAYS + 1):
        rows = slice(int(world.families.slices[d - 1]), int(world.families.slices[d]))
        day, birth = dates.date_in(month, d), world.families.birth[rows]
        band = sum((birth <= dates.months_before(day, months)).astype(np.int64) for months in dates.BAND_FROM_MONTHS)
        out[rows] = np.where(birth > dates.school_year_cut(day), band - 1, NOBODY)
    return out


def differences(one: Record, other: Record, until: int | None = None, but: frozenset[str] = frozenset()) -> list[str]:
    """Names of the fields, but some, in which two records differ in their months before `until`.

    Of what belongs to instruments only the part both have is compared: the standing ones and their tranches.
    """
    both = min(int((~one.own).sum()), int((~other.own).sum()))
    tiers = min(one.tranche.shape[2], other.tranche.shape[2])
    end = one.months() if until is None else until

    def part(record: Record, name: str) -> Any:
        value = getattr(record, name)
        if name in ("totals", "city"):
            return value[:, :end]
        if name == "tranche":
            return value[:, :end, :tiers]
        if name in ("claims", "turned_away"):
            return value[:end, :both]
        if name in ("fee", "offer_enrolled", "offer_open", "unaided"):
            return value[:end]
        if name == "own":
            return value[:both]
        if name == "budgets":
            return value[:, :both]
        if name in ("instrument_kinds", "instrument_tiers"):
            return value[:both]
        if name in ("lots", "lot_entries"):
            return None  # of a policy's own
        return value

    whole = {"stays", "former", "concentration"} | {
        f.name for f in fields(Record) if f.name.startswith(("stay_", "bill_", "claim_"))
    }
    skipped = but | (whole if until is not None else frozenset())
    return [
        f.name for f in fields(Record) if f.name not in skipped and not _same(part(one, f.name), part(other, f.name))
    ]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)


__all__ = [
    "BANDS", "HAMLET", "MIXED", "NOBODY", "PLAIN_LOGIT", "SETTLED", "Child", "House", "Town", "band_when_deciding",
    "billed", "differences", "instrument", "lay_out", "own_claims", "replace", "settle", "total", "waiting_line",
    "within",
]  # fmt: skip
