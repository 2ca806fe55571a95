"""Supply of places: kinds of institution, their classes and costs, and their numbers in a city."""

from datetime import date
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.params import ByName, Facts, Misfit, Name, Rows, by_name, fraction, number
from sim.world.districts import DistrictFacts, apportion, weights

_Heads = Annotated[int, Field(ge=1, le=1000)]  # children in a class, or to a carer


class ClassFacts(Facts):
    """Legal class sizes and carer ratios, and cost and time of fitting out a class."""

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
    """Running costs of institutions."""

    carer_wage: float = number("yuan a month", "gross wage of a carer")
    wage_charges: float = fraction("employer's social charges as a share of the wage")
    head_wage: float = number("yuan a month", "gross wage of the head of an institution")
    rent_per_place: float = number("yuan a month", "rent per place where rent is due")
    utilities_per_place: float = number("yuan a month", "power, water, gas and heat per place")
    food_per_child: float = number("yuan a month", "food and materials per enrolled child")


class ServiceFacts(Facts):
    """Service beside the full day, with rooms of its own at the institutions of a kind."""

    name: Literal["half_day", "hourly"] = Field(description="half_day or hourly")
    share: float = fraction("share of the kind's classes that are given to it")
    fee_share: float = number("share", "of the full-day fee that it costs at first", at_least=0.01, at_most=1)
    children_per_place: int = number("children", "who share a place, one after another", at_least=2, at_most=6)


class KindFacts(Facts):
    """Kind of institution."""

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
    prepaid_refund: float = fraction(
        "share of fees paid in advance that a family gets back whose child leaves early", default=0.0, low=0.0, high=1.0
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
        """Check class shares, services and the limit on children."""
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
    """Institutions of the city."""

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
    scheme_spread: float = number(
        "yuan a month per place",
        "how much owners differ in what being in the inclusive scheme is worth to them beyond what is seen",
        default=100.0,
        low=20,
        high=400,
        at_most=100_000,
    )
    inclusive_discount: float = fraction("how far the fees of an inclusive institution stand below its kind's")
    mean_fee: float = number(
        "yuan a month",
        "mean posted fee of full-day places at the start, by the fees of the kinds beside each other; "
        "0 to take these as they are",
        default=0.0,
        at_most=100_000,
    )
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
        "years",
        "within which what a list longer than usual brings must earn back the fit-out of a new class",
        at_least=0.001,
        at_most=30,
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
    planned_per_year: float = number(
        "institutions a year", "of which planned to open, from the day of the count on", default=0.0
    )
    counted_on: date | None = Field(
        default=None,
        description="day on which institutions and places were counted, as they stand from the start on; "
        "the scenario's start if left out, or if that is later",
    )
    reserved_sites: ByName[Annotated[int, Field(ge=0, le=10_000)]] = by_name(
        "institutions", "sites of each kind that stay empty until a policy opens them"
    )
    entry_spread: float = number(
        "yuan a month",
        "how much those who think of opening differ in the profit that they want; so much more profit, "
        "and odds are 2.7 times as high",
        default=5000.0,
        low=2000,
        high=20_000,
        at_least=1,
        at_most=10_000_000,
    )
    least_entry: float = fraction(
        "institutions that open in a year without a change, ÷ those of the kind that run, where fewer close",
        default=0.005,
        low=0.0,
        high=0.02,
    )

    @model_validator(mode="after")
    def _kinds(self) -> "SupplyFacts":
        """Check names and shares of the kinds."""
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


# ---------------------------------------------------------------------------------------------------------
# numbers by kind


def standing_by_kind(facts: SupplyFacts, scale: float) -> NDArray[np.int64]:
    """Return the number of institutions of each kind at the start, int64 (kinds,)."""
    return apportion(np.array([k.share for k in facts.kind]), round(facts.institutions * scale))


def later_by_kind(facts: SupplyFacts, scale: float) -> NDArray[np.int64]:
    """Return the number of sites of each kind open to later entry, int64 (kinds,)."""
    return apportion(np.array([k.share for k in facts.kind]), round(facts.later_sites * scale))


def reserved_by_kind(facts: SupplyFacts, scale: float) -> NDArray[np.int64]:
    """Return the number of sites of each kind reserved for policies, int64 (kinds,).

    Rounded up, so thinning loses none; products are rounded to nine digits first: 0.07 of 100 sites are 7.
    """
    kept = np.array([facts.reserved_sites.get(k.name, 0) for k in facts.kind]) * scale
    return np.ceil(np.round(kept, 9)).astype(np.int64)


def planned_classes(
    facts: SupplyFacts, classes: ClassFacts, scale: float, of: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the number of classes of each type a kind has, int64 (kinds, 4), in proportion to its share of places.

    of : int64 (kinds,)  number of sites, with as many classes each as the kind's institutions at the start; if None,
        the institutions at the start
    """
    by_kind, mean_size = standing_by_kind(facts, scale), np.array([k.mean_places for k in facts.kind])
    number_of = by_kind if of is None else of
    target = number_of * mean_size
    nominal = float((by_kind * mean_size).sum())
    target = target * (facts.places * scale / nominal if nominal > 0 else 1.0)  # scaled to the city's places
    shares = np.array([k.class_shares for k in facts.kind])
    planned = np.asarray(np.rint(target[:, None] * shares / np.array(classes.sizes)), np.int64)
    for k, about in enumerate(facts.kind):
        if about.children_limit:  # one class each
            planned[k] = apportion(shares[k], int(number_of[k]))
    return planned


def cells(by_kind: NDArray[np.int64], districts: tuple[DistrictFacts, ...]) -> NDArray[np.int64]:
    """Return institutions by kind and district, int64 (kinds, districts), from their number by kind."""
    return np.stack([apportion(weights(districts), int(m)) for m in by_kind])
