"""Whether what is in order by itself fits together: a city its clock, an instrument both.

What doesn't is a trouble: the key path, the value there, and what was expected.
"""

from collections.abc import Iterator
from datetime import date

from sim import dates
from sim.policy.instrument import Instrument
from sim.scenario.clock import LAST_YEAR, RunFacts
from sim.scenario.faults import KeyPath, one_of
from sim.world.city import CityFacts
from sim.world.supply import planned_classes

MOST_INSTITUTIONS = 32_000  # candidates are 16-bit
MOST_CHILDREN = 20_000_000
LEAST_CHILDREN = 100

Trouble = tuple[KeyPath, object, str]


def city_troubles(run: RunFacts, city: CityFacts) -> Iterator[Trouble]:
    """Births for every year of the run, a number of children and institutions that fits, and places for them."""
    by_year, supply = city.births.by_year, city.supply
    first = date.fromordinal(dates.school_year_cut(dates.date_in(run.first_month))).year
    missing = [str(year) for year in range(first, run.until.year + 1) if str(year) not in by_year]
    for year in missing:
        yield ("city", "births", "by_year", year), None, f"the births of {year}"
    children = sum(by_year.get(str(year), 0) for year in range(first, run.until.year + 1))
    if children * run.scale > MOST_CHILDREN:
        most = f"at most {MOST_CHILDREN / children:.3g}: the program holds {MOST_CHILDREN:,} children"
        yield ("run", "scale"), run.scale, most
    elif not missing and children * run.scale < LEAST_CHILDREN:
        yield ("run", "scale"), run.scale, "a city of at least a hundred children"
    services = max(len(kind.services) for kind in supply.kind)
    institutions = supply.institutions * run.scale * (1 + services)
    for key, count in (("institutions", supply.institutions), ("places", supply.places)):
        if count == 0:
            yield ("city", "supply", key), count, f"{key} of which there is at least one: nobody could enrol anywhere"
    if institutions > MOST_INSTITUTIONS:
        yield (
            ("run", "scale"),
            run.scale,
            f"at most {MOST_INSTITUTIONS} institutions and their services, not {institutions:.0f}",
        )
    elif supply.institutions and supply.places and not planned_classes(supply, city.classes, run.scale).any():
        at = ("city", "supply", "places") if run.scale == 1 else ("run", "scale")
        yield at, supply.places if run.scale == 1 else run.scale, "places that fill at least one class"


def instrument_troubles(run: RunFacts, city: CityFacts, instrument: Instrument, own: bool) -> Iterator[Trouble]:
    """A window inside the run, and only kinds of institution and birth orders that the city has.

    own : the instrument is a policy's, which begins with the run; the city's may stand before
    Key paths begin at the instrument's table.
    """
    start, until = instrument.start, instrument.until
    if start is not None and start > run.until:
        yield ("start",), start, f"a date on or before run.until ({run.until})"
    elif own and start is not None and start < run.start:
        yield ("start",), start, f"a date on or after run.start ({run.start})"
    elif until is not None and (until.year > LAST_YEAR or until < (start or run.counted_from)):
        expected = f"a date on or after its start ({start or run.counted_from}) and before {LAST_YEAR + 1}"
        yield ("until",), until, expected
    known = [kind.name for kind in city.supply.kind]
    for where, name in instrument.kinds_named().items():
        if name not in known:
            yield where, name, one_of(known, name)
    districts = [district.name for district in city.district]
    for where, name in instrument.districts_named().items():
        if name not in districts:
            yield where, name, one_of(districts, name)
    orders = range(1, len(city.births.order_shares) + 1)
    for n, order in enumerate(getattr(instrument, "birth_orders", ())):
        if order not in orders:
            yield ("birth_orders", n), order, f"a birth order of the city, 1 to {len(orders)}"
