"""The commands: the only room that prints."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from cyclopts import CycloptsError

from sim.cli import backtesting, results, running, scenarios  # noqa: F401  (they put their commands into the application)
from sim.cli.shell import BAD_INPUT, DONE, INTERRUPTED, STORAGE, answer, app, complain, explained, repeat, stop
from sim.cli.streams import caught


def main(leave: Callable[[int, FrameType | None], None]) -> None:
    """Run the command line; exits with the status that docs/commands.md lists.

    leave : answers an interrupt that comes when all is done
    """
    out, _ = caught("stdout"), caught("stderr")
    answer(stop)
    status = _guarded(sys.argv[1:])
    sys.stdout.flush()
    answer(leave)
    if out.error is not None and not isinstance(out.error, BrokenPipeError):
        complain(f"standard output: found {out.error.strerror}, expected to write here")
        status = max(status, STORAGE)
    sys.stderr.flush()
    if status != INTERRUPTED:  # all is said: an interrupt of what is left, Python's own end, would only belie it
        answer(signal.SIG_IGN)
    sys.exit(status)


def _guarded(words: list[str]) -> int:
    """Run one command and turn what went wrong into its exit status and one line for each fault."""
    try:
        status = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        complain(f"command line: {_hinted(' '.join(str(error).split()))}")
        return BAD_INPUT
    except KeyboardInterrupt as interrupt:
        complain(f"interrupted; {interrupt}: {repeat(words)}")
        return INTERRUPTED
    except Exception as error:
        return explained(error)
    return status if isinstance(status, int) else DONE


def _hinted(said: str) -> str:
    """What is wrong with the words, with the nearest option: those that every command has are unknown to the parser."""
    from difflib import get_close_matches

    unknown, _, _ = said.removeprefix("Unknown option: ").partition(". Did you mean ")
    near = get_close_matches(unknown.rstrip("."), ("--help", "--version"), n=1, cutoff=0.7)
    return f"Unknown option: {unknown.rstrip('.')}. Did you mean {near[0]}?" if near else said
