"""From TOML text to one merged tree of plain values, with where each came from and what it rests on.

This layer knows nothing of cities or policies beyond where a policy keeps its instruments. It follows
`extends`, replaces `{ value = …, low = …, high = …, source = "…" }` by the number, applies `--set`, and
reports everything wrong at once.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from pathlib import Path, PureWindowsPath
from typing import Any

from sim.scenario.faults import (
    BadScenario,
    Fault,
    KeyPath,
    key_text,
    nearest,
    one_of,
    shorten,
    suggestion,
    toml_text,
)

Number = int | float

MAX_BYTES = 2**20
MAX_DEPTH = 32
MAX_INTEGER = 2**53  # beyond it a float no longer holds every integer

COMMAND_LINE = "--set"
SET_SOURCE = "set on the command line"

_EVIDENCE_KEYS = {"value", "low", "high", "source"}
_WHOLE_FILE = "(file)"


@dataclass(frozen=True)
class Evidence:
    """A number of the scenario, its range if one is given, and what it rests on.

    key : the number's key path, as text
    source : its own, or for a plain number that of the nearest enclosing table of the same file
    file : the file that gave the number; `--set` for the command line
    """

    key: str
    value: Number
    low: Number | None
    high: Number | None
    source: str | None
    file: str


@dataclass(frozen=True)
class Document:
    """A scenario as read: plain values, and for each where it was written.

    path : the file as it was named
    tree : the merged values; numbers stand without their evidence, `extends` is gone
    provenance : the file that gave a key path, wherever it differs from its parent's
    evidence : one row for every number, in the order of the tree
    files : the files read, links resolved, the scenario itself first
    """

    path: Path
    tree: dict[str, Any]
    provenance: Mapping[KeyPath, str]
    evidence: tuple[Evidence, ...]
    files: tuple[Path, ...]

    def file_of(self, key_path: KeyPath) -> str:
        """The file that gave a key, or its nearest ancestor; `--set` for what the command line set."""
        for length in range(len(key_path), -1, -1):
            file = self.provenance.get(tuple(key_path[:length]))
            if file is not None:
                return file
        return str(self.path)

    def ranges(self) -> dict[KeyPath, tuple[Number, Number]]:
        """The numbers that carry a range, by key path; an end that isn't given is the value itself."""
        return {
            parse_key(row.key): (
                row.value if row.low is None else row.low,
                row.value if row.high is None else row.high,
            )
            for row in self.evidence
            if row.low is not None or row.high is not None
        }


@dataclass(frozen=True)
class Node:
    """A value on its way into the tree, with the file that gave it and, for a number, its evidence.

    value : a dict or a list of nodes, or a plain value
    """

    file: str
    value: Any
    low: Number | None = None
    high: Number | None = None
    source: str | None = None


@dataclass(frozen=True)
class _Setting:
    """One `KEY=VALUE` of the command line: as typed, where it points, what it puts there."""

    key: str
    path: KeyPath
    node: Node


