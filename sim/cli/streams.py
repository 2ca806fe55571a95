"""The standard streams, behind sinks that never raise."""

import io
import os
import select
import sys
from typing import Any


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
        """Write what can be written; all of it counts as written."""
        while self.error is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.error = error
        return len(data)


def caught(name: str) -> _Sink:
    """Put a sink behind a standard stream, in which characters that its encoding lacks are spelt out."""
    stream = getattr(sys, name)
    sink, encoding = (_Sink(None), "utf-8") if stream is None else (_Sink(stream.fileno()), stream.encoding)
    prompt = sink.isatty() or name == "stderr"
    written = io.TextIOWrapper(io.BufferedWriter(sink), encoding, errors="backslashreplace", line_buffering=prompt)
    setattr(sys, name, written)
    return sink
