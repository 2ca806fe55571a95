"""The commands about scenario files: check, new, calibrate, instruments, schema."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.shell import (
    BAD_INPUT,
    DONE,
    NOT_KEPT,
    Aim,
    Folder,
    Setting,
    Whole,
    app,
    at_least_one,
    complain,
    interruptible,
    load_all,
)
from sim.report.words import Language, text

if TYPE_CHECKING:
    from sim.study.calibration import Fit

MOST_DRAWS = 1024


@app.command
def check(*files: Path, settings: Setting = (), lang: Language = "en") -> int:
    """Validate scenario files; run nothing, write nothing.

    For example:

    `python -m sim check scenarios/xian_vouchers.toml`

    `python -m sim check scenarios/*.toml --set run.replications=20`

    Parameters
    ----------
    files
        Scenario files (TOML).
    settings
        KEY=VALUE, as for a run.
    lang
        Language of what is said: English or Simplified Chinese; rare expectations stay English.
    """
    from sim.report.faults import line
    from sim.report.notes import footing
    from sim.scenario.faults import BadScenario
    from sim.study.evidence import evidence_of
    from sim.study.plan import make_plan

    if not files:
        complain(text("check.no_file", lang))
        return BAD_INPUT
    try:
        scenarios = load_all(files, settings)
    except BadScenario as error:
        for fault in error.faults:
            complain(line(fault, lang))
        return BAD_INPUT
    for scenario in scenarios:
        plan = make_plan(scenario)
        count = sum(policy.match is not None for policy in scenario.policies)
        key = "check.search" if count == 1 else "check.searches"
        jobs = "check.jobs_at_most" if len(plan.looks) > 1 else "check.jobs"
        said = text(
            "check.good",
            lang,
            file=scenario.document.path,
            arms=len(plan.arms),
            jobs=text(jobs, lang, count=len(plan.jobs())),
            searches=text(key, lang, count=count) if count else "",
            footing=footing(evidence_of(scenario), lang),
        )
        print(said)
    return DONE


@app.command
def new(name: str) -> int:
    """Write a commented scenario to start from: scenarios/NAME.toml, or NAME.toml where there is no such folder.

    For example:

    `python -m sim new my_city`

    Parameters
    ----------
    name
        Name of the scenario; no file is ever replaced.
    """
    from sim.scenario.starter import starter
    from sim.study.disk import write_whole

    stem = name.removesuffix(".toml")
    folder = Path("scenarios") if Path("scenarios").is_dir() else Path()
    path = folder / f"{stem}.toml"
    try:
        said = starter(stem, folder)
    except ValueError as error:
        complain(f"new: {error}")
        return BAD_INPUT
    if path.exists() or path.is_symlink():
        complain(f"{path}: found a file, expected a name that is not taken")
        return BAD_INPUT
    write_whole(path, said.encode())
    print(f"{path}: written. To run it: python -m sim {shlex.quote(str(path))}")
    return DONE


@app.command
def calibrate(
    file: Path,
    settings: Setting = (),
    scale: float = 0.3,
    replications: Whole = 2,
    bands: bool = False,
    aims: Aim = (),
    draws: Whole | None = None,
    out: Folder | None = None,
    keep: bool = False,
) -> int:
    """Fit the free constants of a city's families to what is published, and write them to the city file.

    For example:

    `python -m sim calibrate scenarios/xian_vouchers.toml --keep`

    `python -m sim calibrate scenarios/xian_vouchers.toml --aim institution_elasticity=-2.0 --keep`

    `python -m sim calibrate scenarios/xian_vouchers.toml --draws 16 --out results/xian_demand --keep`

    Parameters
    ----------
    file
        Scenario file whose city is fitted.
    settings
        KEY=VALUE, as for a run.
    scale
        Share of the city on which the search runs.
    replications
        Draws of the city in the search.
    bands
        Fit the tastes for the bands alone, to the city's own take-up.
    aims
        NAME=VALUE: aim at another value of a figure's range, to see what else would fit.
    draws
        How many times all constants are drawn together from what the fit knows of them, for `at-draws`.
    out
        Folder for the table of draws, demand_draws.csv.
    keep
        Leave the city file as it is.
    """
    from sim.study.calibration import BANDS, calibrate_bands, calibrate_draws, check_start, city_file, write
    from sim.study.calibration import calibrate as search
    from sim.study.demand_draws import DRAWS, write_draws
    from sim.study.targets import aimed, published, targets_of

    if fault := _no_draws(draws, out, bands):
        complain(f"calibrate: {fault}")
        return BAD_INPUT
    searched = (f"run.scale={scale}", f"run.replications={replications}")
    (scenario,) = load_all((file,), (*settings, *searched))
    try:
        path = city_file(scenario, *([(BANDS,)] if bands else []))
        targets = aimed((published if bands else targets_of)(scenario), aims)
        if not bands:
            check_start(scenario)
    except ValueError as error:
        complain(f"calibrate: {error}")
        return BAD_INPUT
    try:
        with interruptible(NOT_KEPT):
            fit = (calibrate_bands if bands else search)(scenario, scale, replications, targets)
            drawn = [] if draws is None else list(calibrate_draws(scenario, fit, draws))
        if draws is not None and len(drawn) < 3:
            raise ValueError(f"found {len(drawn) - 1} of {draws} draws whose take-up can be met, expected two at least")
    except ValueError as error:
        complain(f"calibrate: {error}")
        return BAD_INPUT
    for line in _fit_lines(fit):
        print(line)
    if not keep:
        try:
            write(fit, path)
        except ValueError as error:
            complain(f"calibrate: {error}")
            return BAD_INPUT
        print(f"{path}: written")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_draws(out / DRAWS, scenario.city.name, drawn)
        for line in _draw_lines(fit, [figures for _, figures in drawn[1:]], draws or 0):
            print(line)
        print(f"{out / DRAWS}: written")
    return DONE


def _no_draws(draws: int | None, out: Path | None, bands: bool) -> str:
    """What is wrong with the wish for draws; nothing if all is well."""
    if draws is None:
        return "" if out is None else "--out: found no --draws beside it, expected how many there are to be"
    if not 2 <= draws <= MOST_DRAWS:
        return f"--draws: found {draws}, expected a number from 2 to {MOST_DRAWS}"
    if bands:
        return "--draws: found --bands beside it, expected a fit of all constants"
    return "--draws: found no --out beside it, expected a folder for the table" if out is None else ""


def _fit_lines(fit: Fit) -> Iterator[str]:
    """What the search reached of each target, the constants it found with their 95 % intervals, and how it ended."""
    for target in fit.targets:
        aim = "any" if target.aim is None else f"{target.aim:g}"
        reached = fit.reached[target.name]
        yield f"{target.words}: reached {reached:.4g}, aim {aim} ({target.low:g} to {target.high:g})"
    for name, found in fit.constants.items():
        several = found if isinstance(found, tuple) else (found,)
        yield f"{name} = " + ", ".join(f"{one.value:g} ({one.low:g} to {one.high:g})" for one in several)
    if fit.law is not None and fit.settled:
        yield f"settled after {fit.rounds} rounds of the search, the last of which won next to nothing"
    elif fit.law is not None:
        yield f"not settled after {fit.rounds} rounds: calibrate again, from the constants found"


def _draw_lines(fit: Fit, drawn: Sequence[Mapping[str, float]], number: int) -> Iterator[str]:
    """Between which values the draws reach each figure, and how many of them were passed over."""
    if len(drawn) < number:
        yield f"{number - len(drawn)} of {number} draws passed over: no tastes for bands meet take-up there"
    yield f"over {len(drawn)} draws, from the lowest to the highest:"
    for target in fit.targets:
        figures = [figures[target.name] for figures in drawn]
        yield f"{target.words}: {min(figures):.4g} to {max(figures):.4g}"


@app.command
def scorecard(*files: Path, settings: Setting = (), children: Whole = 50_000, replications: Whole = 2) -> int:
    """Measure how near the cities of some scenario files come to what is published: each figure, fitted or checked.

    For example:

    `python -m sim scorecard scenarios/xian_vouchers.toml scenarios/taiyuan_cap.toml`

    Parameters
    ----------
    files
        Scenario files (TOML); each city is measured without policies.
    settings
        KEY=VALUE, as for a run.
    children
        Children under three to which larger cities are thinned.
    replications
        Draws of each city.
    """
    from sim.study.moments import check_window
    from sim.study.scorecard import as_markdown, score, share_of
    from sim.study.targets import published

    if not files:
        complain(text("check.no_file", "en"))
        return BAD_INPUT
    if not at_least_one(children=children, replications=replications):
        return BAD_INPUT
    scenarios = load_all(files, settings)
    for scenario in scenarios:
        try:
            published(scenario)
            check_window(scenario.run)
            share_of(scenario, children)
        except ValueError as error:
            complain(f"scorecard: {scenario.document.path}: {error}")
            return BAD_INPUT
    cities = [scenario.city.name for scenario in scenarios]
    for name in dict.fromkeys(city for city in cities if cities.count(city) > 1):
        complain(f"scorecard: found {name} in {cities.count(name)} scenarios, expected each city once")
        return BAD_INPUT
    with interruptible(NOT_KEPT):
        cards = {one.city.name: score(one, share_of(one, children), replications) for one in scenarios}
    for line in as_markdown(cards):
        print(line)
    return DONE


@app.command
def rest(*files: Path, settings: Setting = (), children: Whole = 50_000, replications: Whole = 4) -> int:
    """Leave the cities of some scenario files to themselves for four years: what moves although nothing is changed.

    For example:

    `python -m sim rest scenarios/xian_vouchers.toml scenarios/taiyuan_cap.toml`

    Parameters
    ----------
    files
        Scenario files (TOML); each city is run without policies, plans and trends, with one year's births.
    settings
        KEY=VALUE, as for a run.
    children
        Children under three to which larger cities are thinned.
    replications
        Draws of each city.
    """
    from sim.study.rest import as_markdown, left_alone, measure
    from sim.study.scorecard import share_of

    if not files:
        complain(text("check.no_file", "en"))
        return BAD_INPUT
    if not at_least_one(children=children, replications=replications):
        return BAD_INPUT
    scenarios = load_all(files, settings)
    for scenario in scenarios:
        try:
            left_alone(scenario, share_of(scenario, children))
        except ValueError as error:
            complain(f"rest: {scenario.document.path}: {error}")
            return BAD_INPUT
    with interruptible(NOT_KEPT):
        found = [measure(one, share_of(one, children), replications) for one in scenarios]
    for line in as_markdown(found):
        print(line)
    return DONE


@app.command
def instruments(*, lang: Language = "en") -> int:
    """The menu: every instrument with its parameters, their values, units, bounds, defaults and meanings.

    For example:

    `python -m sim instruments`

    `python -m sim instruments --lang zh`

    Parameters
    ----------
    lang
        Language of the menu: English or Simplified Chinese; keys are the same in both.
    """
    from sim.policy.menu import menu
    from sim.report.menu import menu_lines

    for line in menu_lines(menu(), lang):
        print(line)
    return DONE


@app.command
def schema() -> int:
    """JSON Schema of scenario files, for editors.

    For example:

    `python -m sim schema > scenario.schema.json`
    """
    import json

    from sim.scenario.export import json_schema

    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return DONE