class _NoPlaceError(LookupError):
    """A key path that leads nowhere: what stands there, and what should."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        return f"found {self.found}, expected {self.expected}"


def read(path: Path, settings: Sequence[str] = ()) -> Document:
    """Read a scenario and all it extends, with the `KEY=VALUE` settings of the command line applied.

    Raises BadScenario with every fault that can be seen before the schema is known.
    """
    document, faults = survey(path, settings)
    if document is None or faults:
        raise BadScenario(faults)
    return document


def survey(path: Path, settings: Sequence[str] = ()) -> tuple[Document | None, list[Fault]]:
    """The document, as far as it could be read, and its faults.

    The document is None when a file of its chain is missing or unreadable; otherwise it is whole, though the
    faults may name numbers in it that aren't fit for use: the schema's faults can be told beside them.
    """
    faults: list[Fault] = []
    wishes = [wish for wish in (_setting(text, faults) for text in settings) if wish is not None]
    chain = _chain(Path(path), wishes, faults)
    if chain is None:
        return None, faults
    layers, files = chain
    root = reduce(merge, reversed(layers))
    for wish in wishes:
        if wish.path != ("extends",):
            root = _granted(root, wish, faults)
    evidence = tuple(_evidence(root, ()))
    return Document(Path(path), _plain(root), dict(_provenance(root, ())), evidence, tuple(files)), faults


# ---------------------------------------------------------------------------------------------------------
# files


def _chain(path: Path, wishes: Sequence[_Setting], faults: list[Fault]) -> tuple[list[Node], list[Path]] | None:
    """The scenario and what it extends, top first, and their files; None if the chain breaks."""
    swaps = [wish for wish in wishes if wish.path == ("extends",)]
    shown, at = str(path), (str(path), _WHOLE_FILE)
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
        target, at = raw.pop("extends", None), (shown, "extends")
        if swaps and not layers:
            target, at = _plain(swaps[-1].node), (COMMAND_LINE, "extends")
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
    except _NoPlaceError as refusal:
        faults.append(Fault(*at, refusal.found, refusal.expected))
        return None
    fault: Fault | None = None
    raw: dict[str, Any] = {}
    try:
        raw = _parsed(content)
    except tomllib.TOMLDecodeError as error:
        fault = _syntax_fault(shown, content, str(error))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(shown, f"line {line}", f"the byte 0x{content[error.start]:02x}", "text in UTF-8")
    except RecursionError:
        fault = _depth_fault(shown)
    except ValueError:  # the digits of an integer, more than Python will turn into one
        fault = Fault(shown, _WHOLE_FILE, "a number of thousands of digits", _limit(1))
    if fault is None and _too_deep(raw):
        fault = _depth_fault(shown)
    if fault is not None:
        faults.append(fault)
        return None
    return raw


def _bytes(path: Path) -> bytes:
    """The content of a plain file of bearable size; a pipe is never waited for."""
    try:
        if not path.is_file():
            raise _NoPlaceError(*_not_a_file(path))
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _NoPlaceError(f"{path.name}, no plain file", "a TOML file")
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _NoPlaceError(f"{path.name}: {getattr(error, 'strerror', None) or error}", "a readable file") from None
    if len(content) > MAX_BYTES:
        raise _NoPlaceError(f"{path.name}, a larger file", f"a file of at most {MAX_BYTES} bytes")
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


# the lexemes of TOML as far as needed to tell dotted keys from text; the last one is a string never closed
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+')"""
_LEXEME = re.compile(
    rf"""
    \#[^\n]*+
    | \"\"\" (?: [^"\\]++ | \\. | "(?!"") )*+ \"\"\"
    | \'\'\' (?: [^']++ | '(?!'') )*+ \'\'\'
    | (?P<open> \"\"\" | \'\'\' )
    | (?P<key> {_PART} (?: [ \t]*+ \. [ \t]*+ {_PART} )*+ )
    | [^\w"'\#-]++
    | .
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)


def _parsed(content: bytes) -> dict[str, Any]:
    """The table that TOML text means.

    Raises ValueError if it is none, RecursionError where keys or values stand too deep in each other.
    """
    text = content.decode("utf-8-sig")
    if _has_endless_key(text):
        raise RecursionError
    return tomllib.loads(text)


def _has_endless_key(text: str) -> bool:
    """Whether a dotted key has more parts than tables may be deep: the parser takes their square in time."""
    for lexeme in _LEXEME.finditer(text):
        if lexeme["open"] or lexeme[0] in "\"'":
            return False  # as far as the parser will come
        key = lexeme["key"]
        if key and len(key) > 2 * MAX_DEPTH and len(re.findall(_PART, key)) > MAX_DEPTH:
            return True
    return False


def _too_deep(tree: object) -> bool:
    """Whether tables and arrays stand in each other more than MAX_DEPTH deep."""
    level = [tree]
    for _ in range(MAX_DEPTH + 1):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: object) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _depth_fault(shown: str, key: str = _WHOLE_FILE) -> Fault:
    return Fault(shown, key, "tables in tables without end", f"at most {MAX_DEPTH} levels")


_PLACE = re.compile(r"(?P<why>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)


def _syntax_fault(shown: str, content: bytes, message: str) -> Fault:
    """Where the parser stopped: line and column, the text there, and the parser's own reason."""
    lines = content.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n").split("\n")
    place = _PLACE.fullmatch(message)
    row, column, key = len(lines), len(lines[-1]), "end of file"
    if place and place["line"]:
        row, column = int(place["line"]), int(place["column"])
        key = f"line {row}, column {column}"
    excerpt = lines[min(row, len(lines)) - 1][max(0, column - 40) :].strip()
    why = place["why"] if place else message
    return Fault(shown, key, toml_text(shorten(excerpt, 80)), f"TOML ({why})")


# ---------------------------------------------------------------------------------------------------------
# numbers and their evidence


def settle(raw: object, file: str, faults: list[Fault], at: KeyPath = (), source: str | None = None) -> Node:
    """One file's values as nodes: each with its file, each number with its evidence.

    source : of the nearest enclosing table that names one
    """
    if isinstance(raw, dict):
        if at and "value" in raw and raw.keys() <= _EVIDENCE_KEYS:
            return _carried(raw, file, faults, at)
        if isinstance(raw.get("source"), str):
            source = raw["source"].strip() or None
        return Node(file, {key: settle(v, file, faults, (*at, key), source) for key, v in raw.items()})
    if isinstance(raw, list):
        return Node(file, [settle(v, file, faults, (*at, n), source) for n, v in enumerate(raw)])
    if not _is_number(raw):
        return Node(file, raw)
    faults.extend(_number_faults(raw, file, at))
    return Node(file, raw, source=source)


def _carried(table: dict[str, Any], file: str, faults: list[Fault], at: KeyPath) -> Node:
    """The number that a table of value, low, high and source stands for."""
    value, low, high, source = (table.get(name) for name in ("value", "low", "high", "source"))
    wrong = _number_faults(value, file, at)
    for name, end in (("low", low), ("high", high)):
        if name in table:
            wrong += _number_faults(end, file, (*at, name))
    if not wrong:
        if low is not None and low > value:
            expected = f"a number of at most the value, {toml_text(value)}"
            wrong.append(Fault(file, key_text((*at, "low")), toml_text(low), expected))
        if high is not None and high < value:
            expected = f"a number of at least the value, {toml_text(value)}"
            wrong.append(Fault(file, key_text((*at, "high")), toml_text(high), expected))
    if "source" in table and not (isinstance(source, str) and source.strip()):
        wrong.append(Fault(file, key_text((*at, "source")), toml_text(source), "where the number comes from"))
    faults.extend(wrong)
    if wrong:
        return Node(file, value)
    return Node(file, value, low, high, source)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_faults(value: Any, file: str, at: KeyPath) -> list[Fault]:
    """Nothing for a number that a float can hold, otherwise what it should have been."""
    if not _is_number(value):
        expected = "a number"
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        expected = _limit(value)
    elif not math.isfinite(value):
        expected = "a finite number"
    else:
        return []
    return [Fault(file, key_text(at), toml_text(value), expected)]


def _limit(sign: int) -> str:
    return f"an integer of at most {MAX_INTEGER}" if sign > 0 else f"an integer of at least {-MAX_INTEGER}"


# ---------------------------------------------------------------------------------------------------------
# nodes


def merge(base: Node, over: Node) -> Node:
    """What extending leaves: tables key by key, anything else replaced whole.

    A table that both give belongs to the file that extends, its keys to whoever gave them.
    """
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    keys = dict(base.value)
    for key, node in over.value.items():
        keys[key] = merge(keys[key], node) if key in keys else node
    return Node(over.file, keys)


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(child) for child in node.value]
    return node.value


