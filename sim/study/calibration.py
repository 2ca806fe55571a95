"""Fit the free constants of a city to what is published of it.

Two loops. The inner one moves the taste for each band until the enrolled of each band are right; the outer one moves
the share open to care, price sensitivity, dispersion of taste, income power, renewal and stickiness by least squares
(`sim.study.search`) until what families say, elasticities and stays are. All simulations share the same luck, so the
figures move smoothly, but for their grain. What the fit knows, and draws of it, follow from the slopes where it ended.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sim import dates
from sim.scenario.schema import Scenario
from sim.scenario.settings import COMMAND_LINE
from sim.study.disk import write_whole
from sim.study.laplace import Laplace, laplace_of, place_of, values_at
from sim.study.moments import (
    COLOURS,
    Window,
    elasticities,
    enrolled_by_band,
    income_elasticity,
    stays_of,
    switching,
    take_up_by_band,
    take_up_under_36,
    without_first_month,
)
from sim.study.search import ROUNDS, both_ways, converge
from sim.study.survey import Asked, Survey
from sim.study.targets import BANDS_PINNED_BY, WANTED_AT, Target, published, targets_of

Floats = NDArray[np.float64]

FITTED = (
    "open_share",
    "sensitivity",
    "taste_sd",
    "income_power",
    "renewal",
    "stickiness",
)  # the outer loop's constants
BANDS = "band_taste"  # the inner loop's
BAND_ROUNDS = 12  # simulations of the inner loop at most
BAND_PRECISION = 0.01  # log units of the enrolled of a band at which it stops
BAND_MISSED = 0.05  # log units at which it has failed: no tastes for bands meet take-up there
SLOPES = (0.1, 2.0)  # of those expected of a band's enrolled, at least and at most
SECANT = 0.1  # units of the shock that a taste has to move for its slope to be seen above the grain
LONG = 0.5  # units of the shock that it has to move for its slope to be believed
GUMBEL_SD = np.pi / np.sqrt(6)


# which figures a constant's source names
PINNED_BY: Mapping[str, tuple[str, ...]] = {
    "open_share": ("wants_care", "accepts_2000"),
    "sensitivity": ("accepts_2000", "institution_elasticity", "market_elasticity"),
    "taste_sd": ("wants_care", "accepts_2000", "market_elasticity", "taste_sd"),
    "income_power": ("income_elasticity",),
    "renewal": ("mean_stay", "short_stays", "switching", "renewal"),
    "stickiness": ("mean_stay", "short_stays", "switching"),
}


@dataclass(frozen=True)
class Constant:
    """A fitted number of the city file: value, range and what it was fitted to.

    low, high : its 95 % interval (`sim.study.laplace`), the others unknown too; of a taste for a band, where it would
        go if take-up and the band's share stood at the ends of their ranges, all else as it is
    """

    value: float
    low: float
    high: float
    source: str

    def text(self) -> str:
        """As a scenario file has it."""
        numbers = f"value = {self.value!r}, low = {self.low!r}, high = {self.high!r}"
        return f'{{ {numbers}, source = "{self.source}" }}'


@dataclass(frozen=True)
class Fit:
    """What calibration found.

    constants : key of [city.families] to its number, or to one for each band
    reached : name of a target to the simulated figure at the constants as they are written
    targets : what was aimed at; missed : targets whose figure lies outside its range
    simulations : cities simulated, forks included; scale, replications : of each
    law : what is known of the outer loop's constants together; none where the bands alone were fitted
    rounds : that the search took; settled : whether it ended because nothing was left to win
    """

    constants: Mapping[str, Constant | tuple[Constant, ...]]
    reached: Mapping[str, float]
    targets: tuple[Target, ...]
    simulations: int
    scale: float
    replications: int
    law: Laplace | None = None
    rounds: int = 0
    settled: bool = True

    @property
    def missed(self) -> tuple[str, ...]:
        """Names of the targets that are outside their range."""
        return tuple(t.name for t in self.targets if not t.low <= self.reached[t.name] <= t.high)

    def reached_targets(self) -> dict[str, float]:
        """What was reached of each target, by its name."""
        return {target.name: self.reached[target.name] for target in self.targets}

    def values(self) -> dict[str, Any]:
        """The constants as `FamilyFacts` takes them."""
        return {
            name: c.value if isinstance(c, Constant) else tuple(one.value for one in c)
            for name, c in self.constants.items()
        }


def calibrate(
    scenario: Scenario,
    scale: float = 0.25,
    replications: int = 1,
    targets: Sequence[Target] | None = None,
    rounds: int = ROUNDS,
    colours: int = COLOURS,
) -> Fit:
    """Fit the free constants of the scenario's city over its counted window, without policies.

    scale : share of the city simulated; replications : draws of the city over which figures are averaged
    targets : those of `targets_of` if left out
    rounds : of the search at most (`search.converge` says when it ends); colours : see `moments.elasticities`
    The constants now in the file are where the search begins. Raises ValueError as `published`, where one of them is
    at an end of what it may be, and where the targets do not tell the constants apart.
    """
    aims = targets_of(scenario) if targets is None else tuple(targets)
    search = _Search(Window.of(scenario, scale), aims, range(replications), colours)
    start = check_start(scenario)

    def look(place: Floats) -> Floats:
        """Figures of the outer targets at a place, float64 (targets,)."""
        reached = search.at(values_at(FITTED, place))
        return np.array([reached[target.name] for target in search.outer])

    found = converge(look, search.outer, start, rounds)
    values = {name: _rounded(value) for name, value in values_at(FITTED, found.place).items()}
    reached = search.at(values, written=True)
    if not reached["met"]:
        raise ValueError("found no tastes for bands that meet [city.published] with any constants, expected some")
    bands = search.band_constants(reached)  # before the slopes move the tastes
    law = laplace_of(FITTED, found.place, both_ways(found.look, found.place), search.outer)
    constants: dict[str, Constant | tuple[Constant, ...]] = {
        name: _constant(value, law.interval(name), search.named(PINNED_BY[name]), reached)
        for name, value in values.items()
    }
    constants[BANDS] = bands
    spent = search.simulations
    return Fit(constants, reached, aims, spent, scale, replications, law, found.rounds, found.settled)


def calibrate_draws(
    scenario: Scenario, fit: Fit, number: int, colours: int = COLOURS
) -> Iterator[tuple[dict[str, Any], dict[str, float]]]:
    """Draw constants jointly from what a fit of the scenario's city knows, the tastes for bands fitted anew at each.

    Each is moved to where its figures are what the fit's slopes foretell of it (`Laplace.straightened`).
    number : of draws; the same for a fit and the scenario's seed, fewer being the first of more
    Yields the constants of [city.families] and the figures that they reach, by the names of the targets, first those of
    the fit itself. A draw at which no tastes meet take-up by band can't be the city's and is passed over. Raises
    ValueError for a fit of the bands alone.
    """
    if fit.law is None:
        raise ValueError("found a fit of the tastes for bands alone, expected one of all constants")
    yield fit.values(), fit.reached_targets()
    law, window = fit.law, _with(Window.of(scenario, fit.scale), fit.values())
    found: dict[bytes, tuple[dict[str, Any], dict[str, float]]] = {}

    def look(place: Floats) -> Floats:
        """Figures of the outer targets at a place, float64 (targets,); what was found there is kept."""
        search = _Search(window, fit.targets, range(fit.replications), colours)  # each from the fit's own tastes
        values = values_at(law.names, place)
        reached = search.at(values)
        found[place.tobytes()] = values | {BANDS: tuple(search.tastes.tolist())}, reached
        return np.array([reached[target.name] for target in search.outer])

    central = look(law.centre)
    for drawn in law.draws(number, scenario.run.seed):
        constants, reached = found[law.straightened(look, central, drawn).tobytes()]
        if reached["met"]:
            yield constants, {target.name: reached[target.name] for target in fit.targets}


def check_start(scenario: Scenario) -> Floats:
    """Where a search begins: places of the constants now in the file, float64 (constants,) in log odds.

    Raises ValueError where a constant is at an end of what it may be.
    """
    return place_of({name: getattr(scenario.city.families, name) for name in FITTED})


def calibrate_bands(
    scenario: Scenario, scale: float = 0.25, replications: int = 1, targets: Sequence[Target] | None = None
) -> Fit:
    """Fit the tastes for the bands alone to the city's own targets, all else as its file has it.

    scale, replications : as in `calibrate`; targets : those of `published` if left out. Raises ValueError as that does.
    """
    aims = published(scenario) if targets is None else tuple(targets)
    search = _Search(Window.of(scenario, scale), aims, range(replications), COLOURS)
    reached = search.bands_at({})
    return Fit(
        {BANDS: search.band_constants(reached)}, reached, search.targets, search.simulations, scale, replications
    )


@dataclass
class _Search:
    """The two loops' memory: the tastes found last, at which sensitivity, their slopes, and how much was simulated."""

    window: Window
    targets: tuple[Target, ...]
    numbers: range
    colours: int
    tastes: Floats = field(init=False)
    sensitivity: float = field(init=False)
    expected: Floats = field(init=False)  # slope of the log of a band's enrolled by its taste, by its take-up
    bent: Floats = field(init=False)  # what it is times that, as steps have shown
    simulations: int = 0

    def __post_init__(self) -> None:
        self.tastes = np.array(self.window.facts.families.band_taste)
        self.sensitivity = self.window.facts.families.sensitivity
        self.expected, self.bent = np.ones(len(self.tastes)), np.ones(len(self.tastes))

    @property
    def slope(self) -> Floats:
        """Slope of the log of a band's enrolled by its taste, float64 (3,)."""
        return self.expected * self.bent

    @property
    def outer(self) -> tuple[Target, ...]:
        """Targets of the outer loop: all but those that the inner one meets."""
        return tuple(t for t in self.targets if t.name not in BANDS_PINNED_BY)

    def named(self, names: Sequence[str]) -> tuple[Target, ...]:
        """Targets by name, in that order."""
        return tuple(t for name in names for t in self.targets if t.name == name)

    def at(self, values: Mapping[str, float], written: bool = False) -> dict[str, float]:
        """All figures at some constants, the tastes for the bands fitted anew; `written`: rounded as in the file.

        No figure is a number where no tastes meet take-up by band.
        """
        window = _with(self.window, values)
        figures = self.bands_at(values) if written else self._fit_tastes(window)
        if not figures["met"]:
            return {target.name: float("nan") for target in self.targets} | {"met": 0.0}
        response = elasticities(self._tasted(window), self.numbers, self.colours)
        self.simulations += (3 + 2 * self.colours) * len(self.numbers)
        return figures | {
            "market_elasticity": response.market,
            "institution_elasticity": response.institution,
            "renewal": values["renewal"],
            "taste_sd": values["taste_sd"],
        }

    def bands_at(self, values: Mapping[str, float]) -> dict[str, float]:
        """Figures at some constants, the tastes for the bands fitted anew and rounded as they are written."""
        window = _with(self.window, values)
        met = self._fit_tastes(window)["met"]
        self.tastes = np.round(self.tastes, 2)
        return self._look(window)[0] | {"met": met}

    def _fit_tastes(self, window: Window) -> dict[str, float]:
        """Move the tastes until every band's enrolled are right; the figures there, and whether they are, as `met`.

        Each band's taste goes by the slope that its take-up lets expect, times what earlier steps have shown of it.
        Another
        sensitivity takes the usual fee's worth with it, so that the first look is not far off.
        """
        families = window.facts.families
        self.tastes = self.tastes + (families.sensitivity - self.sensitivity) * _usual_fees(window)
        self.sensitivity = families.sensitivity
        figures, gap = self._look(window)
        for _ in range(BAND_ROUNDS - 1):
            if np.abs(gap).max() < BAND_PRECISION:
                break
            step = np.clip(gap / self.slope, -4, 4)
            self.tastes, before, expected = self.tastes + step, gap, self.slope
            figures, gap = self._look(window)
            clear = np.abs(step) >= SECANT
            seen = np.divide(before - gap, step * expected, out=np.ones(len(gap)), where=clear)
            # after a short step halfway in logs, because a band's enrolled move with the others' tastes too
            trust = np.where(np.abs(step) >= LONG, 1.0, 0.5)
            self.bent = np.clip(self.bent * np.maximum(seen, SLOPES[0]) ** trust, *SLOPES)
        return figures | {"met": float(np.abs(gap).max() < BAND_MISSED)}

    def _look(self, window: Window) -> tuple[dict[str, float], Floats]:
        """Figures of the city as it is, and by band the log of wanted ÷ enrolled; notes the slopes to expect."""
        seen = [figures_of(self._tasted(window), number) for number in self.numbers]
        self.simulations += len(self.numbers)
        mean = {name: float(np.mean([f[name] for f in seen])) for name in seen[0]}
        share = np.array([mean["infant_share"], mean["toddler_share"]])
        aims = np.array([t.centre for t in self.named(BANDS_PINNED_BY)])
        wanted = aims[0] * np.append(aims[1:], 1 - aims[1:].sum())
        enrolled = mean["take_up"] * np.append(share, 1 - share.sum())
        own = np.array([mean[f"{band}_take_up"] for band in dates.BAND_NAMES])
        families = window.facts.families
        self.expected = _tail_slope(own / families.open_share) / np.hypot(families.taste_sd, GUMBEL_SD)
        return mean, np.log(wanted / np.maximum(enrolled, 1e-6))

    def _tasted(self, window: Window) -> Window:
        """The window with the tastes found so far."""
        return _with(window, {"band_taste": tuple(self.tastes.tolist())})

    def band_constants(self, reached: Mapping[str, float]) -> tuple[Constant, ...]:
        """The tastes for the bands, with take-up and the band's own share at the ends of theirs."""
        up, *shares = self.named(BANDS_PINNED_BY)
        out = []
        for band, taste in enumerate(self.tastes.tolist()):
            pinned = [up, *shares[band : band + 1]]  # the last band's share is what the others leave
            down = np.hypot.reduce([np.log(t.centre / t.low) for t in pinned]) / self.slope[band]
            further = np.hypot.reduce([np.log(t.high / t.centre) for t in pinned]) / self.slope[band]
            words = f"children enrolled by band: {dates.BAND_NAMES[band].replace('_', ' ')}s"
            source = f"fitted to {words}, {self._band_text(band, reached)}"
            low, high = round(taste - float(down), 1), round(taste + float(further), 1)
            out.append(Constant(taste, low, high, source))
        return tuple(out)

    def _band_text(self, band: int, reached: Mapping[str, float]) -> str:
        """What was wanted and reached of a band, as a share of the enrolled."""
        up, *shares = self.named(BANDS_PINNED_BY)
        aims = [t.centre for t in shares]
        got = [reached["infant_share"], reached["toddler_share"]]
        aims.append(1 - sum(aims))
        got.append(1 - sum(got))
        wanted = f"{aims[band]:.1%} of a take-up of {up.centre:.1%}"
        return f"{wanted}, reached {got[band]:.1%} of {reached['take_up']:.2%}"


