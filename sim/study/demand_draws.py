"""Policies at draws of the fitted demand: how far an answer moves with what the fit does not know.

A table of draws holds, a row each, the constants of [city.families] that a fit found and the figures they reach, first
those of the fit itself, then joint draws from what it knows of them (`sim.study.laplace`). At each draw a scenario's
policies are run under the same luck, so that only demand differs.
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from sim import dates
from sim.scenario.faults import one_of
from sim.scenario.schema import Scenario
from sim.study.calibration import BANDS, FITTED
from sim.study.compare import ALL, Outcome, applies
from sim.study.disk import write_whole
from sim.study.folder import ResultsFolder
from sim.study.match import match
from sim.study.metrics import METRICS, Metric
from sim.study.plan import Arm, Plan, Setting, ready, yardstick
from sim.study.run import Bench, cores
from sim.world.families import FamilyFacts

Floats = NDArray[np.float64]

DRAWS = "demand_draws.csv"  # in the folder that `calibrate --draws` writes to
AT_DRAWS = "at_draws.csv"  # in a scenario's folder there
BAND_COLUMNS = tuple(f"{BANDS}_{band}" for band in dates.BAND_NAMES)
COLUMNS = (*FITTED, *BAND_COLUMNS)  # of the constants
MANY = 40  # draws from which on the 2.5 and 97.5 % points lie between the lowest and the highest two


def write_draws(path: Path, city: str, rows: Iterable[tuple[Mapping[str, Any], Mapping[str, float]]]) -> None:
    """Write a table of draws as CSV: city, draw (0 is the fit), constants, then `reached_` figures. Raises StoreError.

    rows : constants by key of [city.families], and figures by the names of targets, of `calibration.calibrate_draws`
    """
    lines = []
    for draw, (constants, reached) in enumerate(rows):
        bands = dict(zip(BAND_COLUMNS, constants[BANDS], strict=True))
        lines.append(
            {"city": city, "draw": draw}
            | {name: float(constants[name]) for name in FITTED}
            | {name: float(taste) for name, taste in bands.items()}
            | {f"reached_{name}": figure for name, figure in reached.items()}
        )
    write_whole(path, pl.DataFrame(lines, infer_schema_length=None).write_csv().encode())


def read_draws(path: Path, scenario: Scenario) -> tuple[FamilyFacts, ...]:
    """The families of a scenario's city at each draw of a table, the fit's own first.

    Raises ValueError where there is no such table, it is another city's, or has constants that families can't have;
    OSError where it can't be read.
    """
    if not path.is_file():
        raise ValueError(f"{path}: found no file, expected the table that calibrate --draws writes")
    try:
        table = pl.read_csv(io.BytesIO(path.read_bytes()), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path}: found {str(error).splitlines()[0]}, expected a table of draws") from error
    missing = [name for name in ("city", "draw", *COLUMNS) if name not in table.columns]
    if missing:
        raise ValueError(f"{path}: found no column {missing[0]}, expected those of a table of draws")
    cities = table["city"].unique().to_list()
    if cities != [scenario.city.name]:
        found = ", ".join(map(str, cities)) or "no city"
        raise ValueError(f"{path}: found draws of {found}, expected those of {scenario.city.name}")
    if table["draw"].to_list() != [str(draw) for draw in range(len(table))]:
        raise ValueError(f"{path}: found other rows than draws 0, 1, …, expected each once and in order")
    if len(table) < 2:
        raise ValueError(f"{path}: found {len(table)} row, expected the fit and at least one draw")
    return tuple(_families(path, scenario, row) for row in table.iter_rows(named=True))


def _families(path: Path, scenario: Scenario, row: Mapping[str, Any]) -> FamilyFacts:
    """The city's families with the constants of a row. Raises ValueError where they can't have them."""
    numbers = {name: _number(path, row, name) for name in COLUMNS}
    drawn = {name: numbers[name] for name in FITTED} | {BANDS: [numbers[name] for name in BAND_COLUMNS]}
    try:
        return FamilyFacts.model_validate(scenario.city.families.model_dump() | drawn)
    except ValidationError as error:
        first = error.errors()[0]
        key, found = str(first["loc"][0]), first["input"]
        raise ValueError(f"{path}: draw {row['draw']}: {key}: found {found}, expected: {first['msg']}") from error


def _number(path: Path, row: Mapping[str, Any], name: str) -> float:
    """A cell of a row. Raises ValueError where it holds no number."""
    try:
        return float(row[name])
    except (TypeError, ValueError):
        found = row[name] or "nothing"
        raise ValueError(f"{path}: draw {row['draw']}: {name}: found {found}, expected a number") from None


@dataclass(frozen=True)
class AtDraws:
    """A metric of a scenario's policies at each draw of demand.

    metric, at_end : which, and whether of the counted window's last month or of the whole window
    policies, groups : names, "all" the first of the groups
    values : float64 (draws, policies, groups), ratios those of sums over replications; the fit's own demand first
    """

    metric: Metric
    at_end: bool
    policies: tuple[str, ...]
    groups: tuple[str, ...]
    values: Floats

    @property
    def central(self) -> Floats:
        """At the fitted constants, float64 (policies, groups)."""
        return np.asarray(self.values[0])

    @property
    def percent_points(self) -> bool:
        """Whether ranges are 2.5 to 97.5 % points of the draws; with few draws they are the lowest and the highest."""
        return len(self.values) - 1 >= MANY

    def range(self) -> tuple[Floats, Floats]:
        """Low and high over the draws, the fit's own left out, each float64 (policies, groups)."""
        ends = (0.025, 0.975) if self.percent_points else (0.0, 1.0)
        low, high = np.quantile(self.values[1:], ends, axis=0)
        return low, high

    def table(self) -> pl.DataFrame:
        """A row for each draw, policy and group: draw, policy, metric, unit, at, group, value."""
        index = list(np.ndindex(self.values.shape))
        draws, policies, groups = np.array(index, np.int64).reshape(-1, 3).T
        return pl.DataFrame(
            {
                "draw": draws,
                "policy": [self.policies[p] for p in policies],
                "metric": self.metric.name,
                "unit": self.metric.unit,
                "at": "end" if self.at_end else "window",
                "group": [self.groups[g] for g in groups],
                "value": self.values.ravel(),
            }
        )


