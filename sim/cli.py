"""The commands: the only room that prints."""

from __future__ import annotations

import io
import os
import re
import select
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter, Token

from sim.report.words import Language, text

if TYPE_CHECKING:
    from rich.console import Console

    from sim.scenario.schema import Scenario

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


def _whole(kind: Any, tokens: Sequence[Token]) -> int:
    """A whole number as typed: nothing is rounded."""
    del kind
    (typed,) = (token.value for token in tokens)
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", typed):
        raise ValueError(f"found {typed[:40]}, expected a whole number of at most 18 digits")
    return int(typed)


Whole = Annotated[int, Parameter(converter=_whole)]
Setting = Annotated[tuple[str, ...], Parameter(name="--set", negative="", consume_multiple=False)]


class _Sink(io.RawIOBase):
    """A stream of ours that never raises: what it could not write is lost, and `error` says why.

    A full disk or a reader who has left must not end a run whose results are files.

    descriptor : where to write; None for a stream that was closed before we came, whose reader has left too
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = -1 if descriptor is None else descriptor
        self.error: OSError | None = BrokenPipeError() if descriptor is None else None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        while self.error is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.error = error
        return len(data)


def _caught(name: str) -> _Sink:
    """Put a sink behind a standard stream, in which characters that its encoding lacks are spelt out."""
    stream = getattr(sys, name)
    sink, encoding = (_Sink(None), "utf-8") if stream is None else (_Sink(stream.fileno()), stream.encoding)
    prompt = sink.isatty() or name == "stderr"
    written = io.TextIOWrapper(io.BufferedWriter(sink), encoding, errors="backslashreplace", line_buffering=prompt)
    setattr(sys, name, written)
    return sink


def main(leave: Callable[[int, FrameType | None], None]) -> None:
    """Run the command line; exits with the status that docs/commands.md lists.

    leave : answers an interrupt that comes when all is done
    """
    out, _ = _caught("stdout"), _caught("stderr")
    _answer(_stop)
    status = _guarded(sys.argv[1:])
    _answer(leave)
    sys.stdout.flush()
    if out.error is not None and not isinstance(out.error, BrokenPipeError):
        _complain(f"standard output: found {out.error.strerror}, expected to write here")
        status = max(status, STORAGE)
    sys.stderr.flush()
    sys.exit(status)


def _answer(handler: Callable[[int, FrameType | None], object]) -> None:
    """Answer interrupts so, and being asked to end alike; whoever has had us ignore one, as nohup does, is obeyed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    """End at once: nothing is begun, and an exception could be lost in whatever is being loaded."""
    del number, frame
    words = f"interrupted before anything was run. To go on: {_repeat(sys.argv[1:])}\n"
    with suppress(OSError):  # nobody may be listening
        os.write(2, words.encode(errors="replace"))
    os._exit(INTERRUPTED)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Within it an interrupt is an exception, so that workers are ended and what is finished is kept.

    Compiled code may turn that exception into one of its own (a serializer of pydantic does) or lose it in a callback:
    that an interrupt has come is remembered, and whatever ends the block, KeyboardInterrupt leaves it.
    """
    came = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        """Remember it, and stop what is being done."""
        came.set()
        signal.default_int_handler(number, frame)

    _answer(interrupt)
    try:
        yield
    except Exception as error:
        if came.is_set():
            raise KeyboardInterrupt from error
        raise
    if came.is_set():
        raise KeyboardInterrupt
    _answer(_stop)


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
    except Exception as error:
        return _explained(error)
    return status if isinstance(status, int) else DONE


def _explained(error: Exception) -> int:
    """One line for each thing that went wrong, and the exit status. Raises what is not foreseen."""
    from sim.scenario.faults import BadScenario
    from sim.study.disk import StoreError
    from sim.study.folder import FolderError

    if isinstance(error, OSError) and error.filename is not None:
        _complain(f"{error.filename}: found {error.strerror}, expected to read and write here")
        return STORAGE
    statuses = {BadScenario: BAD_INPUT, FolderError: FOLDER_TAKEN, StoreError: STORAGE}
    for kind, status in statuses.items():
        if isinstance(error, kind):
            _complain(str(error))
            return status
    raise error


def _complain(fault: str) -> None:
    print(fault, file=sys.stderr)


def _repeat(words: list[str]) -> str:
    """The command line that does this again."""
    return shlex.join(["python", "-m", "sim", *(w for w in words if w != "--fresh")])


@app.default
def run(
    *files: Path,
    out: Path = Path("results"),
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
    if workers is not None and not 1 <= workers <= 1024:
        _complain(f"--workers: found {workers}, expected a number from 1 to 1024")
        return BAD_INPUT
    del executor
    if not _is_text(out):
        _complain(f"--out: found {str(out)!r}, expected a path in UTF-8")
        return BAD_INPUT
    given = {"run.replications": replications, "run.seed": seed, "run.scale": scale}
    words = tuple(f"{key}={value}" for key, value in given.items() if value is not None)
    scenarios = _load_all(files, (*settings, *words))
    status = DONE
    for scenario in scenarios:
        try:
            status = max(status, _run_one(scenario, out, workers, fresh, lang, quiet))
        except Exception as error:  # told, and the next file is run all the same; what is not foreseen is raised
            status = max(status, _explained(error))
    return status


def _is_text(path: Path) -> bool:
    """Whether a path is text: bytes that are none stand in it as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in str(path))


