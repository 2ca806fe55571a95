"""The commands: the only room that prints."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

if TYPE_CHECKING:
    from rich.console import Console

    from sim.scenario.schema import Scenario
    from sim.study.run import Study

DONE, BAD_INPUT, JOBS_FAILED, FOLDER_TAKEN, STORAGE, INTERRUPTED = 0, 2, 3, 4, 5, 130

app = App(
    name="python -m sim",
    suppress_keyboard_interrupt=False,  # we answer it ourselves, with the line that goes on
    help="""A laboratory for childcare subsidy policy.

    `python -m sim scenarios/xian_vouchers.toml` runs a scenario: every policy in it, on a whole city, and writes
    a table, figures and a page under results/.
    """,
    version=lambda: version("childcare-sim"),
)

Setting = Annotated[tuple[str, ...], Parameter(name="--set", negative="", consume_multiple=False)]


def main() -> None:
    """Run the command line; exits with the status that docs/commands.md lists."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # being asked to end is an interrupt too
    sys.exit(_guarded(sys.argv[1:]))


def _guarded(words: list[str]) -> int:
    """Run one command and turn what went wrong into its exit status and one line for each fault."""
    try:
        status = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _complain(f"command line: {' '.join(str(error).split())}")
        return BAD_INPUT
    except KeyboardInterrupt:
        _complain(f"interrupted; what is finished is kept. To go on: {_repeat(words)}")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        sys.stdout = None
        return DONE
    except Exception as error:
        return _explained(error)
    return status if isinstance(status, int) else DONE


def _explained(error: Exception) -> int:
    """One line for each thing that went wrong, and the exit status. Raises what is not foreseen."""
    from sim.scenario.faults import BadScenario
    from sim.study.folder import FolderError
    from sim.study.store import StoreError

    if isinstance(error, OSError) and error.filename is not None:
        _complain(f"{error.filename}: found {error.strerror}, expected to read and write here")
        return STORAGE
    statuses = {BadScenario: BAD_INPUT, FolderError: FOLDER_TAKEN, StoreError: STORAGE}
    for kind, status in statuses.items():
        if isinstance(error, kind):
            _complain(str(error))
            return status
    raise error


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


def _repeat(words: list[str]) -> str:
    """The command line that does this again."""
    return shlex.join(["python", "-m", "sim", *(w for w in words if w != "--fresh")])


@app.default
def run(
    *files: Path,
    out: Path = Path("results"),
    replications: int | None = None,
    workers: int | None = None,
    seed: int | None = None,
    scale: float | None = None,
    settings: Setting = (),
    executor: Literal["local"] = "local",
    fresh: bool = False,
    lang: Literal["en"] = "en",
    quiet: bool = False,
) -> int:
    """Run scenario files, compare their policies, write the results.

    Parameters
    ----------
    files
        Scenario files (TOML).
    out
        Folder in which each scenario's results folder is made.
    replications
        Draws of the city and its luck, in place of the file's.
    workers
        Worker processes; all cores if left out. The numbers do not depend on it.
    seed
        Seed of all chance, in place of the file's.
    scale
        Share of the city that is simulated, in place of the file's.
    settings
        KEY=VALUE, any key of the scenario, or policy.NAME.kind.parameter; may be repeated.
    executor
        Where the workers run.
    fresh
        Run every job again, also those already finished.
    lang
        Language of table, figures and page.
    quiet
        No progress.
    """
    if not files:
        app.help_print([])
        return BAD_INPUT
    if workers is not None and not 1 <= workers <= 1024:
        _complain(f"--workers: found {workers}, expected a number from 1 to 1024")
        return BAD_INPUT
    del executor
    given = {"run.replications": replications, "run.seed": seed, "run.scale": scale}
    words = tuple(f"{key}={value}" for key, value in given.items() if value is not None)
    scenarios = _load_all(files, (*settings, *words))
    status = DONE
    for scenario in scenarios:
        status = max(status, _run_one(scenario, out, workers, fresh, lang, quiet))
    return status


