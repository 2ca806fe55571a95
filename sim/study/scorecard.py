"""Score card of a city: every figure it is fitted to and every one it is only checked against, with what is reached.

All are measured on one set-up: the city of a scenario file under its clock, without a policy, at one scale, over the
same draws. A miss is listed like a hit, with its likely cause.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sim import dates
from sim.engine.recorder import ROW, Record
from sim.policy.quality_programme import QualityProgramme
from sim.scenario.schema import Scenario
from sim.study.calibration import figures_of
from sim.study.moments import COLOURS, Window, elasticities
from sim.study.survey import Asked, Survey
from sim.study.targets import Target, targets_of
from sim.world.institutions import PARTS_OF_A_PLACE

GOOD = 1.09  # standard deviations by which the mean of the best third of a normal trait lies above that of all
OCTOBER = 9  # counted from 0: the month whose end published stocks are nearest to


@dataclass(frozen=True)
class Check:
    """A figure that nothing was fitted to.

    low, high : range in which it is published, or derived to lie
    cause : the likely cause where it lies outside
    """

    name: str
    words: str
    low: float
    high: float
    source: str
    cause: str


CHECKS = (
    Check(
        "utilisation", "full-time equivalents enrolled ÷ places, end of October", 0.467, 0.52,
        "46.7 % of the nation's places in 2023 (State Council report, September 2024), nearly half empty in October "
        "2025 (China Daily, 9 December 2025)",
        "take-up is fitted, places are published: their ratio is whatever children under three are to places",
    ),
    Check(
        "past_three", "enrolled past 36 months among the enrolled, end of October", 0.0, 0.15,
        "derived: 6.67 million places, 52 % of them filled, over 26.8 million children under three are 12.9 %, where "
        "12 % are published (China Daily, 9 December 2025): 7 %",
        "who turns three in September or October stays until the next 1 September; entry near three may be rarer",
    ),
    Check(
        "places", "places at the end of the counted window's first month ÷ those of the city's file", 0.95, 1.05,
        "the city's file",
        "owners order classes in the warm-up, before the date at which places were published",
    ),
    Check(
        "too_far", "of those who want care and don't use it, those who would if it were next door", 0.15, 0.35,
        "25 % name distance (online survey, Taiyuan Evening News, January 2025)",
        "families weigh the nearest institutions alone, and a survey's answers are not exclusive",
    ),
    Check(
        "too_poor",
        "of those who want care and don't use it, those who would if all were as much better as the best third is",
        0.40, 0.60,
        "about 50 % name quality (online survey, Taiyuan Evening News, January 2025)",
        "what quality is worth comes from a choice experiment on kindergartens",
    ),
)  # fmt: skip

_BORROWED = "; cities beside Xi'an borrow all but their tastes for bands"
_FEW_PLACES = "not tested; where places of the bands in demand are short, a lower fee wins few" + _BORROWED
CAUSES = {
    "infant_share": "few classes there admit infants",
    "market_elasticity": _FEW_PLACES,
    "institution_elasticity": _FEW_PLACES,
    "wants_care": "with the share that accepts 2,000 yuan and take-up it says one thing too many" + _BORROWED,
    "accepts_2000": "take-up ÷ those who want care is already near 30 %, at fees near 2,000 yuan" + _BORROWED,
}


@dataclass(frozen=True)
class Line:
    """One figure of a city: what was wanted, what is reached in each draw."""

    wanted: Target | Check
    reached: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the draws."""
        return float(np.mean(self.reached))

    @property
    def met(self) -> bool:
        """Return whether the mean lies in the range."""
        return self.wanted.low <= self.mean <= self.wanted.high

    @property
    def cause(self) -> str:
        """The likely cause of a miss; nothing for a hit."""
        if self.met:
            return ""
        return self.wanted.cause if isinstance(self.wanted, Check) else CAUSES.get(self.wanted.name, "not known")


def score(scenario: Scenario, scale: float, replications: int) -> list[Line]:
    """All lines of a scenario's city, the fitted first. Raises ValueError if the city has no `[city.published]`.

    scale : share of the city; replications : draws of it
    """
    window, numbers = Window.of(scenario, scale), range(replications)
    seen = [figures_of(window, number) | checked(window, number) for number in numbers]
    for number, figures in zip(numbers, seen, strict=True):
        response = elasticities(window, [number], COLOURS)
        figures |= {"market_elasticity": response.market, "institution_elasticity": response.institution}
        figures |= {name: getattr(scenario.city.families, name) for name in ("renewal", "taste_sd")}
    wanted: list[Target | Check] = [*targets_of(scenario), *CHECKS]
    return [Line(w, tuple(f[w.name] for f in seen)) for w in wanted]


