"""`python -m sim`: the way in, which an interrupt may find still loading."""

import os
import signal
from types import FrameType

_INTERRUPTED = 130


def _leave(number: int, frame: FrameType | None) -> None:
    """Nothing is begun yet, or all is done: there is nothing to tell."""
    del number, frame
    os._exit(_INTERRUPTED)


def main() -> None:
    """Load the commands and run them."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)
    from sim.cli import main as run

    run(_leave)


if __name__ == "__main__":
    main()