def _load_all(files: tuple[Path, ...], settings: tuple[str, ...]) -> list[Scenario]:
    """All scenarios, or the faults of all of them at once."""
    from sim.scenario.faults import BadScenario, Fault
    from sim.scenario.schema import load

    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for file in files:
        try:
            scenarios.append(load(file, settings))
        except BadScenario as error:
            faults += error.faults
    stems = [s.stem for s in scenarios]
    for scenario in scenarios:
        if stems.count(scenario.stem) > 1:
            path = str(scenario.document.path)
            faults.append(
                Fault(path, "(file)", scenario.stem, "scenario files whose names differ: each has its folder")
            )
    if faults:
        raise BadScenario(faults)
    return scenarios


def _run_one(scenario: Scenario, out: Path, workers: int | None, fresh: bool, lang: str, quiet: bool) -> int:
    """One scenario: run, figures, page, table."""
    from rich.console import Console

    from sim.study.run import run as run_study

    console = Console(stderr=True, quiet=quiet)
    with _progress(console, quiet) as advance:
        study = run_study(scenario, out, workers, fresh, advance, _repeat(sys.argv[1:]))
    if study.failures:
        for job, text in sorted(study.failures.items()):
            _complain(f"failed: {job}: {text.strip().splitlines()[-1]}")
        return JOBS_FAILED
    _show(study, lang)
    return DONE


def _show(study: Study, lang: str) -> None:
    """Figures, page, and the headline table."""
    from rich.console import Console

    from sim.report.page import write_report
    from sim.report.tables import Results, terminal_table

    results = Results.load(study.folder)
    write_report(results, study.folder, lang)
    wide = Console()
    Console(width=None if wide.is_terminal else max(wide.width, 100)).print(terminal_table(results, lang))
    print(f"{study.folder}: summary.csv, monthly.parquet, manifest.json, figures, report.html")


def _silent(done: int, total: int) -> None:
    del done, total


@contextmanager
def _progress(console: Console, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left where somebody watches, plain lines otherwise."""
    if quiet:
        yield _silent
        return
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("jobs", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    told = [-1]

    def tell(done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > told[0]:
            told[0] = tenth
            console.print(f"{done} of {total} jobs")

    yield tell


@app.command
def check(*files: Path, settings: Setting = ()) -> int:
    """Validate scenario files; run nothing, write nothing.

    Parameters
    ----------
    files
        Scenario files (TOML).
    settings
        KEY=VALUE, as for a run.
    """
    if not files:
        _complain("check: found no file, expected at least one scenario file")
        return BAD_INPUT
    for scenario in _load_all(files, settings):
        from sim.study.plan import make_plan

        plan = make_plan(scenario)
        unsourced = sum(e.source is None for e in scenario.document.evidence)
        jobs = f"{len(plan.arms)} arms, {len(plan.jobs())} jobs"
        print(f"{scenario.document.path}: good; {jobs}, {unsourced} numbers without a source")
    return DONE


@app.command
def calibrate(file: Path, settings: Setting = (), scale: float = 0.3, replications: int = 2, keep: bool = False) -> int:
    """Fit the free constants of a city's families to what is published, and write them to the city file.

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
    keep
        Only print; leave the city file as it is.
    """
    from sim.study.calibration import calibrate as search
    from sim.study.calibration import city_file, write

    (scenario,) = _load_all((file,), settings)
    path = city_file(scenario)
    fit = search(scenario, scale, replications)
    for target in fit.targets:
        aim = "any" if target.aim is None else f"{target.aim:g}"
        reached = fit.reached[target.name]
        print(f"{target.words}: reached {reached:.4g}, aim {aim} ({target.low:g} to {target.high:g})")
    for name, value in fit.values().items():
        print(f"{name} = {value}")
    if not keep:
        write(fit, path)
        print(f"{path}: written")
    return DONE


@app.command
def instruments() -> int:
    """The menu: every instrument with its parameters, units and bounds."""
    from sim.policy.menu import menu
    from sim.report.menu import menu_lines

    for line in menu_lines(menu()):
        print(line)
    return DONE


@app.command
def schema() -> int:
    """JSON Schema of scenario files, for editors."""
    import json

    from sim.scenario.export import json_schema

    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return DONE
