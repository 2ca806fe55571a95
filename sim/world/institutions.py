"""Institutions: kinds, classes, fees and costs as columns, and how they are drawn."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Annotated, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtri

from sim.dates import MIXED, YEAR
from sim.draws import Luck
from sim.params import ByName, Facts, Misfit, Name, Rows, by_name, fraction, number
from sim.world.districts import DistrictFacts, apportion, positions, weights

BANDS = 3
SEATS = 4  # class types: infant, toddler, older toddler, mixed
FULL_DAY, HALF_DAY, HOURLY = range(3)
SERVICES = ("full_day", "half_day", "hourly")
PARTS_OF_A_PLACE = (
    60  # in which full-time equivalents are counted: every number of children a place may serve divides it
)

_SERVICE_SHOCK = np.uint32(1 << 31)  # no district reaches this bit
_Number = TypeVar("_Number", np.int64, np.int32, np.float64)
_Heads = Annotated[int, Field(ge=1, le=1000)]  # children in a class, or to a carer


class ClassFacts(Facts):
    """Legal class sizes and carer ratios, and what a class costs to build and to run."""

    sizes: Rows[_Heads] = Field(
        min_length=4, max_length=4, description="children in an infant, toddler, older toddler, mixed class"
    )
    per_carer: Rows[_Heads] = Field(min_length=4, max_length=4, description="children per carer in each")
    fit_out_yuan: float = number("yuan per place", "fitting out a new place")
    fit_out_years: float = number(
        "years", "over which a fit-out wears out", default=10.0, low=5, high=15, at_least=1, at_most=50
    )
    building_months: int = number(
        "months", "from the decision to open a class to its first child", at_least=1, at_most=60
    )


class CostFacts(Facts):
    """What running an institution costs."""

    carer_wage: float = number("yuan a month", "gross wage of a carer")
    wage_charges: float = fraction("employer's social charges as a share of the wage")
    head_wage: float = number("yuan a month", "gross wage of the head of an institution")
    rent_per_place: float = number("yuan a month", "rent per place where rent is due")
    utilities_per_place: float = number("yuan a month", "power, water, gas and heat per place")
    food_per_child: float = number("yuan a month", "food and materials per enrolled child")


class ServiceFacts(Facts):
    """A service beside the full day, with rooms of its own at the institutions of a kind."""

    name: Literal["half_day", "hourly"] = Field(description="half_day or hourly")
    share: float = fraction("share of the kind's classes that are given to it")
    fee_share: float = number("share", "of the full-day fee that it costs at first", at_least=0.01, at_most=1)
    children_per_place: int = number("children", "who share a place, one after another", at_least=2, at_most=6)


class KindFacts(Facts):
    """One kind of provider."""

    name: Name = Field(description="private, public, kindergarten, employer, community or home")
    share: float = fraction("share of institutions")
    mean_places: float = number("places", "mean size", at_least=1, at_most=5000)
    size_sd: float = number("log units", "dispersion of sizes", at_most=2)
    class_shares: Rows[float] = Field(
        min_length=4, max_length=4, description="share of places in infant, toddler, older toddler, mixed classes"
    )
    fees: Rows[Annotated[float, Field(ge=0, le=1_000_000)]] = Field(
        min_length=3, max_length=3, description="mean posted full-day fee by band [yuan a month]"
    )
    fee_sd: float = number("log units", "dispersion of fees within the kind", at_most=1)
    appeal_yuan: float = number(
        "yuan a month",
        "what families find in the kind beyond quality, fee and distance",
        default=0.0,
        at_least=-10_000,
        at_most=10_000,
    )
    inclusive_weight: float = number("1", "odds of being recognised as inclusive, relative to other kinds")
    registered_share: float = fraction("share that is registered with the health commission")
    pays_rent: bool = Field(description="whether rent is due")
    fee_rule: Literal["fixed", "utilisation", "best_response"] = Field(
        description="fixed: guided or unmoved; utilisation: steers to its own usual occupancy; best_response: the fee "
        "that earns most, given the others'",
    )
    chain: int = number("institutions", "that one owner runs, and prices together", default=1, at_least=1, at_most=64)
    backed: bool = Field(
        default=False,
        description="whether a parent (a public body, a kindergarten, an employer) covers losses for good",
    )
    prepaid_months: int = number(
        "months", "of fees that families pay at once, in advance", default=1, at_least=1, at_most=24
    )
    heads: float = number(
        "posts", "of a head: less than one where a kindergarten's or a chain's head sees to it", default=1.0, at_most=10
    )
    owner_works: bool = Field(
        default=False, description="whether the owner is the head and is paid by what is left over, not by a wage"
    )

    services: Rows[ServiceFacts] = Field(default=(), max_length=2, description="beside the full day")
    workers_only: bool = Field(
        default=False, description="whether only families of whom a parent works for the employer may come"
    )
    children_limit: int = number(
        "children",
        "at most, in the only class that an institution of the kind may have; 0 for classes of the legal size",
        default=0,
        at_most=1000,
    )

    @model_validator(mode="after")
    def _lists(self) -> "KindFacts":
        """Class shares sum to one; services differ and leave the full day its part; a limit is kept to."""
        wrong: list[tuple[tuple[str | int, ...], str]] = []
        if min(self.class_shares) < 0 or abs(sum(self.class_shares) - 1) > 1e-6:
            wrong.append((("class_shares",), "shares of at least 0 that sum to 1"))
        names = [s.name for s in self.services]
        if len(set(names)) < len(names):
            wrong.append((("services",), "each of them once"))
        if sum(s.share for s in self.services) > 1 + 1e-9:
            wrong.append((("services",), "shares that sum to at most 1"))
        if self.children_limit and self.mean_places > self.children_limit:
            wrong.append((("mean_places",), f"at most the kind's children_limit, {self.children_limit}"))
        if self.children_limit and self.services:
            wrong.append((("services",), "none where children_limit leaves room for one class"))
        if wrong:
            raise Misfit(*wrong)
        return self


class SupplyFacts(Facts):
    """The city's institutions."""

    institutions: int = number("institutions", "institutions at the start", at_most=30_000)
    places: int = number("places", "places at the start", at_most=3_000_000)
    inclusive_share: float = fraction("share of places in inclusive institutions")
    scheme_cost: float = number(
        "yuan a year",
        "what a year must gain for an institution to join the inclusive scheme, or to leave it",
        default=5000.0,
        low=0,
        high=50_000,
    )
    inclusive_discount: float = fraction("how far the fees of an inclusive institution stand below its kind's")
    quality_fee: float = number("log units", "how much higher the fee is per standard deviation of quality", at_most=1)
    kind: Rows[KindFacts] = Field(min_length=1, max_length=12, description="the kinds of provider")
    review_months: int = number("months", "between two fee reviews of an institution", at_least=1, at_most=60)
    fee_step: float = fraction("utilisation: the change of a fee at one review")
    fee_adjustment: float = fraction(
        "best_response: share of the way to the best fee that one review goes", default=0.5, low=0.2, high=1.0
    )
    fee_limit: float = fraction("best_response: largest change of a fee at one review", default=0.1, low=0.05, high=0.2)
    menu_cost: float = number(
        "yuan", "best_response: what a year must gain for fees to be changed", default=1000.0, low=0, high=10_000
    )
    infer_costs: bool = Field(
        default=True,
        description="best_response: whether what a usual fee says of its owner's costs beyond those listed is believed",
    )
    dead_band: float = fraction("how far occupancy may stray from its own usual before the fee moves")
    payback_years: float = number(
        "years", "within which a new class must earn back its fit-out", at_least=0.1, at_most=30
    )
    closing_share: float = fraction("yearly share of owners who give up a class that stood empty for twelve months")
    patience_months: float = number(
        "months", "median time for which an owner covers losses in cash", default=24.0, low=6, high=60, at_least=1
    )
    patience_sd: float = number("log units", "dispersion of patience", default=0.7, low=0.3, high=1.2, at_most=3)
    arrears_months: float = number(
        "months", "before it gives up, for which an owner owes wages", default=3.5, low=0, high=6, at_most=60
    )
    later_sites: int = number("institutions", "sites that may open later", default=0, at_most=30_000)
    planned_per_year: float = number("institutions a year", "of which planned to open, from the start on", default=0.0)
    reserved_sites: ByName[Annotated[int, Field(ge=0, le=10_000)]] = by_name(
        "institutions", "sites of each kind that stay empty until a policy opens them"
    )
    optimism: float = number(
        "1",
        "demand that who considers opening expects, as a multiple of what is there",
        default=1.0,
        low=1.0,
        high=1.5,
        at_least=0.01,
        at_most=10,
    )

    @model_validator(mode="after")
    def _kinds(self) -> "SupplyFacts":
        """Kinds have different names and shares that sum to one."""
        names = [k.name for k in self.kind]
        again = [n for n, name in enumerate(names) if name in names[:n]]
        if again:
            raise Misfit(*((("kind", n, "name"), "names that differ") for n in again))
        if abs(sum(k.share for k in self.kind) - 1) > 1e-6:
            raise Misfit((("kind",), f"kinds whose shares sum to 1, not {sum(k.share for k in self.kind):.6g}"))
        if not any(k.share > 0 and not k.workers_only for k in self.kind):
            raise Misfit((("kind",), "at least one with a share that is open to all families"))
        unknown = [name for name in self.reserved_sites if name not in names]
        if unknown:
            raise Misfit(*((("reserved_sites", name), f"one of {', '.join(names)}") for name in unknown))
        return self