def figures_of(window: Window, number: int) -> dict[str, float]:
    """The figures of one city as it is, places limited, by the names of the targets; take-up by band besides."""
    city, month = window.replication(number, early=1), dates.month_of(window.run.counted_from)
    city.prepare({month})
    record = city.baseline()
    families, stays = city.world.families, stays_of(record, city.world.families.birth)
    record = without_first_month(record)
    share = enrolled_by_band(record) / max(float(enrolled_by_band(record).sum()), 1e-9)
    by_band = zip(dates.BAND_NAMES, take_up_by_band(record).tolist(), strict=True)
    return (
        {f"{band}_take_up": share for band, share in by_band}
        | {
            "take_up": take_up_under_36(record),
            "infant_share": float(share[0]),
            "toddler_share": float(share[1]),
            "income_elasticity": income_elasticity(record, families.income, families.quintile),
            "mean_stay": stays.mean,
            "short_stays": stays.short,
            "switching": switching(record),
        }
        | wishes(Survey(city, month))
    )


def wishes(survey: Survey) -> dict[str, float]:
    """Share of families who would use care if it cost nothing, and of these who would at `WANTED_AT`."""
    free, dear = (survey.ask((Asked(fee=fee),)).whole for fee in (0.0, WANTED_AT))
    return {"wants_care": free, "accepts_2000": dear / free if free > 0 else float("nan")}