def _load_all(files: tuple[Path, ...], settings: tuple[str, ...]) -> list[Scenario]:
    """All scenarios, or the faults of all of them at once."""
    from sim.scenario.faults import BadScenario, Fault
    from sim.scenario.schema import load
    from sim.study.plan import make_plan

    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for file in files:
        if not _is_text(file):
            faults.append(Fault(str(file), "(file)", repr(str(file)), "a path in UTF-8"))
            continue
        try:
            scenario = load(file, settings)
            make_plan(scenario)
            scenarios.append(scenario)
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


def _run_one(scenario: Scenario, out: Path, workers: int | None, fresh: bool, lang: Language, quiet: bool) -> int:
    """One scenario: run, figures, page, table."""
    from rich.console import Console

    from sim.study.run import run as run_study

    def publish(folder: Path) -> None:
        from sim.report.page import write_report
        from sim.report.tables import Results

        console.print(text("progress.publishing", lang))  # above the bar, where there is one
        write_report(Results.load(folder), folder, lang)

    console = Console(stderr=True, quiet=quiet)
    with _progress(console, quiet, lang) as advance, _interruptible():
        study = run_study(scenario, out, workers, fresh, advance, _repeat(sys.argv[1:]), publish)
    for notice in study.notices:
        _complain(notice)
    if study.failures:
        for job, trace in sorted(study.failures.items()):
            _complain(f"failed: {job}: {trace.strip().splitlines()[-1]}")
        return JOBS_FAILED
    _show(study.folder, lang)
    return DONE


def _show(folder: Path, lang: Language) -> None:
    """The headline table, and where the rest is."""
    from rich.console import Console

    from sim.report.tables import Results, terminal_split, terminal_table

    results = Results.load(folder)
    wide = Console()
    paper = Console(width=None if wide.is_terminal else max(wide.width, 100))
    paper.print(terminal_table(results, lang))
    if results.split is not None:
        paper.print(terminal_split(results, lang))
    parts = () if results.split is None else ("split.csv",)
    files = ("summary.csv", "summary.xlsx", *parts, "monthly.parquet", "manifest.json", "figures", "report.html")
    print(text("progress.files", lang, folder=folder, files=text("list.comma", lang).join(files)))


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
                doing = "comparing" if done == total else "jobs" if done else "drawing"
                bar.update(task, description=text(f"progress.{doing}", lang), completed=done, total=total)

            yield move
        return
    console.print(_first_words(lang))
    told = [-1]

    def tell(done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > told[0]:
            told[0] = tenth
            key = "progress.all_done" if done == total else "progress.done"
            console.print(text(key, lang, done=done, total=total))

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
        if searches := sum(policy.match is not None for policy in scenario.policies):
            jobs += f" and those of {searches} {'search' if searches == 1 else 'searches'}"
        print(f"{scenario.document.path}: good; {jobs}, {unsourced} numbers without a source")
    return DONE


@app.command
def new(name: str) -> int:
    """Write a commented scenario to start from: scenarios/NAME.toml, or NAME.toml where there is no such folder.

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
        _complain(f"new: {error}")
        return BAD_INPUT
    if path.exists() or path.is_symlink():
        _complain(f"{path}: found a file, expected a name that is not taken")
        return BAD_INPUT
    write_whole(path, said.encode())
    print(f"{path}: written. To run it: python -m sim {shlex.quote(str(path))}")
    return DONE


@app.command
def calibrate(
    file: Path, settings: Setting = (), scale: float = 0.3, replications: Whole = 2, keep: bool = False
) -> int:
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

    searched = (f"run.scale={scale}", f"run.replications={replications}")
    (scenario,) = _load_all((file,), (*settings, *searched))
    try:
        path = city_file(scenario)
    except ValueError as error:
        _complain(f"calibrate: {error}")
        return BAD_INPUT
    with _interruptible():
        fit = search(scenario, scale, replications)
    for target in fit.targets:
        aim = "any" if target.aim is None else f"{target.aim:g}"
        reached = fit.reached[target.name]
        print(f"{target.words}: reached {reached:.4g}, aim {aim} ({target.low:g} to {target.high:g})")
    for name, value in fit.values().items():
        print(f"{name} = {value}")
    if not keep:
        try:
            write(fit, path)
        except ValueError as error:
            _complain(f"calibrate: {error}")
            return BAD_INPUT
        print(f"{path}: written")
    return DONE


@app.command
def instruments() -> int:
    """The menu: every instrument with its parameters, their values, units, bounds, defaults and meanings."""
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