@dataclass(frozen=True)
class Institutions:
    """Columns of all institutions, those that may open later too; axis 0 is the institution's service.

    Most have one row. A half-day or hourly service is a row of its own after all full-day ones: its institution's in
    all but classes, fee and hours.

    id : uint32  stable address: district, kind, service and ordinal; district, kind : int8
    site : int32  full-day row of the same institution, the row itself where it is one; service : int8
    hours_share : float64  part of a place that one child takes
    class_places : int32 (n, 4)  places of a class of each type
    single : bool  whether it may have one class only; workers_only : bool
    position : float64 (n, 2) [km]; quality : float64 [standard deviations]
    appeal : float64  of its kind [yuan a month]
    registered, inclusive, pays_rent, backed, owner_works : bool
    steers, responds : bool  (the fee follows occupancy; is the best response to the others')
    fee : float64 (n, 3)  posted full-day fee by band [yuan a month]
    classes : int32 (n, 4)  number of infant, toddler, older toddler, mixed classes, when it opens
    heads : float64  posts of a head; prepaid_months : int64  of fees paid at once
    owner : int32  number of its owner; patience : float64  for which losses are covered [months]
    opens_after : float64  months from the scenario's start after which it is planned to open; 0 if it runs already,
        inf if nobody plans it
    reserved : bool  a site that stays empty until a policy opens it
    """

    id: NDArray[np.uint32]
    district: NDArray[np.int8]
    kind: NDArray[np.int8]
    kind_names: tuple[str, ...]
    position: NDArray[np.float64]
    quality: NDArray[np.float64]
    appeal: NDArray[np.float64]
    registered: NDArray[np.bool_]
    inclusive: NDArray[np.bool_]
    pays_rent: NDArray[np.bool_]
    backed: NDArray[np.bool_]
    heads: NDArray[np.float64]
    owner_works: NDArray[np.bool_]
    steers: NDArray[np.bool_]
    responds: NDArray[np.bool_]
    fee: NDArray[np.float64]
    classes: NDArray[np.int32]
    prepaid_months: NDArray[np.int64]
    owner: NDArray[np.int32]
    patience: NDArray[np.float64]
    opens_after: NDArray[np.float64]
    service: NDArray[np.int8]
    site: NDArray[np.int32]
    hours_share: NDArray[np.float64]
    class_places: NDArray[np.int32]
    single: NDArray[np.bool_]
    workers_only: NDArray[np.bool_]
    reserved: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.id)

    @cached_property
    def full_day(self) -> NDArray[np.bool_]:
        """Which rows are an institution's first, bool (n,): as many as there are institutions."""
        return np.asarray(self.service == FULL_DAY)

    @cached_property
    def several(self) -> bool:
        """Whether any institution has a second service."""
        return not bool(self.full_day.all())

    @cached_property
    def class_seats(self) -> NDArray[np.int32]:
        """Children that a class of each type holds, int32 (n, 4): more than places where they share these."""
        return np.rint(self.class_places / self.hours_share[:, None]).astype(np.int32)

    @cached_property
    def seats(self) -> NDArray[np.int32]:
        """Seats by class type with which each opens, int32 (n, 4)."""
        return self.classes * self.class_seats

    @cached_property
    def address(self) -> NDArray[np.uint32]:
        """Address of the institution that a row belongs to, uint32 (n,)."""
        return self.id[self.site]

    @cached_property
    def own_address(self) -> NDArray[np.uint32]:
        """Address of a service among its institution's, uint32 (n,), 0 where it is the only one; (0,) if all are."""
        if not self.several:
            return np.zeros(0, np.uint32)
        has_more = np.bincount(self.site, minlength=len(self))[self.site] > 1
        return np.where(has_more, self.id | _SERVICE_SHOCK, np.uint32(0)).astype(np.uint32)

    def pooled(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """Sum over the services of each row's institution, (n,), from values by row."""
        if not self.several:
            return values
        out = np.zeros_like(values)
        np.add.at(out, self.site, values)
        return out[self.site]

    @property
    def stands(self) -> NDArray[np.bool_]:
        """Which of them run at the start, bool (n,)."""
        return np.asarray(self.opens_after == 0)

    def within(self, km: float, of: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of those within a distance of any of some rows, themselves among them, int64."""
        apart = np.hypot(*(self.position[:, None, :] - self.position[None, of, :]).transpose(2, 0, 1))
        return np.flatnonzero((apart <= km).any(axis=1))


def bands_served(places: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which bands an institution's classes admit, bool (n, 3): a mixed class admits from 18 months.

    places : int32 (n, 4)
    """
    mixed = places[:, MIXED] > 0
    return np.stack([places[:, 0] > 0, (places[:, 1] > 0) | mixed, (places[:, 2] > 0) | mixed], axis=1)


def _spread_classes(size: NDArray[np.float64], totals: NDArray[np.int64], start: float) -> NDArray[np.int32]:
    """Deal whole classes to institutions in proportion to size; everyone gets at least one if there are enough.

    size : float64 (n,); totals : int64 (4,)  classes of each type
    start : uniform in (0, 1), where the systematic sample begins
    """
    n = len(size)
    classes = np.zeros((n, SEATS), np.int32)
    if n == 0 or totals.sum() == 0:
        return classes
    # one line of all classes, types interleaved evenly, cut into consecutive runs proportional to size:
    # neighbours on the line are of different types, so that each institution's mix is near its kind's
    where = np.concatenate([(np.arange(t) + 0.5) / max(t, 1) for t in totals])
    kind = np.repeat(np.arange(SEATS), totals)[np.argsort(where, kind="stable")]
    first = min(n, len(kind))
    share_of = apportion(size, len(kind) - first)
    share_of[np.argsort(-size, kind="stable")[:first]] += 1
    line = np.roll(np.repeat(np.arange(n), share_of), int(start * len(kind)))
    np.add.at(classes, (line, kind), 1)
    return classes


def standing_by_kind(facts: SupplyFacts, scale: float) -> NDArray[np.int64]:
    """How many institutions there are of each kind at the start, int64 (kinds,)."""
    return apportion(np.array([k.share for k in facts.kind]), round(facts.institutions * scale))


def _later_by_kind(facts: SupplyFacts, scale: float) -> NDArray[np.int64]:
    """How many sites of each kind may open later."""
    return apportion(np.array([k.share for k in facts.kind]), round(facts.later_sites * scale))


def reserved_by_kind(facts: SupplyFacts, scale: float) -> NDArray[np.int64]:
    """How many sites of each kind are kept for policies, int64 (kinds,): rounded up, so that none is lost to thinning.

    A product that is whole but for the last digit is whole: 0.07 of 100 sites are 7.
    """
    kept = np.array([facts.reserved_sites.get(k.name, 0) for k in facts.kind]) * scale
    return np.ceil(np.round(kept, 9)).astype(np.int64)


def planned_classes(
    facts: SupplyFacts, classes: ClassFacts, scale: float, of: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """How many classes of each type a kind has in all, int64 (kinds, 4): its share of the city's places.

    of : numbers by kind of sites that open later, with classes as those that stand; without it those that stand
    """
    by_kind, mean_size = standing_by_kind(facts, scale), np.array([k.mean_places for k in facts.kind])
    number_of = by_kind if of is None else of
    target = number_of * mean_size
    nominal = float((by_kind * mean_size).sum())
    target = target * (facts.places * scale / nominal if nominal > 0 else 1.0)  # so that the city's places come out
    shares = np.array([k.class_shares for k in facts.kind])
    planned = np.asarray(np.rint(target[:, None] * shares / np.array(classes.sizes)), np.int64)
    for k, about in enumerate(facts.kind):
        if about.children_limit:  # one class each
            planned[k] = apportion(shares[k], int(number_of[k]))
    return planned


def draw_institutions(
    facts: SupplyFacts, classes: ClassFacts, districts: tuple[DistrictFacts, ...], luck: Luck, scale: float
) -> Institutions:
    """Draw the institutions open at the start, then those that may open later, then those kept for policies.

    Numbers by kind and district follow their shares by largest remainder; the classes of a kind
    add to its share of the city's places as nearly as whole classes allow.
    """
    later_by_kind, kept_by_kind = _later_by_kind(facts, scale), reserved_by_kind(facts, scale)
    now, later, kept = (
        cells(by_kind, districts) for by_kind in (standing_by_kind(facts, scale), later_by_kind, kept_by_kind)
    )
    # an ordinal within kind and district is an address: those that come later follow those that stand
    kind, district, ordinal = (
        np.concatenate(parts)
        for parts in zip(_spread(now, 0), _spread(later, now), _spread(kept, now + later), strict=True)
    )
    n, standing = len(kind), int(now.sum())
    listed = standing + int(later.sum())
    ident = ((district << 24) | (kind << 16) | ordinal).astype(np.uint32)

    site, trait, owner = (luck.uniforms(name, ident) for name in ("site", "institution", "owner"))
    counts = np.zeros((n, SEATS), np.int32)
    for first, last, totals_of, stream in (
        (0, standing, planned_classes(facts, classes, scale), "classes"),
        (standing, listed, planned_classes(facts, classes, scale, later_by_kind), "later classes"),
        (listed, n, planned_classes(facts, classes, scale, kept_by_kind), "reserved classes"),
    ):
        for k, (about, totals) in enumerate(zip(facts.kind, totals_of, strict=True)):
            mine = first + np.flatnonzero(kind[first:last] == k)
            size = np.exp(about.size_sd * ndtri(trait[mine, 0]))
            start = float(luck.uniforms(stream, np.array([k], np.uint32))[0, 0])
            counts[mine] = _spread_classes(size, totals, start)

    quality = ndtri(trait[:, 1])
    limits = np.array([k.children_limit or max(classes.sizes) for k in facts.kind])
    class_places = np.minimum(np.array(classes.sizes), limits[:, None])[kind]
    inclusive = _inclusive(facts, kind, trait[:, 2], (counts * class_places).sum(axis=1), standing)
    sd = np.array([k.fee_sd for k in facts.kind])[kind]
    centred = -(sd**2 + facts.quality_fee**2) / 2  # so that the kind's mean fee is the mean of its draws
    level = np.exp(sd * ndtri(site[:, 2]) + facts.quality_fee * quality + centred) * np.where(
        inclusive, 1 - facts.inclusive_discount, 1
    )

    def of_kind(name: str) -> NDArray[np.bool_]:
        return np.asarray(np.array([bool(getattr(k, name)) for k in facts.kind])[kind])

    def has_rule(rule: str) -> NDArray[np.bool_]:
        return np.asarray(np.array([k.fee_rule == rule for k in facts.kind])[kind])

    planned = facts.planned_per_year > 0
    years = facts.later_sites / facts.planned_per_year if planned else np.inf
    rows = Institutions(
        id=ident,
        district=district.astype(np.int8),
        kind=kind.astype(np.int8),
        kind_names=tuple(k.name for k in facts.kind),
        position=positions(districts, district.astype(np.int8), site[:, :2], scale),
        quality=quality,
        appeal=np.array([k.appeal_yuan for k in facts.kind])[kind],
        registered=site[:, 3] < np.array([k.registered_share for k in facts.kind])[kind],
        inclusive=inclusive,
        pays_rent=of_kind("pays_rent"),
        backed=of_kind("backed"),
        heads=np.array([k.heads for k in facts.kind])[kind],
        owner_works=of_kind("owner_works"),
        steers=has_rule("utilisation"),
        responds=has_rule("best_response"),
        fee=np.array([k.fees for k in facts.kind])[kind].reshape(n, BANDS) * level[:, None],
        classes=counts,
        prepaid_months=np.array([k.prepaid_months for k in facts.kind])[kind],
        owner=_owners(kind, district, ordinal, np.array([k.chain for k in facts.kind])),
        patience=facts.patience_months * np.exp(facts.patience_sd * ndtri(owner[:, 0])),
        opens_after=np.where(
            np.arange(n) < standing,
            0.0,
            np.where(np.arange(n) < listed, owner[:, 1] * YEAR * years if planned else np.inf, np.inf),
        ),
        service=np.zeros(n, np.int8),
        site=np.arange(n, dtype=np.int32),
        hours_share=np.ones(n),
        class_places=class_places.astype(np.int32),
        single=np.array([k.children_limit > 0 for k in facts.kind])[kind],
        workers_only=of_kind("workers_only"),
        reserved=np.arange(n) >= listed,
    )
    return _with_services(rows, facts, luck)


_GOLDEN = (np.sqrt(5) - 1) / 2  # its multiples, less the whole, spread evenly wherever one stops


def _with_services(rows: Institutions, facts: SupplyFacts, luck: Luck) -> Institutions:
    """Append a row for each service beside the full day, with the classes given to it.

    Which classes these are follows no draw of an institution, so a kind's shares come out in any part of it.
    """
    n, offered = len(rows), sum(s.share > 0 for k in facts.kind for s in k.services)
    if n == 0 or offered == 0:
        return rows
    given = np.zeros((len(SERVICES), n, SEATS), np.int32)
    shares, fees, hours = np.zeros((3, len(facts.kind), len(SERVICES)))
    for k, about in enumerate(facts.kind):
        for s in about.services:
            at = k, SERVICES.index(s.name)
            shares[at], fees[at], hours[at] = s.share, s.fee_share, 1 / s.children_per_place
        start = luck.uniforms("services", np.array([k], np.uint32))[0]
        upto = np.cumsum(shares[k, 1:])
        mine = np.flatnonzero(rows.kind == k)
        for seat in range(SEATS):
            line = np.repeat(mine, rows.classes[mine, seat])
            point = (np.arange(len(line)) * _GOLDEN + start[seat]) % 1
            to = 1 + np.searchsorted(upto, point, side="right")
            for which in (HALF_DAY, HOURLY):
                np.add.at(given[which, :, seat], line[to == which], 1)
    service, site = np.nonzero(given[1:].any(axis=2))
    service += 1
    order = np.concatenate([np.arange(n), site])
    every = replace(
        rows,
        **{f.name: getattr(rows, f.name)[order] for f in fields(rows) if f.name != "kind_names"},
    )
    kind = rows.kind[site]
    every.id[n:] |= (service << 20).astype(np.uint32)
    every.service[n:], every.hours_share[n:] = service, hours[kind, service]
    every.classes[:n] -= given.sum(axis=0)
    every.classes[n:] = given[service, site]
    every.fee[n:] *= fees[kind, service][:, None]
    every.heads[n:] = 0  # the institution's head sees to all its services
    return every


def cells(by_kind: NDArray[np.int64], districts: tuple[DistrictFacts, ...]) -> NDArray[np.int64]:
    """Institutions by kind and district, int64 (kinds, districts), from those by kind."""
    return np.stack([apportion(weights(districts), int(m)) for m in by_kind])


def _spread(cells: NDArray[np.int64], first: NDArray[np.int64] | int) -> tuple[NDArray[np.int64], ...]:
    """Kind, district and ordinal of each institution, int64 (n,); ordinals begin at `first` in each cell."""
    number_of, begin = cells.ravel(), np.broadcast_to(first, cells.shape).ravel()
    cell = np.repeat(np.arange(cells.size), number_of)
    ordinal = np.arange(len(cell)) - np.repeat(np.cumsum(number_of) - number_of, number_of) + begin[cell]
    return cell // cells.shape[1], cell % cells.shape[1], ordinal


def _owners(
    kind: NDArray[np.int64], district: NDArray[np.int64], ordinal: NDArray[np.int64], chain: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Number of each institution's owner, int32 (n,): a chain is so many of a kind, side by side, in a district."""
    whose = np.stack([kind, district, ordinal // chain[kind]])
    return np.unique(whose, axis=1, return_inverse=True)[1].astype(np.int32)


def _inclusive(
    facts: SupplyFacts, kind: NDArray[np.int64], draw: NDArray[np.float64], places: NDArray[np.int64], standing: int
) -> NDArray[np.bool_]:
    """Who is recognised as inclusive, bool (n,): drawn by the kinds' weights until the share of places is full.

    Those that open later stand where the drawn order would have put them.
    """
    odds = np.array([k.inclusive_weight for k in facts.kind])[kind]
    key = np.where(odds > 0, -np.log(draw) / np.maximum(odds, 1e-300), np.inf)
    rank = np.argsort(key[:standing], kind="stable")
    inclusive = np.zeros(len(kind), bool)
    inclusive[rank] = np.cumsum(places[rank]) <= facts.inclusive_share * places[:standing].sum()
    last = key[:standing][inclusive[:standing]].max(initial=-np.inf)
    inclusive[standing:] = key[standing:] <= last
    return inclusive & (odds > 0)
