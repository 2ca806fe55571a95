"""Whether a city has room for all that a policy opens, as it is and thinned to the scale of its run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

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
    """Something that is opened, the day on which the instrument begins, and the last month in which it is built."""

    day: date
    building_to: int
    opening: Opening


def policy_troubles(ground: Ground, chain: Sequence[Instrument]) -> Iterator[tuple[int, Trouble]]:
    """What does not fit of a policy's instruments, each by its position: by itself, or for want of room."""
    for n, instrument in enumerate(chain):
        yield from ((n, trouble) for trouble in instrument_troubles(ground.run, ground.city, instrument, own=True))
    yield from room_troubles(ground, chain)


def room_troubles(ground: Ground, chain: Sequence[Instrument]) -> Iterator[tuple[int, Trouble]]:
    """What the instruments of a chain would open and the city has no room for, in whole or thinned; told once each.

    Whoever begins first takes its room first; of those that begin on a day the city's standing programmes do.
    """
    run, city = ground.run, ground.city
    wanted = [(n, opening) for n, i in enumerate(chain) if (opening := _fitting(i, city)) is not None]
    first = dates.date_in(run.first_month)
    wanted.sort(key=lambda one: max(chain[one[0]].start or run.counted_from, first))
    told = set[int]()
    for scale in dict.fromkeys((1.0, run.scale)) if wanted else ():
        thin = thinned(chain, scale)
        others = _begun(thinned(ground.standing, scale), city, first, first)
        for n, written in wanted:
            mine = _begun(thin[n : n + 1], city, run.counted_from, first)
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


def _begun(chain: Sequence[Instrument], city: CityFacts, usual: date, first: date) -> list[_Begun]:
    """What a chain opens; one without a first day begins on the usual, none before the first simulated."""
    days = [max(instrument.start or usual, first) for instrument in chain]
    return [
        _Begun(day, dates.month_of(day) + instrument.months_to_build, opening)
        for day, instrument in zip(days, chain, strict=True)
        if (opening := _fitting(instrument, city)) is not None
    ]


def _lacking(mine: _Begun, others: Sequence[_Begun], city: CityFacts, scale: float) -> str | None:
    """What should have been opened where there is no room beside what others have; None if there is."""
    opening = mine.opening
    alike = [o for o in others if (o.opening.kind, o.opening.new) == (opening.kind, opening.new)]
    if opening.new:
        return _lacking_sites(mine, alike, city, scale)
    building = [
        o for o in alike if dates.month_of(mine.day) <= o.building_to and dates.month_of(o.day) <= mine.building_to
    ]
    return _lacking_classes(opening, sum(o.opening.count for o in building), city, scale)


def _lacking_sites(mine: _Begun, others: Sequence[_Begun], city: CityFacts, scale: float) -> str | None:
    """Sites stay taken, and are drawn by lot: there are enough if there are whichever fall to those before.

    As many as do not keep those that begin after it from theirs.
    """
    opening = mine.opening
    kept = cells(reserved_by_kind(city.supply, scale), city.district)[_index(opening, city)]
    turns = sorted([*others, mine], key=lambda one: one.day)
    here = [_within(one.opening, city) for one in turns]

    def left(n: int, before: Sequence[int]) -> int:
        """Sites in the districts of the n-th that are left for sure by those before."""
        taken = sum(min(turns[m].opening.count, int(kept[here[m] & here[n]].sum())) for m in before)
        return int(kept[here[n]].sum()) - taken

    at = next(n for n, one in enumerate(turns) if one is mine)
    room = left(at, range(at))
    for n in range(at + 1, len(turns)):
        spare = left(n, [m for m in range(n) if m != at]) - turns[n].opening.count
        room = min(room, spare) if kept[here[n] & here[at]].sum() > spare else room
    what = f"the sites that city.supply.reserved_sites keeps for {opening.kind}"
    what += f" in {', '.join(opening.districts)}" if opening.districts else ""
    shared = room < int(kept[here[at]].sum())
    return _at_most(room, opening, what + ", less those that may fall to others" * shared, scale)


def _within(opening: Opening, city: CityFacts) -> NDArray[np.bool_]:
    """Districts in which it opens, bool (districts,)."""
    return np.array([not opening.districts or district.name in opening.districts for district in city.district])


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
