"""The commands about scenario files: check, new, calibrate, instruments, schema."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.shell import BAD_INPUT, DONE, NOT_KEPT, Aim, Setting, Whole, app, complain, interruptible, load_all
from sim.report.words import Language, text

if TYPE_CHECKING:
    from sim.study.calibration import Fit


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
    keep: bool = False,
) -> int:
    """Fit the free constants of a city's families to what is published, and write them to the city file.

    For example:

    `python -m sim calibrate scenarios/xian_vouchers.toml --keep`

    `python -m sim calibrate scenarios/xian_vouchers.toml --aim institution_elasticity=-2.0 --keep`

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
    keep
        Only print; leave the city file as it is.
    """
    from sim.study.calibration import BANDS, calibrate_bands, city_file, write
    from sim.study.calibration import calibrate as search
    from sim.study.targets import aimed, published, targets_of

    searched = (f"run.scale={scale}", f"run.replications={replications}")
    (scenario,) = load_all((file,), (*settings, *searched))
    try:
        path = city_file(scenario, *([(BANDS,)] if bands else []))
        targets = aimed((published if bands else targets_of)(scenario), aims)
    except ValueError as error:
        complain(f"calibrate: {error}")
        return BAD_INPUT
    with interruptible(NOT_KEPT):
        fit = (calibrate_bands if bands else search)(scenario, scale, replications, targets)
    for line in _fit_lines(fit):
        print(line)
    if not keep:
        try:
            write(fit, path)
        except ValueError as error:
            complain(f"calibrate: {error}")
            return BAD_INPUT
        print(f"{path}: written")
    return DONE


def _fit_lines(fit: Fit) -> Iterator[str]:
    """What the search reached of each target, then the constants it found."""
    for target in fit.targets:
        aim = "any" if target.aim is None else f"{target.aim:g}"
        reached = fit.reached[target.name]
        yield f"{target.words}: reached {reached:.4g}, aim {aim} ({target.low:g} to {target.high:g})"
    for name, value in fit.values().items():
        yield f"{name} = {value}"


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