def _inside(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node.value, dict):
        yield from node.value.items()
    elif isinstance(node.value, list):
        yield from enumerate(node.value)


def _provenance(node: Node, at: KeyPath, above: str | None = None) -> Iterator[tuple[KeyPath, str]]:
    if node.file != above:
        yield at, node.file
    for part, child in _inside(node):
        yield from _provenance(child, (*at, part), node.file)


def _evidence(node: Node, at: KeyPath) -> Iterator[Evidence]:
    if _is_number(node.value):
        yield Evidence(key_text(at), node.value, node.low, node.high, node.source, node.file)
    for part, child in _inside(node):
        yield from _evidence(child, (*at, part))


def _with(node: Node, path: KeyPath, new: Node) -> Node:
    """The node with another at `path`, tables made on the way where there are none."""
    if not path:
        return new
    part, rest = path[0], path[1:]
    inside: Any = dict(node.value) if isinstance(node.value, dict) else list(node.value)
    child = inside[part] if isinstance(part, int) or part in inside else Node(new.file, {})
    inside[part] = _with(child, rest, new)
    return replace(node, value=inside)


# ---------------------------------------------------------------------------------------------------------
# key paths and the command line

_KEY_PART = re.compile(
    r"""\s*(?:(?P<double>"(?:[^"\\]|\\.)*+")|'(?P<single>[^']*+)'|(?P<bare>[^.\[\]="'\s][^.\[\]=]*+))\s*"""
)
_KEY_INDEX = re.compile(r"\[\s*(\d{1,9})\s*\]\s*")


