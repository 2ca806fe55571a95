"""Cash allowance: unconditional money per child, by age and birth order."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from sim.params import Each, Misfit, Rows, number
from sim.policy.instrument import Cash, Instrument


class CashAllowance(Instrument):
    """Pays each child of an age a monthly sum, enrolled or not.

    The nation pays 3,600 yuan a year per child under three from 1 January 2025 (China Daily, 19 August 2025).
    """

    title: ClassVar[str] = "unconditional cash per child"

    yuan_per_month: float = number("yuan a month", "paid per child", default=0.0, idle=0.0, at_most=1_000_000)
    from_months: int = number("months", "from this completed age", default=0, at_most=47)
    to_months: int = number("months", "to before this completed age", default=36, at_most=48)
    birth_orders: Annotated[Rows[Annotated[int, Field(ge=1)]], Each] = Field(
        default=(), description="birth orders that receive it (1, 2, …); empty for all"
    )

    def clauses(self) -> tuple[str, ...]:
        """Return the amount and its terms."""
        return ("amount",)

    @model_validator(mode="after")
    def _ages(self) -> Self:
        """Ages run forward."""
        if self.to_months <= self.from_months:
            raise Misfit((("to_months",), f"an age above from_months ({self.from_months})"))
        return self

    @property
    def inert(self) -> bool:
        """Nothing is paid."""
        return self.yuan_per_month == 0

    def cash(self) -> tuple[Cash, ...]:
        """The payment."""
        return (Cash(self.from_months, self.to_months, self.yuan_per_month, self.birth_orders),)
