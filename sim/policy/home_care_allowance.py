"""Home-care allowance: cash for each child of an age that is in no place of some."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from sim.params import Each, Misfit, Rows, number
from sim.policy.bases import Budgeted, Standing, limited, of_standing
from sim.policy.instrument import HomeCare, Instrument, Offered

MOST = 100_000  # yuan a month for a child


class HomeCareAllowance(Budgeted, Instrument):
    """Pays a monthly sum for each child of an age that is enrolled at none of the institutions at which it ends.

    Of the type of Norway's kontantstøtte, since 1998 and 1999 for children of one and two who are in no subsidised
    place, and of Finland's allowance for children under three in no municipal or private day care. Schøne (Journal of
    Population Economics 17, 2004) finds that Norway's lowered mothers' labour supply; Österbacka and Räsänen (same
    journal 35, 2022) that 100 euros a month more prolong home care in Finland by two to three months. In China no city
    is known here to pay one: where it would end, and for whom, are assumptions of whoever asks.
    """

    title: ClassVar[str] = "cash for care at home"

    yuan_per_month: float = number(
        "yuan a month", "paid for a child in none of the places that end it", default=0.0, idle=0.0, at_most=MOST
    )
    from_months: int = number("months", "from this completed age", default=12, at_most=35)
    to_months: int = number("months", "to before this completed age", default=36, at_least=1, at_most=36)
    birth_orders: Annotated[Rows[Annotated[int, Field(ge=1)]], Each] = Field(
        default=(), description="birth orders that receive it (1, 2, …); empty for all"
    )
    ends_at: Standing = of_standing("institutions at which enrolling ends it")
    budget: float | None = limited()

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

    @property
    def pays_families(self) -> bool:
        """It does, month by month."""
        return True

    def ages_told_apart(self) -> tuple[int, ...]:
        """Both ends of its ages."""
        return (self.from_months, self.to_months)

    def orders_told_apart(self) -> tuple[int, ...]:
        """The birth orders that it names."""
        return self.birth_orders

    def home_care(self, offered: Offered) -> HomeCare:
        """The sum, whose child it is for, and where it ends."""
        return HomeCare(
            self.from_months, self.to_months, self.yuan_per_month, self.birth_orders, offered.that_are(self.ends_at)
        )
