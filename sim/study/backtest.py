"""A back-test between two dates: how much of a published rise of take-up do known changes explain in one city?

Two scenario files have one clock and one luck: a city left as it was, and the same with what changed until a later
figure was published. Each table in which they differ is put in alone, then all together. Take-up is read at the last
month's end, in the same season in all. What is left is told like what is explained; nothing is fitted to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.recorder import ROW
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of
from sim.scenario.schema import Scenario
from sim.study.intervals import mean
from sim.study.moments import Window
from sim.study.targets import Target, published
from sim.world.institutions import PARTS_OF_A_PLACE

# tables of the city in which a change may lie, in the order in which they are told
TABLES = ("trends", "supply", "births", "income", "families", "classes", "costs", "district")
STANDING = "instrument"  # and the programmes that stand: each by itself where those of before stand on
NOTHING, ALL = "nothing", "all of these"
TAKE_UP, FEE, PLACES, CHILDREN, FILLED = range(5)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """The earlier city with none, one or all of the changes.

    name : the keys that differ, as a scenario file has them
    """

    name: str
    window: Window


@dataclass(frozen=True)
class Line:
    """What a world has come to at the end of the last month.

    figures : float64 (draws, 5)  children under three enrolled ÷ children under three; posted full-day fee weighted by
        places [yuan a month]; places, and children under three, of the thinned city; full-time equivalents ÷ places
    """

    name: str
    figures: Floats


@dataclass(frozen=True)
class Backtest:
    """What was published before and after, and what the worlds came to: without a change first, with all last."""

    before: Target
    after: Target
    lines: tuple[Line, ...]

    @property
    def rise(self) -> float:
        """The published rise of take-up [share]."""
        return self.after.centre - self.before.centre

    def moved(self, line: Line) -> Floats:
        """Rise of take-up against the world without a change, of the same draws, float64 (draws,) [share]."""
        return np.asarray(line.figures[:, TAKE_UP] - self.lines[0].figures[:, TAKE_UP])

    @property
    def left(self) -> Floats:
        """What all changes together leave of the published rise, by draw, float64 (draws,) [share]."""
        return self.rise - self.moved(self.lines[-1])


def worlds(earlier: Scenario, later: Scenario, scale: float) -> list[World]:
    """The earlier city without a change, with each table in which the later differs from it, and with all of them.

    What a number rests on, and what figures are published, is no difference. scale : share of the city
    Raises ValueError where the clocks differ, or the cities do not.
    """
    here, there = Window.of(earlier, scale), Window.of(later, scale)
    if here.run != there.run:
        raise ValueError("found another [run] in the second file, expected one clock and one luck in both")
    changed = []
    for table in TABLES:
        theirs = getattr(there.facts, table)
        keys = list(_differing(_plain(getattr(here.facts, table)), _plain(theirs), table))
        if keys:
            facts = here.facts.model_copy(update={table: theirs})
            changed.append(World(", ".join(keys), replace(here, facts=facts)))
    changed += [World(name, replace(here, standing=chain)) for name, chain in _programmes(here, there)]
    if not changed:
        raise ValueError("found the same city in both files, expected numbers that differ")
    whole = here.facts.model_copy(update={table: getattr(there.facts, table) for table in TABLES})
    return [World(NOTHING, here), *changed, World(ALL, replace(here, facts=whole, standing=there.standing))]


def backtest(earlier: Scenario, later: Scenario, scale: float, replications: int) -> Backtest:
    """Run the earlier city without a change, with each alone and with all, over the same draws, without a policy.

    scale : share of the city; replications : draws of it
    Raises ValueError as `worlds`, or where a city has no `[city.published]`.
    """
    before, after = published(earlier)[0], published(later)[0]
    lines = tuple(Line(one.name, _measured(one.window, range(replications))) for one in worlds(earlier, later, scale))
    return Backtest(before, after, lines)


def _programmes(here: Window, there: Window) -> Iterator[tuple[str, tuple[Instrument, ...]]]:
    """Yield the changes of standing programmes: one for each that has come, or one for all where any has gone."""
    if not all(one in there.standing for one in here.standing):
        yield STANDING, there.standing
        return
    for one in there.standing:
        if one not in here.standing:
            yield f"{STANDING}.{kind_of(one)}", (*here.standing, one)


def _measured(window: Window, draws: Sequence[int]) -> Floats:
    """Figures of a world at the last month's end, float64 (draws, 5)."""
    out = np.empty((len(draws), 5))
    for row, number in zip(out, draws, strict=True):
        last = window.replication(number).baseline().totals[:, -1, 0]
        row[TAKE_UP] = last[ROW["enrolled_under_36"]] / last[ROW["children"]]
        row[FEE] = last[ROW["fee_place_thirds_fen"]] / last[ROW["full_day_place_thirds"]] / 100
        row[PLACES], row[CHILDREN] = last[ROW["place_thirds"]] / 3, last[ROW["children"]]
        row[FILLED] = last[ROW["full_time_sixtieths"]] / PARTS_OF_A_PLACE / row[PLACES]
    return out