def checked(window: Window, number: int) -> dict[str, float]:
    """The figures of one draw that nothing was fitted to, by the names of the checks."""
    city, month = window.replication(number), dates.month_of(window.run.counted_from)
    city.prepare({month})
    record = city.baseline()
    survey = Survey(city, month)
    today, free = survey.ask().share, survey.ask((Asked(fee=0.0),)).share
    near = Survey(city, month, nearer=1.0).ask().share
    good = survey.ask((QualityProgramme(quality=GOOD, standing="any"),)).share
    lacking = float((free - today).sum())
    return at_end_of(OCTOBER, record) | {
        "places": float(record.totals[ROW["place_thirds"], 0, 0]) / 3 / (window.facts.supply.places * window.scale),
        "too_far": float(np.minimum(near - today, free - today).sum()) / lacking,
        "too_poor": float(np.minimum(good - today, free - today).sum()) / lacking,
    }


def at_end_of(month: int, record: Record) -> dict[str, float]:
    """Stocks at the ends of one month of the year, of all of the record if it has none of these."""
    ends = np.array([(record.first + m) % dates.YEAR == month for m in range(record.months())])
    ends = ends if ends.any() else np.ones_like(ends)
    total = {name: float(record.totals[ROW[name], ends, 0].sum()) for name in STOCKS}
    return {
        "utilisation": 3 * total["full_time_sixtieths"] / PARTS_OF_A_PLACE / total["place_thirds"],
        "past_three": 1 - total["enrolled_under_36"] / total["enrolled"],
    }


STOCKS = ("full_time_sixtieths", "place_thirds", "enrolled", "enrolled_under_36")


def share_of(scenario: Scenario, children: int) -> float:
    """Scale at which a city has about so many children under three; 1 where it has fewer.

    Raises ValueError where the city has no births of the counted window's first year.
    """
    year, births = str(scenario.run.counted_from.year), scenario.city.births.by_year
    if year not in births:
        raise ValueError(f"the city has no births of {year}")
    return min(1.0, children / (3 * births[year]))


def as_markdown(cards: Mapping[str, list[Line]]) -> Iterator[str]:
    """Cards of several cities as one table, by the cities' names, then the misses with their likely causes.

    What is missed is bold. A range that is the city's own stands in its cell. Of each figure one cause is given, for
    all cities that miss it.
    """
    yield "| | figure | range | " + " | ".join(cards) + " |"
    yield "|---|---|---|" + "---|" * len(cards)
    for row in zip(*cards.values(), strict=True):
        kind = "fitted" if isinstance(row[0].wanted, Target) else "check"
        ranges = [f"{line.wanted.low:.3g} to {line.wanted.high:.3g}" for line in row]
        common = len(set(ranges)) == 1
        cells = [_cell(line) if common else f"{_cell(line)} ({own})" for line, own in zip(row, ranges, strict=True)]
        yield f"| {kind} | {row[0].wanted.words} | {ranges[0] if common else 'by city'} | " + " | ".join(cells) + " |"
    yield ""
    yield "Misses:"
    yield ""
    for row in zip(*cards.values(), strict=True):
        missed = [name for name, line in zip(cards, row, strict=True) if not line.met]
        if missed:
            cause = next(line.cause for line in row if not line.met)
            yield f"- {row[0].wanted.words}: {', '.join(missed)}. Likely cause: {cause}."


def _cell(line: Line) -> str:
    """The mean, bold if it is missed; with as many digits more as show that it is."""
    if line.met:
        return f"{line.mean:.3g}"
    ends = line.wanted.low, line.wanted.high
    digits = next(n for n in range(3, 18) if not ends[0] <= float(f"{line.mean:.{n}g}") <= ends[1])
    return f"**{line.mean:.{digits}g}**"


__all__ = ["CHECKS", "Check", "Line", "as_markdown", "at_end_of", "checked", "score", "share_of"]
