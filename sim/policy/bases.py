"""What several instruments share: a budget, a choice of institutions, rates by kind, building; that some never spend.

A leaf declares the parameters itself, by the functions here, so that they stand where its reader looks for them and say
what they mean there; a base says what follows from them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.dates import BAND_NAMES
from sim.params import MANY, ByName, Misfit, by_name, number
from sim.policy.instrument import Floats, Instrument, Kinds, Offered, Path

Standing = Literal["any", "registered", "inclusive"]
FeesByBand = ByName[Annotated[float, Field(ge=0, le=MANY)]]


def of_standing(meaning: str, default: Standing = "any") -> Any:
    """Declare which standing institutions must have."""
    return Field(default=default, description=meaning)


def of_kinds(meaning: str) -> Any:
    """Declare the kinds of institution that are meant, all where none is named."""
    return Field(default=(), description=f"{meaning}; empty for all")


def limited() -> Any:
    """Declare a total, without limit where none is given."""
    return number("yuan", "total after which it ends", default=None, at_most=1e12)


def fee_rule() -> Any:
    """Declare the most that may be asked in return for what is paid, no rule where none is given."""
    return number("yuan a month", "most that who is paid may ask", default=float(MANY), idle=float(MANY))


def fee_rule_by_band() -> Any:
    """Declare the same of single bands."""
    return by_name("yuan a month", "in place of fee_at_most in the bands that it names")


class Rule(Instrument):
    """Something that pays nothing out: no claim waits for its payment, and what running it costs is paid at once."""

    spends: ClassVar[bool] = False
    payment_lag_months: ClassVar[int] = 0  # type: ignore[misc]  # no parameter here


class Budgeted(Instrument):
    """Something that ends when its money does."""

    if TYPE_CHECKING:
        budget: float | None

    @property
    def budget_yuan(self) -> float | None:
        """The total after which it ends."""
        return self.budget

    def at_scale(self, scale: float) -> Self:
        """The budget is thinned."""
        thin = super().at_scale(scale)
        return thin if self.budget is None else thin.model_copy(update={"budget": self.budget * scale})


class OfKinds(Instrument):
    """Something that is meant for some kinds of institution."""

    if TYPE_CHECKING:
        kinds: Kinds

    def kinds_named(self) -> dict[Path, str]:
        """Those it is meant for."""
        return {("kinds", n): name for n, name in enumerate(self.kinds)}


class Selective(OfKinds):
    """Something that is meant for institutions of some kinds and of a standing."""

    if TYPE_CHECKING:
        standing: Standing

    def means(self, offered: Offered) -> NDArray[np.bool_]:
        """Institutions for which it is meant, bool (n,)."""
        return offered.that_are(self.standing) & offered.of_kinds(self.kinds)


class RatedByKind(Selective):
    """Something that pays a sum, and other sums at some kinds of institution."""

    if TYPE_CHECKING:
        yuan_by_kind: Mapping[str, float]

    def kinds_named(self) -> dict[Path, str]:
        """Those with a sum of their own, and those it is meant for."""
        rates: dict[Path, str] = {("yuan_by_kind", name): name for name in self.yuan_by_kind}
        return rates | super().kinds_named()

    def rate(self, offered: Offered, usual: float) -> Floats:
        """The sum by institution, (n,) [yuan]; `usual` where its kind has none of its own."""
        rates = [self.yuan_by_kind.get(name, usual) for name in offered.kind_names]
        return np.asarray(np.array(rates)[offered.kind])


class FeeRule(Instrument):
    """Something that is paid only to those who ask no more than a sum."""

    if TYPE_CHECKING:
        fee_at_most: float
        fee_at_most_by_band: Mapping[str, float]

    @model_validator(mode="after")
    def _known_bands(self) -> Self:
        """Only bands have a sum of their own."""
        wrong = [name for name in self.fee_at_most_by_band if name not in BAND_NAMES]
        if wrong:
            expected = f"one of {', '.join(BAND_NAMES)}"
            raise Misfit(*((("fee_at_most_by_band", name), expected) for name in wrong))
        return self

    @property
    def rules(self) -> bool:
        """Whether any band has a limit."""
        return bool((self.most() < MANY).any())

    def most(self) -> Floats:
        """The most that may be asked, by band, (3,) [yuan a month]; `MANY` where there is no rule."""
        return np.array([self.fee_at_most_by_band.get(band, self.fee_at_most) for band in BAND_NAMES])


class Builder(Instrument):
    """Something that the treasury builds, at institutions of a kind, and that takes its time."""

    builds: ClassVar[bool] = True

    if TYPE_CHECKING:
        of_kind: str
        building_months: int

    @property
    def months_to_build(self) -> int:
        """As declared."""
        return self.building_months

    def kinds_named(self) -> dict[Path, str]:
        """The kind at which it builds, if it does."""
        return {("of_kind",): self.of_kind} if not self.inert else {}
