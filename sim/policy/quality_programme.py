"""Quality programme: training, visits by doctors, supervision: better care, and more trust in it."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from sim.dates import BAND_NAMES
from sim.params import number
from sim.policy.bases import Selective, Standing, of_kinds, of_standing
from sim.policy.instrument import Bands, Columns, Floats, Kinds, Offered


class QualityProgramme(Selective):
    """Raises what families hold institutions for, at a cost per institution that the programme spends itself.

    Hangzhou's link of medicine and childcare (医育结合; Hangzhou Daily, 23 September 2023), Taiyuan's training of staff
    (Taiyuan Evening News, January 2025), Jining's child-friendly units (Qilu Evening News, 14 November 2025). What a
    standard deviation of quality is worth is the city's `quality_yuan`; what such programmes achieve is not published.
    """

    title: ClassVar[str] = "training, medical link and supervision: quality and trust"

    quality: float = number("standard deviations", "by which quality rises", default=0.0, idle=0.0, at_most=5)
    trust_yuan: float = number(
        "yuan a month", "what more trust makes care worth to a family", default=0.0, idle=0.0, at_most=10_000
    )
    yuan_per_institution: float = number(
        "yuan a month", "spent per institution", default=0.0, idle=0.0, at_most=1_000_000
    )
    standing: Standing = of_standing("institutions that take part")
    kinds: Kinds = of_kinds("kinds that take part")
    bands: Bands = Field(default=BAND_NAMES, description="bands for which trust rises")

    def clauses(self) -> tuple[str, ...]:
        """Return the amount and its terms."""
        return ("amount",)

    @property
    def inert(self) -> bool:
        """Changes nothing and costs nothing."""
        return self.quality == 0 and self.trust_yuan == 0 and self.yuan_per_institution == 0

    def appeal(self, offered: Offered, columns: Columns) -> Floats:
        """Quality for every band, trust for those named."""
        del columns
        has = self.means(offered)
        worth = self.quality * offered.quality_yuan + self.trust_yuan * np.isin(BAND_NAMES, self.bands)
        return has[:, None] * worth

    def overhead(self, offered: Offered, columns: Columns) -> float:
        """The sum for each institution that runs and takes part."""
        del columns
        has = self.means(offered) & offered.runs & offered.first_row
        return self.yuan_per_institution * float(has.sum())
