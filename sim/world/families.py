"""Households with a child under kindergarten age: one row per child, and the draw of the rows.

Rows are sorted by decision day and birth, so the children of an age on a decision day form a contiguous slice, found by
bisection; ageing needs no update.
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import ndtr, ndtri

from sim import dates
from sim.draws import Luck
from sim.params import MANY, Facts, MaySource, Misfit, Rows, fraction, number
from sim.world.districts import DistrictFacts, positions, weights

QUINTILES = 5
_YEARS = frozenset(str(year) for year in range(1990, 2201))
_FIRST_MONTH = 1990 * 12  # ids count birth months from here: 12 bits of month, 20 of ordinal
CLOSED_TO_CARE = np.float32(-10_000.0)  # taste of households closed to care: beyond any shock


class BirthFacts(Facts):
    """Births of the city, by year and by month of the year."""

    by_year: Annotated[dict[str, int], MaySource] = Field(
        min_length=1, description="births [children] of each calendar year, past and projected"
    )
    month_shares: Rows[float] = Field(
        min_length=12, max_length=12, description="share of a year's births, January to December"
    )
    order_shares: Rows[float] = Field(min_length=1, max_length=5, description="share of first, second, third … births")

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "BirthFacts":
        """Check shares, and the years given as keys."""
        wrong: list[tuple[tuple[str | int, ...], str]] = []
        for name, shares in (("month_shares", self.month_shares), ("order_shares", self.order_shares)):
            if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
                wrong.append(((name,), "shares of at least 0 that sum to 1"))
        for year, births in self.by_year.items():
            if year not in _YEARS:
                wrong.append((("by_year", year), "a year from 1990 to 2200 as key"))
            elif not 0 <= births <= 2_000_000:
                wrong.append((("by_year", year), "births of 0 to 2000000"))
        if wrong:
            raise Misfit(*wrong)
        return self


class IncomeFacts(Facts):
    """Household income, lognormal, fitted to the published means of five equal groups."""

    quintile_means: Rows[Annotated[float, Field(ge=1, le=MANY)]] = Field(
        min_length=5, max_length=5, description="disposable income per head by fifth [yuan a year], lowest first"
    )
    mean_per_head: float = number(
        "yuan a year", "mean disposable income per head to which the fifths are rescaled", at_least=100
    )
    household_size: float = number("persons", "persons who share a household's income", at_least=1, at_most=10)

    @model_validator(mode="after")
    def _ascending(self) -> "IncomeFacts":
        """Check five positive, ascending means."""
        means = self.quintile_means
        if means[0] <= 0 or any(b <= a for a, b in pairwise(means)):
            raise Misfit((("quintile_means",), "five positive, ascending means"))
        return self


# fields of `FamilyFacts` on the valuation of announced changes only
LOOKS_AHEAD = ("commitment_months", "commitment_spread", "foresight", "prolonged", "deferral")


class FamilyFacts(Facts):
    """Constants of households' utility, see docs/model.md."""

    commitment_months: int = number(
        "months",
        "over which a family that enters weighs what it pays, on the mean: the time a child takes to settle",
        at_least=1,
        at_most=10,
    )
    commitment_spread: float = fraction(
        "by how much of commitment_months a third of families look less far ahead, and a third farther", default=0.0
    )
    foresight: float = fraction(
        "share of families that expect what a policy has announced; the others count on this month alone",
        default=1.0,
    )
    prolonged: float = fraction("chance that families give a policy to go on after its announced last day", default=0.0)
    deferral: float = fraction(
        "how much counts of coming first in a round as a new family, which entering before it forgoes",
        default=0.0,
        low=0.0,
        high=1.0,
    )
    grandparent_share: float = fraction("share of families with a grandparent who can care for the child")
    grandparent_weight: float = number(
        "units of the shock", "what an available grandparent adds to staying out", at_most=20
    )
    sensitivity: float = number("per yuan", "price sensitivity at median income (α)", at_least=1e-6, at_most=1)
    sensitivity_sd: float = number(
        "log units", "dispersion of price sensitivity between families of one income", at_most=3
    )
    income_power: float = number("1", "how fast price sensitivity falls with income (η)", at_most=2)
    open_share: float = fraction(
        "share of families who would use formal care at some price; the others never do (ω)", default=1.0
    )
    taste_sd: float = number(
        "units of the shock", "dispersion of the taste for formal care among families open to it", at_most=50
    )
    band_taste: Rows[Annotated[float, Field(ge=-1000, le=1000)]] = Field(
        min_length=3,
        max_length=3,
        description="taste for formal care of infants, toddlers, older toddlers (κ) [units of the shock]",
    )
    distance_yuan: float = number(
        "yuan a month per km", "what a kilometre less to the institution is worth", at_most=10_000
    )
    quality_yuan: float = number("yuan a month", "what one standard deviation of quality is worth", at_most=10_000)
    quality_seen: float = fraction(
        "share of an institution's quality that families see beforehand; the rest they learn by a month there",
        default=1.0,
    )
    habit_yuan: float = number(
        "yuan a month",
        "by which care comes to be worth more, for good, to a family that has had a month of it",
        default=0.0,
        at_most=10_000,
    )
    renewal: float = fraction("monthly chance that a family's circumstances are drawn afresh")
    stickiness: float = number("units of the shock", "what being enrolled at an institution adds to it (σ)", at_most=50)
    trust_yuan: float = number(
        "yuan a month",
        "by which a closure makes the institutions nearby worth less to families, at first",
        default=300.0,
        low=0,
        high=1000,
        at_most=10_000,
    )
    trust_recovery: float = fraction("share of a shaken trust that a month restores", default=0.1, low=0.05, high=0.3)
    trust_km: float = number("km", "how far a closure shakes trust", default=2.0, low=1.0, high=5.0, at_most=100)
    candidates: int = number("institutions", "nearest institutions that a family considers (K)", at_least=1, at_most=16)
    half_day_taste: float = number(
        "units of the shock",
        "what half-day care is worth beside full-day care, before its fee",
        default=-1.5,
        low=-3.0,
        high=0.0,
        at_least=-50,
        at_most=50,
    )
    half_day_grandparent: float = number(
        "units of the shock",
        "what half-day care is worth more to a family with a grandparent",
        default=1.0,
        low=0.0,
        high=2.0,
        at_least=-50,
        at_most=50,
    )
    hourly_taste: float = number(
        "units of the shock",
        "what hourly care is worth beside full-day care, before its fee",
        default=-2.5,
        low=-4.0,
        high=-0.5,
        at_least=-50,
        at_most=50,
    )
    employer_share: float = fraction(
        "share of families of whom a parent works for an employer with an institution for its own",
        default=0.03,
        low=0.01,
        high=0.08,
    )


