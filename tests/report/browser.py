"""A headless Chromium spoken to through a pipe: no server, no driver, no dependency."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 60.0  # seconds without a word after which a test fails rather than hangs
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
)


class Tab:
    """One page in the browser: what it does, what it asks the network for, what it complains of."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its result; events that come meanwhile are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result

    def open(self, path: Path) -> None:
        """Load a file and wait until it has loaded."""
        assert "errorText" not in self.ask("Page.navigate", url=path.as_uri())
        while self.run("document.readyState + location.protocol") != "completefile:":
            pass

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value; a policy about content does not bind this."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key as a keyboard does, at whatever has the focus."""
        held = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **held)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **held)

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a place of the window."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def tap(self, x: float, y: float) -> None:
        """Touch a place of the window with a finger."""
        self.run("window.tapped = new Promise((done) => addEventListener('click', () => done(), { once: true })), 0")
        self.ask("Emulation.setTouchEmulationEnabled", enabled=True)
        self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.ask("Emulation.setTouchEmulationEnabled", enabled=False)
        self.ask("Runtime.evaluate", expression="window.tapped", awaitPromise=True)

    def settle(self) -> None:
        """Wait until the page has been laid out and has been told of it."""
        frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        self.ask("Runtime.evaluate", expression=frames, awaitPromise=True)

    def screen(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Show the page on a screen of this size in CSS pixels."""
        dots = 2 if mobile else 1
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=dots, mobile=mobile
        )

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            assert ready, "the browser says nothing"
            chunk = os.read(self._answers, 1 << 16)
            assert chunk, "the browser went away"
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        self._note(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.complaints.append(json.dumps(said))


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """Start Chromium with a profile of its own, and end it with all its children."""
    assert PROGRAM is not None
    (theirs_in, ours_out), (ours_in, theirs_out) = _pipe(), _pipe()
    # it reads commands from 3 and answers to 4
    given = [(os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4)]
    quiet = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    command = [PROGRAM, *FLAGS, f"--user-data-dir={profile}"]
    process = os.posix_spawn(PROGRAM, command, os.environ, file_actions=[*given, quiet], setpgroup=0)
    try:
        os.close(theirs_in)
        os.close(theirs_out)
        yield Tab(ours_out, ours_in)
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ours_out)
        os.close(ours_in)


def _pipe() -> tuple[int, int]:
    """Make a pipe whose ends have numbers out of the way of 3 and 4."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
