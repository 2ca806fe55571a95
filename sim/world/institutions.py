"""Institutions: kinds, classes, fees and costs as columns, and how they are drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtri

from sim.draws import Luck
from sim.params import Facts, Rows, fraction, number
from sim.world.districts import DistrictFacts, apportion, positions, weights

BANDS = 3
SEATS = 4  # class types: infant, toddler, older toddler, mixed
MIXED = 3


class ClassFacts(Facts):
    """Legal class sizes and carer ratios, and what a class costs to build and to run."""

    sizes: Rows[int] = Field(
        min_length=4, max_length=4, description="children in an infant, toddler, older toddler, mixed class"
    )
    per_carer: Rows[int] = Field(min_length=4, max_length=4, description="children per carer in each")
    fit_out_yuan: float = number("yuan per place", "fitting out a new place")
    building_months: int = number(
        "months", "from the decision to open a class to its first child", at_least=1, at_most=60
    )

    @model_validator(mode="after")
    def _positive(self) -> "ClassFacts":
        """A class holds children."""
        if min(self.sizes) < 1 or min(self.per_carer) < 1 or max(self.sizes) > 1000:
            raise ValueError("sizes and per_carer: whole numbers of 1 to 1000")
        return self


class CostFacts(Facts):
    """What running an institution costs."""

    carer_wage: float = number("yuan a month", "gross wage of a carer")
    wage_charges: float = fraction("employer's social charges as a share of the wage")
    head_wage: float = number("yuan a month", "gross wage of the head of an institution")
    rent_per_place: float = number("yuan a month", "rent per place where rent is due")
    utilities_per_place: float = number("yuan a month", "power, water, gas and heat per place")
    food_per_child: float = number("yuan a month", "food and materials per enrolled child")


class KindFacts(Facts):
    """One kind of provider."""

    name: str = Field(min_length=1, description="private, public, kindergarten, employer, community or home")
    share: float = fraction("share of institutions")
    mean_places: float = number("places", "mean size", above=0, at_most=5000)
    size_sd: float = number("log units", "dispersion of sizes", at_most=2)
    class_shares: Rows[float] = Field(
        min_length=4, max_length=4, description="share of places in infant, toddler, older toddler, mixed classes"
    )
    fees: Rows[float] = Field(min_length=3, max_length=3, description="mean posted full-day fee by band [yuan a month]")
    fee_sd: float = number("log units", "dispersion of fees within the kind", at_most=1)
    inclusive_weight: float = number("1", "odds of being recognised as inclusive, relative to other kinds")
    registered_share: float = fraction("share that is registered with the health commission")
    pays_rent: bool = Field(description="whether rent is due")
    fee_rule: str = Field(
        pattern="^(fixed|utilisation)$",
        description="fixed: guided or unmoved; utilisation: steers to its own usual occupancy",
    )

    @model_validator(mode="after")
    def _lists(self) -> "KindFacts":
        """Class shares sum to one; fees are not negative."""
        if min(self.class_shares) < 0 or abs(sum(self.class_shares) - 1) > 1e-6:
            raise ValueError("class_shares: shares of at least 0 that sum to 1")
        if min(self.fees) < 0 or max(self.fees) > 1_000_000:
            raise ValueError("fees: yuan of 0 to 1000000")
        return self


class SupplyFacts(Facts):
    """The city's institutions."""

    institutions: int = number("institutions", "institutions at the start", at_most=30_000)
    places: int = number("places", "places at the start", at_most=3_000_000)
    inclusive_share: float = fraction("share of places in inclusive institutions")
    inclusive_discount: float = fraction("how far the fees of an inclusive institution stand below its kind's")
    quality_fee: float = number("log units", "how much higher the fee is per standard deviation of quality", at_most=1)
    kind: Rows[KindFacts] = Field(min_length=1, max_length=12, description="the kinds of provider")
    review_months: int = number("months", "between two fee reviews of an institution", at_least=1, at_most=60)
    fee_step: float = fraction("largest change of a fee at one review")
    dead_band: float = fraction("how far occupancy may stray from its own usual before the fee moves")
    payback_years: float = number("years", "within which a new class must earn back its fit-out", above=0, at_most=30)
    closing_share: float = fraction("yearly share of owners who give up a class that stood empty for twelve months")

    @model_validator(mode="after")
    def _kinds(self) -> "SupplyFacts":
        """Kinds have different names and shares that sum to one."""
        if len({k.name for k in self.kind}) != len(self.kind):
            raise ValueError("kind: names that differ")
        if abs(sum(k.share for k in self.kind) - 1) > 1e-6:
            raise ValueError("kind: shares that sum to 1")
        return self