@dataclass(frozen=True)
class Families:
    """Columns of all children; axis 0 is the child, n rows.

    id : uint32  stable address of its draws: birth month and ordinal
    birth : int32  ordinal day of birth
    slices : int64 (29,)  rows of decision day d (1 to 28) are slices[d-1]:slices[d]
    position : float64 (n, 2)  [km]
    income : float64  household income [yuan a month]; median_income is the median household's
    quintile : int8 0 to 4, of income per head; district, birth_order (1, 2, …) : int8
    sensitivity : float32  price sensitivity at median income [per yuan]
    taste : float32  taste for formal care [units of the shock]; CLOSED_TO_CARE if the household uses none at any price
    grandparent : bool  a grandparent can care for the child
    foresight, patience : float64  uniforms on (0, 1), deciding foresight and the length of the horizon
    """

    id: NDArray[np.uint32]
    birth: NDArray[np.int32]
    slices: NDArray[np.int64]
    position: NDArray[np.float64]
    income: NDArray[np.float64]
    median_income: float
    quintile: NDArray[np.int8]
    district: NDArray[np.int8]
    birth_order: NDArray[np.int8]
    sensitivity: NDArray[np.float32]
    taste: NDArray[np.float32]
    grandparent: NDArray[np.bool_]
    foresight: NDArray[np.float64]
    patience: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)


