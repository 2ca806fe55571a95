"""`python -m sim FILE`: run scenarios, compare their policies, write the results."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sim.cli.shell import (
    BAD_INPUT,
    DONE,
    JOBS_FAILED,
    Folder,
    Setting,
    Whole,
    app,
    complain,
    explained,
    interruptible,
    load_all,
    number_of_workers,
    paper,
    repeat,
)
from sim.report.words import LANGUAGES, Language, text

if TYPE_CHECKING:
    from rich.console import Console

    from sim.scenario.schema import Scenario


@app.default
def run(
    *files: Path,
    out: Folder = Path("results"),
    replications: Whole | None = None,
    workers: Whole | None = None,
    seed: Whole | None = None,
    scale: float | None = None,
    settings: Setting = (),
    executor: Literal["local"] = "local",
    fresh: bool = False,
    lang: Language = "en",
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
        Language of progress, table, figures and page: English or Simplified Chinese.
    quiet
        No progress.
    """
    if not files:
        app.help_print([])
        return BAD_INPUT
    if not number_of_workers(workers):
        return BAD_INPUT
    del executor
    if fault := _no_command(str(files[0])):
        complain(fault)
        return BAD_INPUT
    given = {"run.replications": replications, "run.seed": seed, "run.scale": scale}
    words = tuple(f"{key}={value}" for key, value in given.items() if value is not None)
    scenarios = load_all(files, (*settings, *words))
    return _run_all(scenarios, out, workers, fresh, lang, quiet)


@app.command
def at_draws(
    file: Path,
    folder: Path,
    metric: str = "take_up_under_36",
    whole: bool = False,
    scale: float = 0.15,
    replications: Whole = 1,
    workers: Whole | None = None,
    settings: Setting = (),
    quiet: bool = False,
) -> int:
    """Run a scenario's policies at each draw of the fitted demand: how far a figure moves with what is not known of it.

    For example:

    `python -m sim at-draws scenarios/for_good.toml results/xian_demand`

    Parameters
    ----------
    file
        Scenario file of the city whose demand was drawn.
    folder
        Where `calibrate --draws` wrote its table; finished jobs and a table of this scenario are kept there too.
    metric
        What is asked, by the name that summary.csv gives it.
    whole
        Take it over the whole counted window, not at the end of its last month.
    scale
        Share of the city that is simulated, in place of the file's.
    replications
        Draws of the city and its luck at each draw of demand, in place of the file's.
    workers
        Worker processes; all cores if left out. The numbers do not depend on it.
    settings
        KEY=VALUE, as for a run.
    quiet
        No progress.
    """
    from rich.console import Console

    from sim.study import demand_draws
    from sim.study.run import JobsFailedError

    if not number_of_workers(workers):
        return BAD_INPUT
    (scenario,) = load_all((file,), (*settings, f"run.scale={scale}", f"run.replications={replications}"))
    try:
        asked = demand_draws.metric_named(metric, not whole)
        draws = demand_draws.read_draws(folder / demand_draws.DRAWS, scenario)
    except ValueError as error:
        complain(f"at-draws: {error}")
        return BAD_INPUT
    console = Console(stderr=True, quiet=quiet)
    try:
        with _progress(console, quiet, "en") as advance, interruptible():
            found = demand_draws.at_draws(scenario, draws, asked, folder, not whole, workers, advance)
    except JobsFailedError as error:
        for job, trace in sorted(error.failures.items()):
            complain(f"failed: {job}: {trace.strip().splitlines()[-1]}")
        return JOBS_FAILED
    for line in demand_draws.as_markdown(found):
        print(line)
    print(f"{folder / scenario.stem / demand_draws.AT_DRAWS}: written")
    return DONE


def _run_all(
    scenarios: list[Scenario], out: Path, workers: int | None, fresh: bool, lang: Language, quiet: bool
) -> int:
    """Every scenario, whatever becomes of those before it; the worst of their statuses."""
    status = DONE
    for scenario in scenarios:
        try:
            status = max(status, _run_one(scenario, out, workers, fresh, lang, quiet))
        except Exception as error:  # told, and the next file is run all the same; what is not foreseen is raised
            status = max(status, explained(error))
    return status


def _no_command(word: str) -> str:
    """The fault of a first word that is no file but nearly a command; nothing if it is neither."""
    from sim.scenario.faults import one_of

    commands = [name for name in app if not name.startswith("-")]
    expected = one_of(commands, word)
    if "; did you mean" not in expected or not word.replace("-", "").isalpha() or Path(word).exists():
        return ""
    return f"{word}: (command): found no such command or file, expected a scenario file or {expected}"


def _run_one(scenario: Scenario, out: Path, workers: int | None, fresh: bool, lang: Language, quiet: bool) -> int:
    """One scenario: run, figures, page, table."""
    from rich.console import Console

    from sim.study.run import run as run_study

    console = Console(stderr=True, quiet=quiet)
    publish = partial(_publish, console, lang, workers)
    with _progress(console, quiet, lang) as advance, interruptible():
        study = run_study(scenario, out, workers, fresh, advance, repeat(sys.argv[1:]), publish)
    for notice in study.notices:
        complain(notice)
    if study.failures:
        for job, trace in sorted(study.failures.items()):
            complain(f"failed: {job}: {trace.strip().splitlines()[-1]}")
        return JOBS_FAILED
    _show(study.folder, lang)
    return DONE


def _publish(console: Console, lang: Language, workers: int | None, folder: Path) -> None:
    """Figures, workbook and page of a run whose tables are written."""
    from sim.report.page import publish
    from sim.study.run import cores

    console.print(text("progress.publishing", lang))  # above the bar, where there is one
    publish(folder, lang, workers or cores())


def _show(folder: Path, lang: Language) -> None:
    """The headline table, and where the rest is."""
    from sim.report.tables import Results, terminal_lots, terminal_split, terminal_table

    results = Results.load(folder)
    page = paper(100)
    page.print(terminal_table(results, lang))
    if results.split is not None:
        page.print(terminal_split(results, lang))
    if results.with_lots:
        page.print(terminal_lots(results, lang))
    parts = () if results.split is None else ("split.csv",)
    files = ("summary.csv", "summary.xlsx", *parts, "monthly.parquet", "manifest.json", "figures", "report.html")
    print(text("progress.files", lang, folder=folder, files=text("list.comma", lang).join(files)))
    other = next(language for language in LANGUAGES if language != lang)
    print(text("progress.language", lang, flag=f"--lang {other}"))


def _first_words(lang: Language) -> str:
    """What a run does before its first job."""
    compiled = next(Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbi"), None)
    return text("progress.compiling" if compiled is None else "progress.drawing", lang)


@contextmanager
def _progress(console: Console, quiet: bool, lang: Language) -> Iterator[Callable[[int, int], None] | None]:
    """A bar with the time left where somebody watches, plain lines otherwise."""
    if quiet:
        yield None
        return
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(_first_words(lang), total=None)

            def move(done: int, total: int) -> None:
                """Move the bar, and say what is being done."""
                doing = "comparing" if done == total else "jobs" if done else "drawing"
                bar.update(task, description=text(f"progress.{doing}", lang), completed=done, total=total)

            yield move
        return
    console.print(_first_words(lang))
    told = [-1]

    def tell(done: int, total: int) -> None:
        """A line for each tenth of the jobs."""
        tenth = 10 * done // max(total, 1)
        if tenth > told[0]:
            told[0] = tenth
            key = "progress.all_done" if done == total else "progress.done"
            console.print(text(key, lang, done=done, total=total))

    yield tell
