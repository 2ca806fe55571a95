"""Use of care in a city as published, or assumed where nothing is: what the tastes of its families are fitted to."""

from pydantic import model_validator

from sim.params import Facts, Misfit, number


class PublishedFacts(Facts):
    """Take-up and the enrolled by band, to which `calibrate` fits `band_taste`; a run itself reads none of it.

    The take-up that China publishes (入托率) counts children under three on both sides. Children past three who wait
    for September in their class are enrolled, but not in it.
    """

    take_up: float = number(
        "share", "children under 36 months who are enrolled ÷ children under 36 months", above=0, at_most=1
    )
    infant_share: float = number("share", "infants among the enrolled of all ages", above=0, at_most=1)
    toddler_share: float = number("share", "toddlers among the enrolled of all ages", above=0, at_most=1)

    @model_validator(mode="after")
    def _some_of_each(self) -> "PublishedFacts":
        """Older toddlers are among the enrolled too: tastes have no value at which nobody comes."""
        if self.infant_share + self.toddler_share >= 1:
            raise Misfit((("toddler_share",), "less than 1 together with infant_share"))
        return self
