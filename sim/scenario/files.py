"""The files a scenario is made of: itself and all it extends, and nothing outside of their folder."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from sim.scenario.faults import Fault, nearest, toml_text
from sim.scenario.keys import NoPlaceError
from sim.scenario.nodes import Node, limit, plain, settle
from sim.scenario.settings import COMMAND_LINE, Setting
from sim.scenario.toml import WHOLE_FILE, depth_fault, parsed, syntax_fault, too_deep

MAX_BYTES = 2**20


def chain(path: Path, wishes: Sequence[Setting], faults: list[Fault]) -> tuple[list[Node], list[Path]] | None:
    """The scenario and what it extends, top first, and their files; None if the chain breaks."""
    swaps = [wish for wish in wishes if wish.path == ("extends",)]
    shown, at = str(path), (str(path), WHOLE_FILE)
    here = _resolved(path)
    if here is None:
        faults.append(Fault(*at, "a path that leads nowhere", "a scenario file"))
        return None
    top, layers, files, names = here, list[Node](), list[Path](), list[str]()
    while True:
        raw = _load(here, shown, at, faults)
        if raw is None:
            return None
        if not raw and not layers:
            faults.append(Fault(*at, "an empty file", "a TOML table with a title"))
            return None
        target, at = raw.pop("extends", None), (shown, "extends")
        if swaps and not layers:
            target, at = plain(swaps[-1].node), (COMMAND_LINE, "extends")
        layers.append(settle(raw, shown, faults))
        files.append(here)
        names.append(shown)
        if target is None:
            return layers, files
        base = _base(target, here, top, at, faults)
        if base is None:
            return None
        if base in files:
            circle = " → ".join([*names[files.index(base) :], names[files.index(base)]])
            faults.append(Fault(*at, toml_text(target), f"files that don't extend each other in a circle: {circle}"))
            return None
        here, shown = base, _shown(base, top, path)


def _base(target: object, here: Path, top: Path, at: tuple[str, str], faults: list[Fault]) -> Path | None:
    """The file that `extends` names, if it is one and may be reached."""
    found = toml_text(target)
    if not isinstance(target, str) or not target.strip():
        faults.append(Fault(*at, found, 'a path such as "cities/xian.toml"'))
        return None
    if Path(target).is_absolute() or PureWindowsPath(target).drive:
        faults.append(Fault(*at, found, "a path relative to the file that names it"))
        return None
    fence = _fence(top)
    if fence is None:
        faults.append(Fault(*at, found, "a scenario in or below a folder that holds cities/"))
        return None
    base = _resolved(here.parent / target)
    if base is None or not base.is_relative_to(fence):
        faults.append(Fault(*at, found, "a path to a file under the folder that holds cities/, links followed"))
        return None
    return base


def _fence(top: Path) -> Path | None:
    """The nearest folder above a scenario that holds `cities/`: nothing outside is read."""
    return next((folder for folder in top.parents if _is_folder(folder / "cities")), None)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _resolved(path: Path) -> Path | None:
    """The path with links followed; None where they run in a circle or the name can't be one."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def _shown(base: Path, top: Path, path: Path) -> str:
    """How to name a base in messages: beside the scenario as it was named, if that leads there."""
    beside = Path(os.path.normpath(path.parent / os.path.relpath(base, top.parent)))
    return str(beside if _resolved(beside) == base else base)


def _load(path: Path, shown: str, at: tuple[str, str], faults: list[Fault]) -> dict[str, Any] | None:
    """The table that a file holds.

    at : file and key of the fault if it can't be opened: those of the `extends` that names it, say
    """
    try:
        content = _bytes(path)
    except NoPlaceError as refusal:
        faults.append(Fault(*at, refusal.found, refusal.expected))
        return None
    fault: Fault | None = None
    raw: dict[str, Any] = {}
    try:
        raw = parsed(content)
    except tomllib.TOMLDecodeError as error:
        fault = syntax_fault(shown, content, str(error))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(shown, f"line {line}", f"the byte 0x{content[error.start]:02x}", "text in UTF-8")
    except RecursionError:
        fault = depth_fault(shown)
    except ValueError:  # the digits of an integer, more than Python will turn into one
        fault = Fault(shown, WHOLE_FILE, "a number of thousands of digits", limit(1))
    if fault is None and too_deep(raw):
        fault = depth_fault(shown)
    if fault is not None:
        faults.append(fault)
        return None
    return raw


def _bytes(path: Path) -> bytes:
    """The content of a plain file of bearable size; a pipe is never waited for."""
    try:
        if not path.is_file():
            raise NoPlaceError(*_not_a_file(path))
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NoPlaceError(f"{path.name}, no plain file", "a TOML file")
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise NoPlaceError(f"{path.name}: {getattr(error, 'strerror', None) or error}", "a readable file") from None
    if len(content) > MAX_BYTES:
        raise NoPlaceError(f"{path.name}, a larger file", f"a file of at most {MAX_BYTES} bytes")
    return content


def _not_a_file(path: Path) -> tuple[str, str]:
    """What stands where a file was named, and what was wanted."""
    if path.is_dir():
        return f"{path.name}, a folder", "a TOML file"
    if path.exists():
        return f"{path.name}, no plain file", "a TOML file"
    beside = [other.stem for other in path.parent.glob("*.toml")] if path.parent.is_dir() else []
    near = nearest(path.stem, beside)
    hint = "" if near is None else f"; did you mean {near}.toml?"
    return f"no file {toml_text(path.name)}", f"a TOML file{hint}"