@dataclass(frozen=True)
class Institutions:
    """Columns of all institutions; axis 0 is the institution.

    id : uint32  stable address: district, kind and ordinal; district, kind : int8
    position : float64 (n, 2) [km]; quality : float64 [standard deviations]
    registered, inclusive, pays_rent, steers : bool  (steers: the fee follows occupancy)
    fee : float64 (n, 3)  posted full-day fee by band [yuan a month]
    classes : int32 (n, 4)  number of infant, toddler, older toddler, mixed classes
    """

    id: NDArray[np.uint32]
    district: NDArray[np.int8]
    kind: NDArray[np.int8]
    kind_names: tuple[str, ...]
    position: NDArray[np.float64]
    quality: NDArray[np.float64]
    registered: NDArray[np.bool_]
    inclusive: NDArray[np.bool_]
    pays_rent: NDArray[np.bool_]
    steers: NDArray[np.bool_]
    fee: NDArray[np.float64]
    classes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.id)


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


def draw_institutions(
    facts: SupplyFacts, classes: ClassFacts, districts: tuple[DistrictFacts, ...], luck: Luck, scale: float
) -> Institutions:
    """Draw the institutions open at the start.

    Numbers by kind and district follow their shares by largest remainder; the classes of a kind
    add to its share of the city's places as nearly as whole classes allow.
    """
    n = round(facts.institutions * scale)
    by_kind = apportion(np.array([k.share for k in facts.kind]), n)
    kind = np.repeat(np.arange(len(facts.kind)), by_kind)
    cells = np.concatenate([apportion(weights(districts), int(m)) for m in by_kind])  # kind by district
    district = np.repeat(np.tile(np.arange(len(districts)), len(by_kind)), cells)
    ordinal = np.arange(n) - np.repeat(np.cumsum(cells) - cells, cells)
    ident = ((district << 24) | (kind << 16) | ordinal).astype(np.uint32)

    site, trait = luck.uniforms("site", ident), luck.uniforms("institution", ident)
    mean_size = np.array([k.mean_places for k in facts.kind])
    target = facts.places * scale * by_kind * mean_size / max(float((by_kind * mean_size).sum()), 1e-300)
    counts = np.zeros((n, SEATS), np.int32)
    for k, about in enumerate(facts.kind):
        mine = kind == k
        totals = np.rint(target[k] * np.array(about.class_shares) / np.array(classes.sizes)).astype(np.int64)
        size = np.exp(about.size_sd * ndtri(trait[mine, 0]))
        counts[mine] = _spread_classes(size, totals, float(luck.uniforms("classes", np.array([k], np.uint32))[0, 0]))

    quality = ndtri(trait[:, 1])
    odds = np.array([k.inclusive_weight for k in facts.kind])[kind]
    rank = np.argsort(np.where(odds > 0, -np.log(trait[:, 2]) / np.maximum(odds, 1e-300), np.inf), kind="stable")
    places = (counts * np.array(classes.sizes)).sum(axis=1)
    inclusive = np.zeros(n, bool)
    inclusive[rank] = np.cumsum(places[rank]) <= facts.inclusive_share * places.sum()
    inclusive &= odds > 0
    sd = np.array([k.fee_sd for k in facts.kind])[kind]
    centred = -(sd**2 + facts.quality_fee**2) / 2  # so that the kind's mean fee is the mean of its draws
    level = np.exp(sd * ndtri(site[:, 2]) + facts.quality_fee * quality + centred) * np.where(
        inclusive, 1 - facts.inclusive_discount, 1
    )
    return Institutions(
        id=ident,
        district=district.astype(np.int8),
        kind=kind.astype(np.int8),
        kind_names=tuple(k.name for k in facts.kind),
        position=positions(districts, district.astype(np.int8), site[:, :2], scale),
        quality=quality,
        registered=site[:, 3] < np.array([k.registered_share for k in facts.kind])[kind],
        inclusive=inclusive,
        pays_rent=np.array([k.pays_rent for k in facts.kind])[kind],
        steers=np.array([k.fee_rule == "utilisation" for k in facts.kind])[kind],
        fee=np.array([k.fees for k in facts.kind])[kind].reshape(n, BANDS) * level[:, None],
        classes=counts,
    )