def parse_key(text: str) -> KeyPath:
    """The key path that a text means: the inverse of `key_text`.

    Raises ValueError if it is none.
    """
    path, end = _scanned(text)
    if end < len(text):
        raise ValueError(f"{toml_text(text)} is no key path")
    return path


def _scanned(text: str) -> tuple[KeyPath, int]:
    """The key path at the start of a text, and where it ends. Raises ValueError if there is none."""
    path: list[str | int] = []
    end = -1
    while end < 0 or text[end : end + 1] == ".":
        part = _KEY_PART.match(text, end + 1)
        if part is None:
            raise ValueError(f"{toml_text(text)} is no key path")
        path.append(_key_part(part))
        end = part.end()
        while index := _KEY_INDEX.match(text, end):
            path.append(int(index[1]))
            end = index.end()
    return tuple(path), end


def _key_part(part: re.Match[str]) -> str:
    if part["double"] is not None:
        return str(json.loads(part["double"]))
    return part["single"] if part["single"] is not None else part["bare"].strip()


def _setting(text: str, faults: list[Fault]) -> _Setting | None:
    """A setting of the command line, its value read as TOML or else taken as a bare string."""
    try:
        path, end = _scanned(text)
    except ValueError:
        path, end = (), 0
    if not path or text[end : end + 1] != "=":
        key = text.partition("=")[0].strip() or COMMAND_LINE
        faults.append(Fault(COMMAND_LINE, key, toml_text(text), "KEY=VALUE, such as run.seed=1"))
        return None
    key, before = text[:end].strip(), len(faults)
    if len(path) > MAX_DEPTH:
        faults.append(_depth_fault(COMMAND_LINE, key))
        return None
    try:
        value = _set_value(text[end + 1 :])
    except RecursionError:
        faults.append(_depth_fault(COMMAND_LINE, key))
        return None
    except UnicodeEncodeError:  # bytes of the command line that are no text
        faults.append(Fault(COMMAND_LINE, key, toml_text(text[end + 1 :]), "text in UTF-8"))
        return None
    node = settle(value, COMMAND_LINE, faults, path, SET_SOURCE)
    if len(faults) > before:
        return None
    if _is_number(node.value) and node.source is None:
        node = replace(node, source=SET_SOURCE)
    return _Setting(key, path, node)


def _set_value(text: str) -> Any:
    content = b"v = " + text.encode("utf-8")
    try:
        parsed = _parsed(content)
    except ValueError:
        return text
    if parsed.keys() != {"v"}:
        return text
    if _too_deep(parsed):
        raise RecursionError
    return parsed["v"]


