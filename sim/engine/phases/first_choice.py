"""The first choice, before the burn-in: initial enrolment."""

from datetime import date

import numpy as np

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.phases.market import survey
from sim.engine.phases.sensitivity import rewrite_all
from sim.engine.phases.windows import begin
from sim.engine.replication_cache import ages_on
from sim.engine.state import SURVEYS
from sim.kernels import places


def choose_once(city: RunningCity, day: date) -> None:
    """Let every household choose once, the oldest child first, and survey all households.

    day : the first simulated one
    """
    families, ages = city.world.families, ages_on(day)
    rewrite_all(city, day)
    for q, instrument in enumerate(city.instruments):
        if instrument.start is not None and instrument.start < day:
            begin(city, q, day)
    city.write_tariff(day)
    everyone = np.flatnonzero(
        (families.birth > dates.school_year_cut(day))
        & (families.birth <= dates.months_before(day, dates.BAND_FROM_MONTHS[0]))
    ).astype(np.int32)
    order = np.lexsort((families.id[everyone], families.birth[everyone]))
    places.serve(everyone[order], day.toordinal(), ages, city.inputs)
    city.month.events[:] = city.month.lists[:] = 0
    if city.cache.market.asks_demand:
        for part in range(SURVEYS):  # later, one part a month
            survey(city, day, part)
