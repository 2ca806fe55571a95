"""Subsidy by lot: part of the fee, lasting, for the winners of one draw among those who sign up."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from sim.dates import BAND_FROM_MONTHS, OLDEST_MONTHS
from sim.params import MANY, Misfit, fraction, number
from sim.policy.bases import Budgeted, Selective, Standing, limited, of_kinds, of_standing
from sim.policy.instrument import Column, Columns, Desk, Groups, Kinds, Offered, Relief


class SubsidyByLot(Budgeted, Selective):
    """Pays min(ceiling, amount + rate · net fee) of each bill of those who won a lot on its first day.

    A rate of 1 at inclusive institutions is a free place by lot, an amount a lasting voucher. Losers get nothing, so
    that they show what winners would have done: the experiment that a city can run. No city is known here to have
    announced one; who signs up is assumed, see docs/model.md.
    """

    title: ClassVar[str] = "part of the fee, lasting, for the winners of a lot"
    by_lot: ClassVar[bool] = True

    winners: int = number("children", "who win", default=0, idle=0, at_most=10_000_000)
    from_months: int = number(
        "months", "completed age on the day of the lot, from this", default=0, at_most=OLDEST_MONTHS - 1
    )
    to_months: int = number(
        "months", "completed age on the day of the lot, below this", default=36, at_least=1, at_most=OLDEST_MONTHS
    )
    income_limit: float = number(
        "yuan a month", "household income up to which families may sign up", default=float(MANY)
    )
    take_part_enrolled: float = fraction(
        "share of families of enrolled children that sign up", default=0.8, low=0.5, high=1.0
    )
    take_part_others: float = fraction("share of other families that sign up", default=0.15, low=0.03, high=0.6)
    rate: float = fraction("share of the net fee so far", default=0.0, idle=0.0)
    amount: float = number("yuan a month", "flat amount", default=0.0, idle=0.0, at_most=1_000_000)
    ceiling: float = number("yuan a month", "at most this per bill", default=float(MANY))
    until_months: int = number(
        "months",
        "completed age at which it ends for a winner",
        default=OLDEST_MONTHS,
        at_least=1,
        at_most=OLDEST_MONTHS,
    )
    kinds: Kinds = of_kinds("kinds of institution at which it is paid")
    standing: Standing = of_standing("institutions at which it is paid")
    budget: float | None = limited()

    def clauses(self) -> tuple[str, ...]:
        """Return the number of winners and their ages."""
        return ("winners",)

    @model_validator(mode="after")
    def _ages(self) -> Self:
        """Ages run forward, and winners are young enough to be paid anything."""
        youngest, wrong = BAND_FROM_MONTHS[0], []
        if self.to_months <= self.from_months:
            wrong.append((("to_months",), f"an age above from_months ({self.from_months})"))
        if self.until_months <= max(self.from_months, youngest):
            expected = f"an age above from_months ({self.from_months}), and above {youngest}, before which none enrols"
            wrong.append((("until_months",), expected))
        if wrong:
            raise Misfit(*wrong)
        return self

    @property
    def inert(self) -> bool:
        """Nobody wins, or there is no rate and no amount, or a ceiling of nothing."""
        return self.winners == 0 or (self.rate == 0 and self.amount == 0) or self.ceiling == 0

    def at_scale(self, scale: float) -> Self:
        """Winners are thinned to the nearest number."""
        return super().at_scale(scale).model_copy(update={"winners": round(scale * self.winners)})

    def quota(self) -> tuple[str, tuple[int, ...]] | None:
        """Return the winners."""
        return "winners", (self.winners,)

    def ages_told_apart(self) -> tuple[int, ...]:
        """The age at which it ends, where children come to it before kindergarten."""
        return (self.until_months,) if self.until_months < OLDEST_MONTHS else ()

    def columns(self) -> dict[str, Column]:
        """Columns by child: taking part in the lot, and having won it."""
        return {"takes_part": Column("child", "bool"), "won": Column("child", "bool")}

    def lot(self, columns: Columns) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Children in the lot, and those that won."""
        return columns["takes_part"], columns["won"]

    def draw_lot(self, desk: Desk, columns: Columns) -> None:
        """Ask who of an age and income signs up, and let the first of their line win."""
        rows = desk.of_age(self.from_months, self.to_months)
        rows = rows[(desk.income(rows) <= self.income_limit) | (self.income_limit >= MANY)]
        share = np.where(desk.enrolled(rows), self.take_part_enrolled, self.take_part_others)
        rows = rows[desk.chance(rows, "taking part", 0) < share]
        line = np.argsort(desk.chance(rows, "line", 0), kind="stable")
        columns["takes_part"][rows] = True
        columns["won"][rows[line[: self.winners]]] = True

    def relief(self, offered: Offered, groups: Groups, columns: Columns) -> Relief | None:
        """A rate and an amount for winners below the age, at institutions that qualify; None before any has won."""
        if not columns["won"].any():
            return None
        family = groups.won & (groups.from_months < self.until_months)
        pays = (family[:, None, None] & self.means(offered)[None, None, :]).astype(float)
        return Relief(rate=self.rate * pays, amount=self.amount * pays, ceiling=self.ceiling * pays)