def _granted(root: Node, wish: _Setting, faults: list[Fault]) -> Node:
    """The tree with a setting applied wherever its key points."""
    try:
        targets = _targets(_plain(root), wish.path)
    except _NoPlaceError as lost:
        faults.append(Fault(COMMAND_LINE, wish.key, lost.found, lost.expected))
        return root
    return reduce(lambda tree, target: _with(tree, target, wish.node), targets, root)


def _targets(tree: dict[str, Any], path: KeyPath) -> list[KeyPath]:
    """Where a setting points: `policy.NAME.kind.parameter`, `instrument.kind.parameter`, or a plain key path.

    Raises _NoPlaceError where it leads nowhere.
    """
    if len(path) > 1 and path[0] == "policy" and _tables(tree.get("policy")):
        chosen = [n for n, policy in _tables(tree["policy"]) if policy.get("name") == path[1]]
        if chosen:
            return [target for n in chosen for target in _in_policy(tree["policy"][n], ("policy", n), path[2:])]
        if _index(path[1]) is None:
            names = [str(policy.get("name")) for _, policy in _tables(tree["policy"])]
            raise _NoPlaceError(toml_text(path[1]), f"a policy's name: {one_of(names, path[1])}")
    if len(path) > 2 and path[0] == "instrument" and path[1] in _kinds(tree):
        return _in_instruments(tree, (), path[1:])
    return _descended(tree, (), path)


def _in_policy(policy: dict[str, Any], at: KeyPath, rest: KeyPath) -> list[KeyPath]:
    """Where the part of a setting behind a policy's name points."""
    kinds = _kinds(policy)
    if rest and rest[0] in kinds and len(rest) > 1:
        return _in_instruments(policy, at, rest)
    if rest and rest[0] in policy and rest[0] not in kinds:
        return _descended(policy, at, rest)
    if rest and rest[0] in kinds:
        raise _NoPlaceError(f"no parameter after {rest[0]}", "policy.NAME.kind.parameter")
    name = f"an instrument of policy {policy.get('name')}"
    kind = rest[0] if rest else None
    listed = one_of(kinds, kind) if kinds else "it has none"
    raise _NoPlaceError(toml_text(kind), f"{name}: {listed}")


def _in_instruments(holder: dict[str, Any], at: KeyPath, rest: KeyPath) -> list[KeyPath]:
    """Every place that `kind.parameter` means among a policy's instruments."""
    return [
        target
        for n, instrument in _tables(holder.get("instrument"))
        if instrument.get("kind") == rest[0]
        for target in _reached(instrument, (*at, "instrument", n), rest[1:])
        or _descended(instrument, (*at, "instrument", n), rest[1:])
    ]


def _kinds(holder: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(table.get("kind")) for _, table in _tables(holder.get("instrument"))))


def _tables(value: object) -> list[tuple[int, dict[str, Any]]]:
    """The tables of an array, with their places."""
    return [(n, v) for n, v in enumerate(value) if isinstance(v, dict)] if isinstance(value, list) else []


def _index(part: str | int) -> int | None:
    if isinstance(part, int):
        return part
    return int(part) if re.fullmatch(r"[0-9]{1,9}", part) else None


def _reached(value: object, at: KeyPath, parts: KeyPath) -> list[KeyPath]:
    """Every place at or below a value whose table has the first of `parts`; in each branch the outermost."""
    if isinstance(value, dict) and parts[0] in value:
        return _descended(value, at, parts)
    below: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [target for part, child in below for target in _reached(child, (*at, part), parts)]