def _plain(table: Any) -> Any:
    """What a table of the city says, without what its numbers rest on."""
    if isinstance(table, tuple):
        return [_plain(row) for row in table]
    return _unsourced(table.model_dump()) if hasattr(table, "model_dump") else table


def _unsourced(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsourced(inner) for key, inner in value.items() if key != "source"}
    return [_unsourced(inner) for inner in value] if isinstance(value, list | tuple) else value


def _differing(mine: Any, theirs: Any, at: str) -> Iterator[str]:
    """Yield the keys below one at which two values differ; a list, and a table of free names, is one key."""
    if mine == theirs:
        return
    tables = isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys()
    if not tables or any(key.isdigit() for key in mine):
        yield at
        return
    for key in mine:
        yield from _differing(mine[key], theirs[key], f"{at}.{key}")


# ---------------------------------------------------------------------------------------------------------
# as a table


def as_markdown(test: Backtest) -> Iterator[str]:
    """The worlds as a table, what was published, what is left, and what would be at the ends of its range."""
    base = test.lines[0].figures.mean(axis=0)
    yield _row(
        "what changes", "take-up", "points", "of the rise", "mean fee", "places", "filled", "children under three"
    )
    yield "|" + "---|" * 8
    for n, line in enumerate(test.lines):
        figures = line.figures.mean(axis=0)
        moved = test.moved(line)
        told = ("", "") if n == 0 else (_points(moved), _part(moved, test.rise))
        name = line.name if line.name in (NOTHING, ALL) else f"`{line.name}`"
        places, children = (_change(figures[which] / base[which]) for which in (PLACES, CHILDREN))
        fee, filled = f"{figures[FEE]:,.0f} yuan", f"{figures[FILLED]:.0%}"
        yield _row(name, f"{figures[TAKE_UP]:.2%}", *told, fee, places, filled, children)
    rise = f"{test.before.centre:.2%} to {test.after.centre:.2%}"
    yield _row("published", rise, f"{100 * test.rise:+.2f}", "100%", "", "", "", "")
    yield _row("left", "", _points(test.left), _part(test.left, test.rise), "", "", "", "")
    yield ""
    low, high = (100 * (end - test.after.centre + test.left.mean()) for end in (test.after.low, test.after.high))
    yield (
        f"Of a later take-up of {test.after.low:.3g} or {test.after.high:.3g}, the ends of its range, {low:+.2f} or "
        f"{high:+.2f} points are left. Intervals are 95 % for luck, paired; what is not known of demand is in none."
    )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _part(shares: Floats, rise: float) -> str:
    """Of the published rise, in percent; nothing where it is none."""
    return f"{shares.mean() / rise:.0%}" if rise else ""


def _change(ratio: float) -> str:
    """A ratio to the world without a change, as a change."""
    return f"{ratio - 1:+.0%}" if round(ratio, 2) != 1 else "as before"


def _points(shares: Floats) -> str:
    """Percentage points, mean over draws, with Student's interval where there are several."""
    told = mean(100 * shares)
    ends = "" if told.low is None else f" ({told.low:+.2f} to {told.high:+.2f})"
    return f"{told.value:+.2f}{ends}"


__all__ = ["ALL", "NOTHING", "STANDING", "TABLES", "Backtest", "Line", "World", "as_markdown", "backtest", "worlds"]
