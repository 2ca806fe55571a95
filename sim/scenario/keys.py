"""Key paths: how they are written, and the places in a tree that one means."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from sim.scenario.faults import KeyPath, key_text, nearest, one_of, suggestion, toml_text

_KEY_PART = re.compile(
    r"""\s*(?:(?P<double>"(?:[^"\\]|\\.)*+")|'(?P<single>[^']*+)'|(?P<bare>[^.\[\]="'\s][^.\[\]=]*+))\s*"""
)
_KEY_INDEX = re.compile(r"\[\s*(\d{1,9})\s*\]\s*")


class NoPlaceError(LookupError):
    """A key path that leads nowhere: what stands there, and what should."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        return f"found {self.found}, expected {self.expected}"


def parse_key(text: str) -> KeyPath:
    """The key path that a text means: the inverse of `key_text`.

    Raises ValueError if it is none.
    """
    path, end = scanned(text)
    if end < len(text):
        raise ValueError(f"{toml_text(text)} is no key path")
    return path


def as_part(name: str) -> str:
    """A name as it stands in a key path: in quotes where it would be taken for something else."""
    try:
        whole = parse_key(name) == (name,)
    except ValueError:
        whole = False
    return name if whole else json.dumps(name, ensure_ascii=False)


def scanned(text: str) -> tuple[KeyPath, int]:
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


def targets(tree: dict[str, Any], path: KeyPath) -> list[KeyPath]:
    """Where a setting points: `policy.NAME.kind.parameter`, `instrument.kind.parameter`, or a plain key path.

    In a plain path a member of a list of named tables, such as the city's kinds, is meant by its name or its index.
    Raises NoPlaceError where it leads nowhere.
    """
    if len(path) > 1 and path[0] == "policy" and _tables(tree.get("policy")):
        chosen = [n for n, policy in _tables(tree["policy"]) if policy.get("name") == path[1]]
        if chosen:
            return [target for n in chosen for target in _in_policy(tree["policy"][n], ("policy", n), path[2:])]
        if _index(path[1]) is None:
            names = [as_part(str(policy.get("name"))) for _, policy in _tables(tree["policy"])]
            raise NoPlaceError(toml_text(path[1]), f"a policy's name: {one_of(names, path[1])}")
    if len(path) > 2 and path[0] == "instrument":
        kinds = kinds_in(tree)
        if path[1] in kinds:
            return in_instruments(tree, (), path[1:])
        if nearest(path[1], kinds) is not None:
            raise NoPlaceError(toml_text(path[1]), f"a standing instrument's kind: {one_of(kinds, path[1])}")
    return _descended(tree, (), path)


def _in_policy(policy: dict[str, Any], at: KeyPath, rest: KeyPath) -> list[KeyPath]:
    """Where the part of a setting behind a policy's name points."""
    kinds = kinds_in(policy)
    if rest and rest[0] in kinds and len(rest) > 1:
        return in_instruments(policy, at, rest)
    if rest and rest[0] in policy and rest[0] not in kinds:
        return _descended(policy, at, rest)
    if rest and rest[0] in kinds:
        raise NoPlaceError(f"no parameter after {rest[0]}", "policy.NAME.kind.parameter")
    name = f"an instrument of policy {policy.get('name')}"
    kind = rest[0] if rest else None
    listed = one_of(kinds, kind) if kinds else "it has none"
    raise NoPlaceError(toml_text(kind), f"{name}: {listed}")


def in_instruments(holder: dict[str, Any], at: KeyPath, rest: KeyPath) -> list[KeyPath]:
    """Every place that `kind.parameter` means among a policy's instruments."""
    return [
        target
        for n, instrument in _tables(holder.get("instrument"))
        if instrument.get("kind") == rest[0]
        for target in _reached(instrument, (*at, "instrument", n), rest[1:])
        or _descended(instrument, (*at, "instrument", n), rest[1:])
    ]


def kinds_in(holder: dict[str, Any]) -> list[str]:
    """The kinds of a policy's instruments, in file order."""
    return list(dict.fromkeys(str(table.get("kind")) for _, table in _tables(holder.get("instrument"))))


def _tables(value: object) -> list[tuple[int, dict[str, Any]]]:
    """The tables of an array, with their places."""
    return [(n, v) for n, v in enumerate(value) if isinstance(v, dict)] if isinstance(value, list) else []


def named(rows: Sequence[Any], name: object) -> int | None:
    """Which table of a list has the name; None if none has, or several."""
    have = [n for n, row in enumerate(rows) if isinstance(row, dict) and row.get("name") == name]
    return have[0] if len(have) == 1 else None


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

    Keys that a table lacks may be made. Raises NoPlaceError where a part fits nothing.
    """
    if not parts:
        return [at]
    part, rest = parts[0], parts[1:]
    if isinstance(value, list):
        return _descended_in_list(value, at, parts)
    if not isinstance(value, dict):
        raise NoPlaceError(toml_text(value), f"a table at {key_text(at)}, to hold {key_text(parts)}")
    if isinstance(part, int):
        raise NoPlaceError("a table", f"an array at {key_text(at)}, to have an element [{part}]")
    if part in value:
        return _descended(value[part], (*at, part), rest)
    if any(isinstance(further, int) for further in rest):
        raise NoPlaceError("nothing", f"an array at {key_text((*at, part))}{suggestion(part, value)}")
    return [(*at, *parts)]


def _descended_in_list(value: list[Any], at: KeyPath, parts: KeyPath) -> list[KeyPath]:
    index = named(value, parts[0])
    if index is None:
        index = _index(parts[0])
    if index is not None:
        if index >= len(value):
            expected = f"an index below {len(value)}" if value else "no index: the array is empty"
            raise NoPlaceError(f"[{index}]", f"{expected}, at {key_text(at)}")
        return _descended(value[index], (*at, index), parts[1:])
    names = [as_part(table["name"]) for _, table in _tables(value) if isinstance(table.get("name"), str)]
    means_one = len(parts) > 1 and not any(parts[0] in table for _, table in _tables(value))
    if means_one and 0 < len(names) == len(value):
        raise NoPlaceError(toml_text(parts[0]), f"a name at {key_text(at)}: {one_of(names, parts[0])}")
    targets = [t for n, table in _tables(value) for t in _descended(table, (*at, n), parts)]
    if not targets:
        raise NoPlaceError(f".{key_text(parts)}", f"an index such as [0] at {key_text(at)}")
    return targets
