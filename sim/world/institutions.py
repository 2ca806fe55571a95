"""Institutions: classes, fees and traits as columns, and their draw from the city's supply."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.dates import MIXED, MIXED_SHARES, YEAR
from sim.draws import Luck
from sim.world.districts import DistrictFacts, apportion, positions
from sim.world.supply import (
    ClassFacts,
    SupplyFacts,
    cells,
    later_by_kind,
    planned_classes,
    reserved_by_kind,
    standing_by_kind,
)

BANDS = 3
SEATS = 4  # class types: infant, toddler, older toddler, mixed
FULL_DAY, HALF_DAY, HOURLY = range(3)
SERVICES = ("full_day", "half_day", "hourly")
PARTS_OF_A_PLACE = (
    60  # unit of full-time equivalents, divisible by any number of children per place, which is at most six
)

_SERVICE_SHOCK = np.uint32(1 << 31)  # no district reaches this bit
_Number = TypeVar("_Number", np.int64, np.int32, np.float64)


@dataclass(frozen=True)
class Institutions:
    """Columns of all institutions, including possible entrants; axis 0 is the institution's service, J rows.

    Most institutions have one row. Each half-day or hourly service adds a row after all full-day ones; it shares its
    institution's traits except classes, fee and hours.

    id : uint32  stable address: district, kind, service and ordinal; district, kind : int8
    site : int32  full-day row of the same institution (itself for a full-day row); service : int8
    hours_share : float64  fraction of a place used by one child
    class_places : int32 (J, 4)  places of a class of each type
    single : bool  limited to one class; workers_only : bool  open to an employer's households only
    position : float64 (J, 2) [km]; quality : float64 [standard deviations]
    appeal : float64  of its kind [yuan a month]
    registered, inclusive, pays_rent, backed, owner_works : bool
    steers, responds : bool  the fee follows occupancy; the fee is the best response to the others'
    fee : float64 (J, 3)  posted full-day fee by band [yuan a month]
    classes : int32 (J, 4)  number of infant, toddler, older toddler, mixed classes at opening
    heads : float64  posts of a head; prepaid_months : int64  months of fees due in advance; prepaid_refund :
        float64  share of unused prepaid fees refunded on leaving early
    owner : int32  owner's number; patience : float64  months for which the owner covers losses
    opens_after : float64  months from the scenario's start to the planned opening; 0 if it runs already, inf if
        unplanned
    reserved : bool  vacant until a policy opens it
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
    prepaid_refund: NDArray[np.float64]
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
        """Mark full-day rows, bool (J,): one for each institution."""
        return np.asarray(self.service == FULL_DAY)

    @cached_property
    def several(self) -> bool:
        """True if any institution has a second service."""
        return not bool(self.full_day.all())

    @cached_property
    def class_seats(self) -> NDArray[np.int32]:
        """Return children per class of each type, int32 (J, 4); more than its places if children share them."""
        return np.rint(self.class_places / self.hours_share[:, None]).astype(np.int32)

    @cached_property
    def seats(self) -> NDArray[np.int32]:
        """Return seats by class type at opening, int32 (J, 4)."""
        return self.classes * self.class_seats

    @cached_property
    def address(self) -> NDArray[np.uint32]:
        """Return the address of each row's institution, uint32 (J,)."""
        return self.id[self.site]

    @cached_property
    def own_address(self) -> NDArray[np.uint32]:
        """Return each service's own address, uint32 (J,), 0 if its institution has one only; (0,) if all have."""
        if not self.several:
            return np.zeros(0, np.uint32)
        has_more = np.bincount(self.site, minlength=len(self))[self.site] > 1
        return np.where(has_more, self.id | _SERVICE_SHOCK, np.uint32(0)).astype(np.uint32)

    def by_turn(self, months: int) -> list[NDArray[np.int64]]:
        """Return rows by turn: one array for each of so many months, assigned by address, with all services."""
        return [np.flatnonzero(self.address % np.uint32(months) == month) for month in range(months)]

    def pooled(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """Sum values by row over the services of each row's institution, (J,)."""
        if not self.several:
            return values
        out = np.zeros_like(values)
        np.add.at(out, self.site, values)
        return out[self.site]

    @property
    def stands(self) -> NDArray[np.bool_]:
        """Mark institutions running at the start, bool (J,)."""
        return np.asarray(self.opens_after == 0)

    def how_many(self, rows: NDArray[np.int64]) -> int:
        """Count institutions among rows, each once, whatever its services."""
        return int(self.full_day[rows].sum())

    def within(self, km: float, of: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return rows within a distance of any of some rows, these included, int64."""
        apart = np.hypot(*(self.position[:, None, :] - self.position[None, of, :]).transpose(2, 0, 1))
        return np.flatnonzero((apart <= km).any(axis=1))


def bands_served(places: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the bands admitted by an institution's classes, bool (J, 3): a mixed class admits from 18 months.

    places : int32 (J, 4)
    """
    mixed = places[:, MIXED] > 0
    return np.stack([places[:, 0] > 0, (places[:, 1] > 0) | mixed, (places[:, 2] > 0) | mixed], axis=1)


def _spread_classes(size: NDArray[np.float64], totals: NDArray[np.int64], start: float) -> NDArray[np.int32]:
    """Deal whole classes to m institutions in proportion to size, int32 (m, 4); each gets one if there are enough.

    size : float64 (m,); totals : int64 (4,)  classes of each type
    start : uniform in (0, 1), the start of the systematic sample
    """
    n = len(size)
    classes = np.zeros((n, SEATS), np.int32)
    if n == 0 or totals.sum() == 0:
        return classes
    # one line of all classes, types interleaved evenly, cut into consecutive runs proportional to size: neighbours on
    # the line differ in type, so each institution's mix is close to its kind's
    where = np.concatenate([(np.arange(t) + 0.5) / max(t, 1) for t in totals])
    kind = np.repeat(np.arange(SEATS), totals)[np.argsort(where, kind="stable")]
    first = min(n, len(kind))
    share_of = apportion(size, len(kind) - first)
    share_of[np.argsort(-size, kind="stable")[:first]] += 1
    line = np.roll(np.repeat(np.arange(n), share_of), int(start * len(kind)))
    np.add.at(classes, (line, kind), 1)
    return classes


def draw_institutions(
    facts: SupplyFacts, classes: ClassFacts, districts: tuple[DistrictFacts, ...], luck: Luck, scale: float
) -> Institutions:
    """Draw the institutions open at the start, then later entrants' sites, then sites reserved for policies.

    Numbers by kind and district follow their shares by largest remainder; the classes of a kind add up to its share of
    the city's places as nearly as whole classes allow.
    """
    sites = _sites(facts, districts, scale)
    kind, district, n = sites.kind, sites.district.astype(np.int8), len(sites.kind)
    site, trait, owner = (luck.uniforms(name, sites.address) for name in ("site", "institution", "owner"))
    counts = _classes(facts, classes, sites, trait[:, 0], luck, scale)
    quality = ndtri(trait[:, 1])
    limits = np.array([k.children_limit or max(classes.sizes) for k in facts.kind])
    class_places = np.minimum(np.array(classes.sizes), limits[:, None])[kind]
    places = (counts * class_places).sum(axis=1)
    inclusive = _inclusive(facts, kind, trait[:, 2], places, sites.standing)
    rules = _of_kind(facts, kind, "fee_rule")
    rows = Institutions(
        id=sites.address,
        district=district,
        kind=kind.astype(np.int8),
        kind_names=tuple(k.name for k in facts.kind),
        position=positions(districts, district, site[:, :2], scale),
        quality=quality,
        appeal=_of_kind(facts, kind, "appeal_yuan"),
        registered=site[:, 3] < _of_kind(facts, kind, "registered_share"),
        inclusive=inclusive,
        pays_rent=_of_kind(facts, kind, "pays_rent"),
        backed=_of_kind(facts, kind, "backed"),
        heads=_of_kind(facts, kind, "heads"),
        owner_works=_of_kind(facts, kind, "owner_works"),
        steers=rules == "utilisation",
        responds=rules == "best_response",
        fee=_fees(facts, kind, site[:, 2], quality, inclusive),
        classes=counts,
        prepaid_months=_of_kind(facts, kind, "prepaid_months"),
        prepaid_refund=_of_kind(facts, kind, "prepaid_refund"),
        owner=_owners(sites, _of_kind(facts, kind, "chain")),
        patience=facts.patience_months * np.exp(facts.patience_sd * ndtri(owner[:, 0])),
        opens_after=_openings(facts, sites, owner[:, 1]),
        service=np.zeros(n, np.int8),
        site=np.arange(n, dtype=np.int32),
        hours_share=np.ones(n),
        class_places=class_places.astype(np.int32),
        single=_of_kind(facts, kind, "children_limit") > 0,
        workers_only=_of_kind(facts, kind, "workers_only"),
        reserved=np.arange(n) >= sites.listed,
    )
    return _at_mean_fee(_with_services(rows, facts, luck), facts.mean_fee)


def _of_kind(facts: SupplyFacts, kind: NDArray[np.int64], name: str) -> NDArray[Any]:
    """Return a fact of each institution's kind, (J,)."""
    return np.asarray(np.array([getattr(k, name) for k in facts.kind])[kind])


@dataclass(frozen=True)
class _Sites:
    """Sites: institutions open at the start, then later entrants' sites, then sites reserved for policies.

    kind, district, ordinal : int64 (J,)  the ordinal counts within kind and district
    standing, listed : end rows of the first and of the second group
    """

    kind: NDArray[np.int64]
    district: NDArray[np.int64]
    ordinal: NDArray[np.int64]
    standing: int
    listed: int

    @cached_property
    def address(self) -> NDArray[np.uint32]:
        """Return the stable address of each site, uint32 (J,)."""
        return ((self.district << 24) | (self.kind << 16) | self.ordinal).astype(np.uint32)


def _sites(facts: SupplyFacts, districts: tuple[DistrictFacts, ...], scale: float) -> _Sites:
    """Return all sites; ordinals run on from one group to the next."""
    by_kind = (standing_by_kind(facts, scale), later_by_kind(facts, scale), reserved_by_kind(facts, scale))
    now, later, kept = (cells(number_of, districts) for number_of in by_kind)
    parts = zip(_spread(now, 0), _spread(later, now), _spread(kept, now + later), strict=True)
    kind, district, ordinal = (np.concatenate(part) for part in parts)
    standing = int(now.sum())
    return _Sites(kind, district, ordinal, standing, standing + int(later.sum()))


def _classes(
    facts: SupplyFacts, classes: ClassFacts, sites: _Sites, draw: NDArray[np.float64], luck: Luck, scale: float
) -> NDArray[np.int32]:
    """Return classes of each type, int32 (J, 4); each of the three groups of sites is dealt its own.

    draw : float64 (J,)  uniform of each institution's size
    """
    n = len(sites.kind)
    counts = np.zeros((n, SEATS), np.int32)
    for stream, first, last, of in (
        ("classes", 0, sites.standing, None),
        ("later classes", sites.standing, sites.listed, later_by_kind(facts, scale)),
        ("reserved classes", sites.listed, n, reserved_by_kind(facts, scale)),
    ):
        planned = planned_classes(facts, classes, scale, of)
        for k, (about, totals) in enumerate(zip(facts.kind, planned, strict=True)):
            mine = first + np.flatnonzero(sites.kind[first:last] == k)
            size = np.exp(about.size_sd * ndtri(draw[mine]))
            start = float(luck.uniforms(stream, np.array([k], np.uint32))[0, 0])
            counts[mine] = _spread_classes(size, totals, start)
    return counts


def _fees(
    facts: SupplyFacts,
    kind: NDArray[np.int64],
    draw: NDArray[np.float64],
    quality: NDArray[np.float64],
    inclusive: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the posted full-day fee by band, float64 (J, 3) [yuan a month].

    The kind's fee times a lognormal draw, higher with quality, lower in the inclusive scheme.
    """
    sd = _of_kind(facts, kind, "fee_sd")
    centred = -(sd**2 + facts.quality_fee**2) / 2  # centred so that the draws' mean is the kind's mean fee
    level = np.exp(sd * ndtri(draw) + facts.quality_fee * quality + centred) * np.where(
        inclusive, 1 - facts.inclusive_discount, 1
    )
    return np.asarray(_of_kind(facts, kind, "fees").reshape(len(kind), BANDS) * level[:, None])


def _at_mean_fee(rows: Institutions, mean_fee: float) -> Institutions:
    """Scale all posted fees to the published mean over full-day places at the start; 0 leaves them."""
    stands = rows.full_day & rows.stands
    seats = rows.seats[stands].astype(float)
    by_band = seats[:, :BANDS] + seats[:, [MIXED]] * np.array(MIXED_SHARES)
    total = by_band.sum()
    if mean_fee == 0 or total == 0:
        return rows
    return replace(rows, fee=rows.fee * (mean_fee * total / (by_band * rows.fee[stands]).sum()))


def _openings(facts: SupplyFacts, sites: _Sites, draw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return months from the start to opening, float64 (J,): 0 if open at the start, inf if unplanned."""
    opens = np.full(len(sites.kind), np.inf)
    opens[: sites.standing] = 0
    if facts.planned_per_year > 0:
        later = slice(sites.standing, sites.listed)
        opens[later] = draw[later] * YEAR * (facts.later_sites / facts.planned_per_year)
    return opens


_GOLDEN = (np.sqrt(5) - 1) / 2  # fractional parts of its multiples are evenly spread, wherever the sequence stops


def _with_services(rows: Institutions, facts: SupplyFacts, luck: Luck) -> Institutions:
    """Append a row for each service beside the full day, with its share of classes.

    The assignment uses no draw of an institution, so a kind's shares hold in any part of the kind.
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
    every.heads[n:] = 0  # the institution's head oversees all its services
    return every


def _spread(cells: NDArray[np.int64], first: NDArray[np.int64] | int) -> tuple[NDArray[np.int64], ...]:
    """Return kind, district and ordinal of each institution, int64 (J,); ordinals begin at `first` in each cell."""
    number_of, begin = cells.ravel(), np.broadcast_to(first, cells.shape).ravel()
    cell = np.repeat(np.arange(cells.size), number_of)
    ordinal = np.arange(len(cell)) - np.repeat(np.cumsum(number_of) - number_of, number_of) + begin[cell]
    return cell // cells.shape[1], cell % cells.shape[1], ordinal


def _owners(sites: _Sites, chain: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the number of each institution's owner, int32 (J,): a chain is a run of one kind in one district.

    chain : int64 (J,)  institutions of its kind per owner
    """
    whose = np.stack([sites.kind, sites.district, sites.ordinal // chain])
    return np.unique(whose, axis=1, return_inverse=True)[1].astype(np.int32)


def _inclusive(
    facts: SupplyFacts, kind: NDArray[np.int64], draw: NDArray[np.float64], places: NDArray[np.int64], standing: int
) -> NDArray[np.bool_]:
    """Mark members of the inclusive scheme (普惠), bool (J,): drawn by the kinds' weights up to the share of places.

    Sites of later entrants are marked by the same cut-off in the drawn order.
    """
    odds = np.array([k.inclusive_weight for k in facts.kind])[kind]
    key = np.where(odds > 0, -np.log(draw) / np.maximum(odds, 1e-300), np.inf)
    rank = np.argsort(key[:standing], kind="stable")
    inclusive = np.zeros(len(kind), bool)
    inclusive[rank] = np.cumsum(places[rank]) <= facts.inclusive_share * places[:standing].sum()
    last = key[:standing][inclusive[:standing]].max(initial=-np.inf)
    inclusive[standing:] = key[standing:] <= last
    return inclusive & (odds > 0)
