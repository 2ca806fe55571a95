"""Rest: what moves in a city where nothing is changed, and where it stands when its places were counted.

Births are the same every year, nothing more is planned, no trend and no policy begins. What still moves is the start
that has not settled, luck, or a fault of the rules.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import ROW, Record
from sim.scenario.schema import Scenario
from sim.study.intervals import mean
from sim.study.moments import Window
from sim.world.city import CityFacts
from sim.world.trends import TrendFacts

BEFORE = 36  # months of burn-in, so that what moves is not the start
YEARS = 4  # that are run; the change a year is that from the first to the last
FIGURES = ("inclusive share", "places", "institutions", "posted fee", "take-up")
INCLUSIVE, PLACES, INSTITUTIONS, FEE, TAKE_UP = range(len(FIGURES))
OLDEST = 5  # years of age that no child in care passes
WITHIN = 0.01  # a year, within which a figure stands
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """A city left to itself.

    city : its name
    years : float64 (draws, YEARS, 5)  means of a year's month-ends of the figures; places and institutions of the
        whole city
    counted : float64 (draws, 5)  figures at the first month-end
    file : float64 (5,)  what the city's file says of them, nan where it says nothing
    """

    city: str
    years: Floats
    counted: Floats
    file: Floats

    @property
    def moved(self) -> Floats:
        """Change a year of each figure, from the first year to the last, float64 (draws, 5) [share of it]."""
        ends = self.years[:, -1] / self.years[:, 0]
        return np.asarray(ends ** (1 / (YEARS - 1)) - 1)

    def stands(self, figure: int) -> bool:
        """Return whether a figure moves by less than `WITHIN` a year, or by no more than luck's interval allows."""
        told = mean(self.moved[:, figure])
        inside = told.low is not None and told.high is not None and told.low <= 0 <= told.high
        return inside or (told.value is not None and abs(told.value) < WITHIN)


def left_alone(scenario: Scenario, scale: float) -> Window:
    """The scenario's city for `YEARS` from its start, with births as in that year and nothing that begins later."""
    window, start = Window.of(scenario, scale), scenario.run.start
    until = dates.date_in(dates.month_of(start) + 12 * YEARS) - timedelta(days=1)
    run = window.run.model_copy(update={"count_from": start, "until": until, "burn_in_months": BEFORE})
    stands = (i for i in window.standing if i.start is not None and i.start <= start)
    standing = tuple(i.model_copy(update={"until": until}) for i in stands)
    return replace(window, facts=still(window.facts, start.year, until.year), run=run, standing=standing)


def still(city: CityFacts, year: int, last: int) -> CityFacts:
    """A city with one year's births in every year, no trend, nothing planned. Raises ValueError without that year."""
    births = city.births.by_year
    if str(year) not in births:
        raise ValueError(f"found no births of {year}, the year in which the scenario starts")
    by_year = {str(y): births[str(year)] for y in range(year - 1 - BEFORE // 12 - OLDEST, last + 1)}
    return city.model_copy(
        update={
            "births": city.births.model_copy(update={"by_year": by_year}),
            "supply": city.supply.model_copy(update={"planned_per_year": 0.0}),
            "trends": TrendFacts(),
        }
    )


def measure(scenario: Scenario, scale: float, replications: int) -> Standing:
    """Run a scenario's city by itself. Raises ValueError as `still`."""
    window, facts = left_alone(scenario, scale), scenario.city
    months = np.stack([_figures(window.replication(r).baseline()) for r in range(replications)])
    months[:, :, [PLACES, INSTITUTIONS]] /= scale
    years = months.reshape(replications, YEARS, 12, len(FIGURES)).mean(axis=2)
    file = np.full(len(FIGURES), np.nan)
    file[[INCLUSIVE, PLACES, INSTITUTIONS]] = (
        facts.supply.inclusive_share, facts.supply.places, facts.supply.institutions,
    )  # fmt: skip
    if facts.supply.mean_fee > 0:
        file[FEE] = facts.supply.mean_fee
    if facts.published is not None:
        file[TAKE_UP] = facts.published.take_up
    return Standing(facts.name, years, months[:, 0], file)


def _figures(record: Record) -> Floats:
    """The figures at each month-end, float64 (months, 5)."""
    total = {name: record.totals[row, :, 0].astype(float) for name, row in ROW.items()}
    return np.column_stack(
        [
            total["inclusive_place_thirds"] / total["place_thirds"],
            total["place_thirds"] / 3,
            total["institutions"],
            total["fee_place_thirds_fen"] / total["full_day_place_thirds"] / 100,
            total["enrolled_under_36"] / total["children"],
        ]
    )


# ---------------------------------------------------------------------------------------------------------
# as a table


def as_markdown(cities: Sequence[Standing]) -> Iterator[str]:
    """Change a year of each figure by city, and where each stood at the first month-end beside its file."""
    yield "Change a year, first to fourth, with 95 % intervals for luck; bold where a figure does not stand."
    yield ""
    yield from _table(cities, _change)
    yield ""
    yield "At the end of the first month, and in brackets what the city's file says."
    yield ""
    yield from _table(cities, _level)


def _table(cities: Sequence[Standing], cell: Callable[[Standing, int], str]) -> Iterator[str]:
    """A row per city, a column per figure."""
    yield _row("city", *FIGURES)
    yield "|" + "---|" * (1 + len(FIGURES))
    for one in cities:
        yield _row(one.city, *(cell(one, figure) for figure in range(len(FIGURES))))


def _change(one: Standing, figure: int) -> str:
    told = mean(100 * one.moved[:, figure])
    ends = "" if told.low is None else f" ({told.low:+.1f} to {told.high:+.1f})"
    text = f"{told.value:+.1f} %{ends}"
    return text if one.stands(figure) else f"**{text}**"


def _level(one: Standing, figure: int) -> str:
    form = {INCLUSIVE: "{:.1%}", TAKE_UP: "{:.1%}", FEE: "{:,.0f} yuan"}.get(figure, "{:,.0f}")
    said = "" if np.isnan(one.file[figure]) else f" ({form.format(one.file[figure])})"
    return form.format(one.counted[:, figure].mean()) + said


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


__all__ = ["FIGURES", "WITHIN", "YEARS", "Standing", "as_markdown", "left_alone", "measure", "still"]
