"""What all commands share: the application, its statuses and types, what is said on faults, interrupts."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from cyclopts import App, Parameter, Token

if TYPE_CHECKING:
    from rich.console import Console

    from sim.scenario.schema import Scenario

DONE, BAD_INPUT, JOBS_FAILED, FOLDER_TAKEN, STORAGE, INTERRUPTED = 0, 2, 3, 4, 5, 130
DIFFERENT = JOBS_FAILED  # of verify: not all is as it should be

# what an interrupt leaves, and what the line after it does
KEPT = "what is finished is kept. To go on"
NOT_KEPT = "nothing was written. To begin again"

app = App(
    name="python -m sim",
    suppress_keyboard_interrupt=False,  # we answer it ourselves, with the line that goes on
    help="""A laboratory for childcare subsidy policy.

    `python -m sim FILE` runs a scenario: every policy in it, on a whole city, and writes a table, figures and a page
    under results/. `check FILE` only validates it, `new NAME` writes one to start from, `compare DIR DIR` puts finished
    runs side by side, `verify DIR` runs a part of one again.

    For example:

    `python -m sim scenarios/xian_vouchers.toml`

    `python -m sim scenarios/xian_vouchers.toml --scale 0.05 --replications 3 --out /tmp/quick`

    `python -m sim scenarios/xian_vouchers.toml --set policy.vouchers.voucher_pool.face_value=800 --out /tmp/what-if`

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


def _folder(kind: Any, tokens: Sequence[Token]) -> Path:
    """A folder to write into, there or to be made, as typed; no name is none, not this folder."""
    del kind
    (typed,) = (token.value for token in tokens)
    path = Path(typed)
    if not typed.strip():
        raise ValueError("found no name, expected a folder, such as . for this one")
    if not is_text(path):
        raise ValueError(f"found {typed!r}, expected a path in UTF-8")
    if os.path.lexists(path) and not os.path.isdir(path):  # noqa: PTH112  (no error where a parent may not be read)
        raise ValueError(f"found {typed}, a file, expected a folder")
    return path


Whole = Annotated[int, Parameter(converter=_whole)]
Folder = Annotated[Path, Parameter(converter=_folder)]
Aim = Annotated[tuple[str, ...], Parameter(name="--aim", negative="", consume_multiple=False)]
Setting = Annotated[tuple[str, ...], Parameter(name="--set", negative="", consume_multiple=False)]


def complain(fault: str) -> None:
    """Say a fault where faults are read."""
    print(fault, file=sys.stderr)


def number_of_workers(workers: int | None) -> bool:
    """Whether so many worker processes can be asked for; if not, it is said."""
    sound = workers is None or 1 <= workers <= 1024
    if not sound:
        complain(f"--workers: found {workers}, expected a number from 1 to 1024")
    return sound


def at_least_one(**numbers: int) -> bool:
    """Return whether options' numbers are 1 or more; the first that is not is said."""
    for name, number in numbers.items():
        if number < 1:
            complain(f"--{name}: found {number}, expected 1 or more")
            return False
    return True


def paper(columns: int) -> Console:
    """Where tables are printed: the terminal, or paper of at least so many columns."""
    from rich.console import Console

    wide = Console()
    return Console(width=None if wide.is_terminal else max(wide.width, columns))


def repeat(words: list[str]) -> str:
    """The command line that does this again."""
    return shlex.join(["python", "-m", "sim", *(w for w in words if w != "--fresh")])


def answer(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Answer interrupts so, and being asked to end alike; whoever has had us ignore one, as nohup does, is obeyed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def stop(number: int, frame: FrameType | None) -> None:
    """End at once: nothing is begun, and an exception could be lost in whatever is being loaded."""
    del number, frame
    _end(f"interrupted before anything was run. To go on: {repeat(sys.argv[1:])}")


def _end(said: str) -> NoReturn:
    """End at once with a line: nothing is under way that others would be left with."""
    with suppress(OSError):  # nobody may be listening
        os.write(2, f"{said}\n".encode(errors="replace"))
    os._exit(INTERRUPTED)


@contextmanager
def interruptible(left: str = KEPT) -> Iterator[None]:
    """Within it an interrupt is an exception, so that workers are ended; KeyboardInterrupt says what it left.

    Compiled code may turn that exception into one of its own (a serializer of pydantic does) or lose it in a callback:
    that an interrupt has come is remembered, and whatever ends the block, KeyboardInterrupt leaves it. Behind the block
    no workers are left, and an interrupt ends us at once: what the block did is done.
    """
    from sim.study.run import end_workers

    came = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        """Remember it, and stop what is being done."""
        came.set()
        signal.default_int_handler(number, frame)

    def leave(number: int, frame: FrameType | None) -> None:
        """End with the line that says what the block left."""
        del number, frame
        _end(f"interrupted; {left}: {repeat(sys.argv[1:])}")

    answer(interrupt)
    try:
        yield
        end_workers()
    except KeyboardInterrupt as interrupted:
        raise KeyboardInterrupt(left) from interrupted
    except Exception as error:
        if came.is_set():
            raise KeyboardInterrupt(left) from error
        raise
    if came.is_set():
        raise KeyboardInterrupt(left)
    answer(leave)


def explained(error: Exception) -> int:
    """One line for each thing that went wrong, and the exit status. Raises what is not foreseen."""
    from sim.scenario.faults import BadScenario
    from sim.study.disk import StoreError
    from sim.study.folder import FolderError
    from sim.study.summary import BadResults

    if isinstance(error, OSError) and error.filename is not None:
        complain(f"{error.filename}: found {error.strerror}, expected to read and write here")
        return STORAGE
    statuses = {BadScenario: BAD_INPUT, BadResults: BAD_INPUT, FolderError: FOLDER_TAKEN, StoreError: STORAGE}
    for kind, status in statuses.items():
        if isinstance(error, kind):
            complain(str(error))
            return status
    raise error


def is_text(path: Path) -> bool:
    """Whether a path is text: bytes that are none stand in it as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in str(path))


def load_all(files: tuple[Path, ...], settings: tuple[str, ...]) -> list[Scenario]:
    """All scenarios, or the faults of all of them at once."""
    from sim.scenario.faults import BadScenario, Fault
    from sim.scenario.schema import load
    from sim.study.plan import make_plan

    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for file in files:
        if not is_text(file):
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