def _tail_slope(share: Floats) -> Floats:
    """d log Φ/dz where Φ is a share: how fast the share of those beyond a threshold grows as it falls."""
    z = ndtri(np.clip(share, 1e-4, 1 - 1e-4))
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / ndtr(z))


def _usual_fees(window: Window) -> Floats:
    """Posted fees by band, means of the kinds of institution by their shares, float64 (3,) [yuan a month]."""
    kinds = window.facts.supply.kind
    return np.average([kind.fees for kind in kinds], axis=0, weights=[kind.share for kind in kinds])


def _with(window: Window, values: Mapping[str, Any]) -> Window:
    """The window with other constants of the families."""
    families = window.facts.families.model_copy(update=dict(values))
    return replace(window, facts=window.facts.model_copy(update={"families": families}))


def _rounded(value: float) -> float:
    """Three significant digits: more would feign precision."""
    return float(f"{value:.3g}")


def _constant(
    value: float, interval: tuple[float, float], targets: Sequence[Target], reached: Mapping[str, float]
) -> Constant:
    """A constant with its interval, both ends to two digits, and its source."""
    text = "; ".join(f"{t.text()}, reached {reached[t.name]:.3g}" for t in targets)
    low, high = (float(f"{end:.2g}") for end in interval)
    return Constant(value, min(low, value), max(high, value), f"fitted to {text}")