def metric_named(name: str, at_end: bool) -> Metric:
    """A metric by its name. Raises ValueError for one that is unknown, or not told by month where its end is asked."""
    found = {metric.name: metric for metric in METRICS}
    if name not in found:
        raise ValueError(f"--metric: found {name}, expected {one_of(list(found), name)}")
    if at_end and not found[name].monthly:
        raise ValueError(f"--metric: found {name}, which no month has of its own, expected --whole beside it")
    return found[name]


def at_draws(
    scenario: Scenario,
    draws: Sequence[FamilyFacts],
    metric: Metric,
    out: Path,
    at_end: bool = True,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AtDraws:
    """Run a scenario's policies at each draw of demand, and take a metric of each.

    draws : families of the city, the fit's own first; metric : see `metric_named`
    out : folder in which the scenario's own is made, for finished jobs and the table `at_draws.csv`
    at_end : at the end of the counted window's last month, or over the whole window
    workers : processes, all cores if left out; progress : called with jobs finished and jobs in all
    Sweep, split and assumptions of the scenario are left out; a match is searched anew at each draw.
    Raises JobsFailedError, FolderError and StoreError as a run does, BadScenario for a match without a value.
    """
    with ResultsFolder(out / scenario.stem, scenario.document.path) as folder:
        bench = Bench(folder.path, workers or cores(), progress, set())
        arms = []
        for number, families in enumerate(draws):
            city = scenario.city.model_copy(update={"families": families})
            drawn, setting = replace(scenario, city=city), Setting(_name(number), "", city)
            if any(policy.match is not None for policy in scenario.policies):
                drawn, _ = match(drawn, bench.outcomes)
            for policy in drawn.policies:
                own = ready(drawn, policy.instruments)
                arms.append(Arm(policy.name, "policy", own, setting, setting, yardstick(drawn), _name(number)))
        found = bench.outcomes(Plan(scenario, tuple(arms), {}, {}))
        policies = tuple(policy.name for policy in scenario.policies)
        outcomes = [[found["policy", name, _name(d), ""] for name in policies] for d in range(len(draws))]
        known = outcomes[0][0][0].groups
        columns = [n for n, group in enumerate(known) if group == ALL or group.startswith(_common(metric))]
        groups = tuple(known[n] for n in columns)
        values = np.array([[_values(metric, one, columns, at_end) for one in row] for row in outcomes])
        result = AtDraws(metric, at_end, policies, groups, values)
        write_whole(folder.path / AT_DRAWS, result.table().write_csv().encode())
        folder.tidy(bench.jobs)
    return result


def _name(draw: int) -> str:
    """How a draw is told from others among the settings of a plan, and in a failed job's name."""
    return f"draw {draw}"


def _common(metric: Metric) -> tuple[str, ...]:
    """What groups begin with by which a metric is told apart in every policy: not each has tranches or lots."""
    return tuple(prefix for prefix in metric.groups if prefix not in ("tranche=", "lot="))


def _values(metric: Metric, outcomes: Sequence[Outcome], columns: Sequence[int], at_end: bool) -> Floats:
    """A metric by group, float64 (columns,), of sums over replications; not a number where it is undefined."""
    if not applies(metric, outcomes):
        return np.full(len(columns), np.nan)

    def summed(part: str) -> Floats:
        """Sum of a part of the metric over the replications."""
        parts = [one.monthly[part][-1] if at_end else one.window[part] for one in outcomes]
        return np.asarray(np.sum(parts, axis=0)[columns])

    top = summed(metric.top)
    if not metric.bottom:
        return np.asarray(top / len(outcomes))
    bottom = summed(metric.bottom)
    return np.asarray(np.divide(top, bottom, out=np.full(len(columns), np.nan), where=bottom > 0))


def as_markdown(result: AtDraws) -> Iterable[str]:
    """A table of policies by fifths of income: the value at the fitted constants, in brackets its range over the draws.

    A line below it says what is in the table, and what the range is.
    """
    kept = [g for g, group in enumerate(result.groups) if group == result.groups[0] or group.startswith("quintile=")]
    yield "| policy | " + " | ".join(_heading(result.groups[g]) for g in kept) + " |"
    yield "|---|" + "---|" * len(kept)
    low, high = result.range()
    for p, policy in enumerate(result.policies):
        cells = (tuple(float(values[p, g]) for values in (result.central, low, high)) for g in kept)
        yield f"| {policy} | " + " | ".join(_cell(result.metric, *cell) for cell in cells) + " |"
    number = len(result.values) - 1
    when = "at the end of the counted window" if result.at_end else "over the counted window"
    ends = "2.5 to 97.5 % points" if result.percent_points else "lowest to highest"
    yield ""
    yield f"{result.metric.name} {when}, at the fitted constants; in brackets {ends} of {number} draws of the demand"


def _heading(group: str) -> str:
    """A group in words."""
    names = ("1st", "2nd", "3rd", "4th", "5th")
    return f"{names[int(group[-1]) - 1]} fifth" if group.startswith("quintile=") else group


def _cell(metric: Metric, value: float, low: float, high: float) -> str:
    """A value with its range: shares in per cent."""
    if metric.unit == "share":
        return f"{100 * value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    return f"{value:,.4g} ({low:,.4g} to {high:,.4g})"
