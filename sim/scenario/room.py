"""Whether a city has room for all that a policy opens, as it is and thinned to the scale of its run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from sim import dates
from sim.policy.instrument import Instrument, Opening
from sim.policy.thinning import thinned
from sim.scenario.clock import RunFacts
from sim.scenario.fitness import Trouble, instrument_troubles
from sim.world.city import CityFacts
from sim.world.supply import cells, reserved_by_kind, standing_by_kind

_ONE_AT_LEAST = "a number of which run.scale {:g} leaves one at least, shared out among the policy's instruments"


@dataclass(frozen=True)
class Ground:
    """What every policy of a scenario is brought into: its clock, its city and the city's standing programmes."""

    run: RunFacts
    city: CityFacts
    standing: tuple[Instrument, ...]


@dataclass(frozen=True)
class _Begun:
    """Something that is opened, and the months in which the instrument begins and in which it is still being built."""

    month: int
    building_to: int
    opening: Opening


def policy_troubles(ground: Ground, chain: Sequence[Instrument]) -> Iterator[tuple[int, Trouble]]:
    """What does not fit of a policy's instruments, each by its position: by itself, or for want of room."""
    for n, instrument in enumerate(chain):
        yield from ((n, trouble) for trouble in instrument_troubles(ground.run, ground.city, instrument, own=True))
    yield from room_troubles(ground, chain)


def room_troubles(ground: Ground, chain: Sequence[Instrument]) -> Iterator[tuple[int, Trouble]]:
    """What the instruments of a chain would open and the city has no room for, in whole or thinned; told once each.

    The city's standing programmes take their room first, then whoever of the chain begins first.
    """
    run, city = ground.run, ground.city
    wanted = [(n, opening) for n, i in enumerate(chain) if (opening := _fitting(i, city)) is not None]
    wanted.sort(key=lambda one: chain[one[0]].start or run.counted_from)
    told = set[int]()
    for scale in dict.fromkeys((1.0, run.scale)) if wanted else ():
        thin = thinned(chain, scale)
        others = _begun(thinned(ground.standing, scale), city, dates.date_in(run.first_month))
        for n, written in wanted:
            mine = _begun(thin[n : n + 1], city, run.counted_from)
            expected = _lacking(mine[0], others, city, scale) if mine else _ONE_AT_LEAST.format(scale)
            others += mine
            if expected is not None and n not in told:
                told.add(n)
                yield n, ((written.parameter,), written.count, expected)


def _fitting(instrument: Instrument, city: CityFacts) -> Opening | None:
    """What an instrument opens, if the city has the kind and the districts; what it lacks is told of by itself."""
    opening = instrument.opening()
    if opening is None or opening.kind not in [kind.name for kind in city.supply.kind]:
        return None
    return opening if {*opening.districts} <= {district.name for district in city.district} else None


def _begun(chain: Sequence[Instrument], city: CityFacts, first: date) -> list[_Begun]:
    """What a chain opens; an instrument without a first day begins on `first`."""
    months = [dates.month_of(instrument.start or first) for instrument in chain]
    return [
        _Begun(month, month + instrument.months_to_build, opening)
        for month, instrument in zip(months, chain, strict=True)
        if (opening := _fitting(instrument, city)) is not None
    ]


def _lacking(mine: _Begun, others: Sequence[_Begun], city: CityFacts, scale: float) -> str | None:
    """What should have been opened where there is no room beside what others have; None if there is."""
    opening = mine.opening
    alike = [o for o in others if (o.opening.kind, o.opening.new) == (opening.kind, opening.new)]
    if opening.new:
        return _lacking_sites(opening, [o.opening for o in alike], city, scale)
    return _lacking_classes(opening, sum(o.opening.count for o in alike if mine.month <= o.building_to), city, scale)


def _lacking_sites(opening: Opening, others: Sequence[Opening], city: CityFacts, scale: float) -> str | None:
    """Sites stay taken. In some districts there are those that nobody has taken who is bound to them, and so in all."""
    kept = cells(reserved_by_kind(city.supply, scale), city.district)[_index(opening, city)]
    for where in dict.fromkeys((opening.districts, ())):
        here = np.array([not where or district.name in where for district in city.district])
        taken = sum(o.count for o in others if not where or (o.districts and {*o.districts} <= {*where}))
        what = f"the sites that city.supply.reserved_sites keeps for {opening.kind}"
        what += f" in {', '.join(where)}" if where else ""
        expected = _at_most(
            int(kept[here].sum()) - taken, opening, what + ", less those of others" * (taken > 0), scale
        )
        if expected is not None:
            return expected
    return None


def _lacking_classes(opening: Opening, building: int, city: CityFacts, scale: float) -> str | None:
    """An institution that stands at the start takes one class at a time, if it takes any."""
    kind = _index(opening, city)
    stand = int(standing_by_kind(city.supply, scale)[kind]) if city.supply.kind[kind].children_limit == 0 else 0
    what = f"the institutions of kind {opening.kind} that can take a class"
    return _at_most(stand - building, opening, what + ", less those that build for others" * (building > 0), scale)


def _index(opening: Opening, city: CityFacts) -> int:
    return [kind.name for kind in city.supply.kind].index(opening.kind)


def _at_most(room: int, opening: Opening, what: str, scale: float) -> str | None:
    """What is expected where more is opened than there is room for; None where it fits."""
    if opening.count <= room:
        return None
    most = f"at most {max(room, 0)}"
    return f"{most}, {what}" if scale == 1 else f"a number that run.scale {scale:g} thins to {most}, {what}"