def births_by_month(facts: BirthFacts, first: int, last: int, scale: float) -> NDArray[np.int64]:
    """Return births of months first..last (month numbers, inclusive), int64, thinned by `scale`.

    Raises KeyError naming the first year missing from the facts.
    """
    # rounded from the year's running total, so no month depends on the horizon
    by_year = {
        year: np.diff(np.rint(scale * facts.by_year[str(year)] * np.cumsum((0.0, *facts.month_shares))))
        for year in range(first // dates.YEAR, last // dates.YEAR + 1)
    }
    return np.array([by_year[m // dates.YEAR][m % dates.YEAR] for m in range(first, last + 1)]).astype(np.int64)


def lognormal_income(facts: IncomeFacts) -> tuple[float, float]:
    """Return log-mean and log-sd of income per head [yuan a year], fitted to the shares of the fifths.

    The mean of the k-th fifth of a lognormal is 5·mean·(Φ(z_k − σ) − Φ(z_{k−1} − σ)) (Aitchison and Brown, The
    Lognormal Distribution, 1957); σ is fitted by least squares on log means.
    """
    from scipy.optimize import minimize_scalar  # a slow import, needed for drawing only

    means = np.array(facts.quintile_means)
    edges = np.concatenate(([-np.inf], ndtri(np.arange(1, QUINTILES) / QUINTILES), [np.inf]))
    target = np.log(means / means.mean())

    def misfit(sigma: float) -> float:
        return float(np.sum((np.log(QUINTILES * np.diff(ndtr(edges - sigma))) - target) ** 2))

    sigma = float(minimize_scalar(misfit, bounds=(0.01, 3.0), method="bounded").x)
    return float(np.log(facts.mean_per_head) - sigma**2 / 2), sigma


def _which(upto: NDArray[np.float64], draw: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the number of ascending bounds each draw has reached, int8: `searchsorted` without a branch."""
    out = np.zeros(len(draw), np.int8)
    for bound in upto:
        out += draw >= bound
    return out


def _order(decision: NDArray[np.int8], born: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return rows sorted by decision day, birth and row; both keys have few values, so the sorts are by counting."""
    since = born - born.min(initial=np.iinfo(np.int32).max)
    by_birth = np.argsort(since.astype(np.min_scalar_type(since.max(initial=0))), kind="stable")
    return by_birth[np.argsort(decision[by_birth], kind="stable")]


def draw_families(
    births: BirthFacts,
    incomes: IncomeFacts,
    facts: FamilyFacts,
    districts: tuple[DistrictFacts, ...],
    luck: Luck,
    first: date,
    until: date,
    scale: float,
) -> Families:
    """Draw every child under kindergarten age at some time from `first` to `until`.

    Draws are addressed by birth month and ordinal, so a longer horizon adds rows and changes none.
    """
    oldest = dates.month_of(date.fromordinal(dates.school_year_cut(first) + 1))
    counts = births_by_month(births, oldest, dates.month_of(until), scale)
    month = np.repeat(np.arange(oldest, oldest + len(counts)), counts)
    ordinal = np.arange(len(month)) - np.repeat(np.cumsum(counts) - counts, counts)
    ident = (((month - _FIRST_MONTH) << 20) | ordinal).astype(np.uint32)

    home, birth, taste, outlook = (luck.uniforms(name, ident) for name in ("home", "birth", "taste", "outlook"))
    starts = np.array([dates.date_in(m).toordinal() for m in range(oldest, oldest + len(counts) + 1)])
    length = np.diff(starts)[month - oldest]
    born = (starts[month - oldest] + np.floor(birth[:, 0] * length)).astype(np.int32)
    decision = (1 + np.floor(home[:, 3] * dates.DECISION_DAYS)).astype(np.int8)
    order = _order(decision, born)

    district = _which(np.cumsum(weights(districts))[:-1], home[:, 0])
    mu, sigma = lognormal_income(incomes)
    z_income = ndtri(birth[:, 1])
    household = incomes.household_size / dates.YEAR
    birth_order = 1 + _which(np.cumsum(births.order_shares)[:-1], birth[:, 2])
    sensitivity = facts.sensitivity * np.exp(facts.sensitivity_sd * ndtri(taste[:, 1]))
    return Families(
        id=ident[order],
        birth=born[order],
        slices=np.cumsum(np.bincount(decision, minlength=dates.DECISION_DAYS + 1)),
        position=positions(districts, district, home[:, 1:3], scale).take(order, axis=0),
        income=np.exp(mu + sigma * z_income[order]) * household,
        median_income=float(np.exp(mu)) * household,
        quintile=np.minimum(np.floor(birth[:, 1] * QUINTILES), QUINTILES - 1).astype(np.int8)[order],
        district=district[order],
        birth_order=birth_order[order],
        sensitivity=sensitivity.astype(np.float32)[order],
        taste=np.where(
            taste[:, 3] < facts.open_share, (facts.taste_sd * ndtri(taste[:, 0])).astype(np.float32), CLOSED_TO_CARE
        )[order],
        grandparent=(taste[:, 2] < facts.grandparent_share)[order],
        foresight=outlook[:, 0][order],
        patience=outlook[:, 1][order],
    )
