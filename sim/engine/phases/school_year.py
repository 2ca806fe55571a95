"""1 September: kindergarten begins."""

from datetime import date, timedelta

import numpy as np

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.replication_cache import ages_on
from sim.kernels import places


def leave_for_kindergarten(city: RunningCity, day: date) -> None:
    """Remove children aged three by 31 August, and reassign their seats."""
    first, last = dates.school_year_cut(day - timedelta(days=1)), dates.school_year_cut(day)
    birth = city.world.families.birth
    leavers = np.flatnonzero((birth > first) & (birth <= last)).astype(np.int32)
    none, today = np.zeros(0, np.int64), day.toordinal()
    gone = places.remove_children(leavers, places.AGED_OUT, none, today, ages_on(day), city.inputs)
    city.state.chronicle.count(city.row(day), "exits", gone)
    city.sort_into_groups(dates.month_of(day))
