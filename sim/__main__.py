"""Entry point of `python -m sim`; answers an interrupt even while the program is still loading."""

import os
import signal
from types import FrameType

_INTERRUPTED = 130


def _leave(number: int, frame: FrameType | None) -> None:
    """Exit with the interrupt code: nothing has begun, or everything is finished."""
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
