"""What several instruments share: a budget, a choice of institutions, rates by kind, building; that some never spend.

A leaf declares the parameters itself, by the functions here, so that they stand where its reader looks for them and say
what they mean there; a base says what follows from them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.params import number
from sim.policy.instrument import Floats, Instrument, Kinds, Offered, Path

Standing = Literal["any", "registered", "inclusive"]


def of_standing(meaning: str, default: Standing = "any") -> Any:
    """Declare which standing institutions must have."""
    return Field(default=default, description=meaning)


def of_kinds(meaning: str) -> Any:
    """Declare the kinds of institution that are meant, all where none is named."""
    return Field(default=(), description=f"{meaning}; empty for all")


def limited() -> Any:
    """Declare a total, without limit where none is given."""
    return number("yuan", "total after which it ends", default=None, at_most=1e12)


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
