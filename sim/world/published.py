"""Published or assumed use of care in a city: the targets for fitting households' tastes."""

from pydantic import model_validator

from sim.params import Facts, Misfit, number


class PublishedFacts(Facts):
    """Take-up and the enrolled by band, targets of `calibrate` for `band_taste`; not read by a run.

    China's published take-up (入托率) counts children under three in both numerator and denominator. Children past
    three who stay in their class until September are enrolled but not counted in it.
    """

    take_up: float = number(
        "share", "children under 36 months who are enrolled ÷ children under 36 months", above=0, at_most=1
    )
    infant_share: float = number("share", "infants among the enrolled of all ages", above=0, at_most=1)
    toddler_share: float = number("share", "toddlers among the enrolled of all ages", above=0, at_most=1)

    @model_validator(mode="after")
    def _some_of_each(self) -> "PublishedFacts":
        """Check that some of the enrolled are older toddlers: no finite taste gives a band without enrolment."""
        if self.infant_share + self.toddler_share >= 1:
            raise Misfit((("toddler_share",), "less than 1 together with infant_share"))
        return self