def _descended(value: object, at: KeyPath, parts: KeyPath) -> list[KeyPath]:
    """The places that `parts` mean below a value; a key of a list's tables means that key in each of them.

    Keys that a table lacks may be made. Raises _NoPlaceError where a part fits nothing.
    """
    if not parts:
        return [at]
    part, rest = parts[0], parts[1:]
    if isinstance(value, list):
        return _descended_in_list(value, at, parts)
    if not isinstance(value, dict):
        raise _NoPlaceError(toml_text(value), f"a table at {key_text(at)}, to hold {key_text(parts)}")
    if isinstance(part, int):
        raise _NoPlaceError("a table", f"an array at {key_text(at)}, to have an element [{part}]")
    if part in value:
        return _descended(value[part], (*at, part), rest)
    if any(isinstance(further, int) for further in rest):
        raise _NoPlaceError("nothing", f"an array at {key_text((*at, part))}{suggestion(part, value)}")
    return [(*at, *parts)]


def _descended_in_list(value: list[Any], at: KeyPath, parts: KeyPath) -> list[KeyPath]:
    index = _index(parts[0])
    if index is not None:
        if index >= len(value):
            expected = f"an index below {len(value)}" if value else "no index: the array is empty"
            raise _NoPlaceError(f"[{index}]", f"{expected}, at {key_text(at)}")
        return _descended(value[index], (*at, index), parts[1:])
    targets = [t for n, table in _tables(value) for t in _descended(table, (*at, n), parts)]
    if not targets:
        raise _NoPlaceError(f".{key_text(parts)}", f"an index such as [0] at {key_text(at)}")
    return targets


# ---------------------------------------------------------------------------------------------------------
# sweeps


def assign(instruments: list[dict[str, Any]], path: str, value: Any, scale: bool) -> list[dict[str, Any]]:
    """A copy of a policy's instruments with one parameter set, or multiplied, in every instrument of a kind.

    path : `kind.parameter`; through lists it reaches every element that has the parameter, at any depth
    scale : multiply what is there by `value`; integers stay integers, rounded half up
    Raises LookupError if the policy has no such instrument, or there is no number to scale.
    """
    try:
        kind, *parameter = parse_key(path)
    except ValueError as error:
        raise LookupError(str(error)) from None
    holder = {"instrument": deepcopy(instruments)}
    kinds = _kinds(holder)
    if not parameter:
        raise LookupError(f"{path}: found no parameter, expected kind.parameter")
    if kind not in kinds:
        listed = one_of(kinds, kind) if kinds else "there is none"
        raise LookupError(f"{path}: found {toml_text(kind)}, expected an instrument of the policy: {listed}")
    try:
        targets = _in_instruments(holder, (), (kind, *parameter))
    except _NoPlaceError as lost:
        raise LookupError(f"{path}: {lost}") from None
    if scale:
        targets = [target for target in targets if _has(holder, target)]
        if not targets:
            raise LookupError(f"{path}: found nothing, expected a number to scale")
    for target in targets:
        table, key = _table_of(holder, target)
        table[key] = _scaled(table[key], value, path) if scale else deepcopy(value)
    return holder["instrument"]


def _has(tree: Any, path: KeyPath) -> bool:
    for part in path:
        if isinstance(tree, dict) and part not in tree:
            return False
        tree = tree[part]
    return True


def _table_of(tree: Any, path: KeyPath) -> tuple[Any, str | int]:
    """The table or array that holds the end of a path, made where it is missing, and its key there."""
    for part in path[:-1]:
        tree = tree.setdefault(part, {}) if isinstance(tree, dict) else tree[part]
    return tree, path[-1]


def _scaled(value: Any, factor: Any, path: str) -> Any:
    if isinstance(value, list):
        return [_scaled(element, factor, path) for element in value]
    if not _is_number(value):
        raise LookupError(f"{path}: found {toml_text(value)}, expected a number to scale")
    if not _is_number(factor) or not math.isfinite(factor):
        raise LookupError(f"{path}: found a scale of {toml_text(factor)}, expected a finite number")
    if isinstance(value, int):  # in decimals as written: 5 × 0.3 is 1.5, and rounds to 2
        return math.floor(Fraction(repr(factor)) * value + Fraction(1, 2))
    return value * factor