# -- the city file ---------------------------------------------------------------------------------------


def city_file(scenario: Scenario, constants: Sequence[str] = (*FITTED, BANDS)) -> Path:
    """The file that gives some constants. Raises ValueError if the command line gives one, or several files do."""
    files = {name: scenario.document.file_of(("city", "families", name)) for name in constants}
    for name, file in files.items():
        if file == COMMAND_LINE:
            raise ValueError(f"{file} gives city.families.{name}: there is no file to write")
    if len(set(files.values())) > 1:
        several = " and ".join(sorted(set(files.values())))
        raise ValueError(f"{several} give the constants between them: here only --bands can be fitted")
    return Path(files[constants[-1]])


def write(fit: Fit, path: str | Path) -> None:
    """Put the fitted constants into a city file; comments and everything else stay as they are.

    path : the file whose [city.families] gives the constants
    Raises ValueError, and writes nothing, if the file has no such table or lacks a constant there.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    for name, constant in fit.constants.items():
        start, end = _place(text, name, path)
        text = text[:start] + _value_text(constant) + text[end:]
    write_whole(path, text.encode())


def _value_text(constant: Constant | tuple[Constant, ...]) -> str:
    if isinstance(constant, Constant):
        return constant.text()
    return "[\n" + "".join(f"  {one.text()},\n" for one in constant) + "]"


def _place(text: str, name: str, path: Path) -> tuple[int, int]:
    """Where the value of a key of [city.families] begins and ends."""
    table = re.search(r"^\[city\.families\][ \t]*(?:#.*)?$", text, re.MULTILINE)
    if table is None:
        raise ValueError(f"{path}: no table [city.families]")
    rest = re.search(r"^\[", text[table.end() :], re.MULTILINE)
    stop = table.end() + rest.start() if rest else len(text)
    key = re.compile(rf"^{name}[ \t]*=[ \t]*", re.MULTILINE).search(text, table.end(), stop)
    if key is None:
        raise ValueError(f"{path}: no {name} in [city.families]")
    return key.end(), _end_of_value(text, key.end())


def _end_of_value(text: str, start: int) -> int:
    """End of the TOML value that begins at `start`: the end of its line, or of its brackets."""
    depth = 0
    for at, char in _bare(text, start):
        depth += (char in "[{") - (char in "]}")
        if depth == 0 and char in "]}":
            return at + 1
        if depth == 0 and char in "#\n":
            return start + len(text[start:at].rstrip())
    return len(text)


def _bare(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Characters outside of strings; a comment counts as its first character."""
    at = start
    while at < len(text):
        char = text[at]
        yield at, char
        if char in "\"'":
            at += 1
            while at < len(text) and text[at] != char:
                at += 2 if text[at] == "\\" and char == '"' else 1
        elif char == "#":
            at = text.find("\n", at) - 1 if "\n" in text[at:] else len(text)
        at += 1


__all__ = ["Constant", "Fit", "calibrate", "calibrate_bands", "calibrate_draws", "check_start", "city_file", "write"]
