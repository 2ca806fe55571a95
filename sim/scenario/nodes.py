"""Values on their way into the tree: each with the file that gave it, each number with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sim.scenario.faults import Fault, KeyPath, key_text, toml_text

Number = int | float

MAX_INTEGER = 2**53  # beyond it a float no longer holds every integer
_EVIDENCE_KEYS = {"value", "low", "high", "source"}


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
class Node:
    """A value on its way into the tree, with the file that gave it and, for a number, its evidence.

    value : a dict or a list of nodes, or a plain value
    """

    file: str
    value: Any
    low: Number | None = None
    high: Number | None = None
    source: str | None = None


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
    if not is_number(raw):
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
        return settle(value, file, [], at)  # what is wrong inside of what is no number has no line of its own
    return Node(file, value, low, high, source)


def is_number(value: object) -> bool:
    """Whether a value is an integer or a float; true and false are neither here."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_faults(value: Any, file: str, at: KeyPath) -> list[Fault]:
    """Nothing for a number that a float can hold, otherwise what it should have been."""
    if not is_number(value):
        expected = "a number"
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        expected = limit(value)
    elif not math.isfinite(value):
        expected = "a finite number"
    else:
        return []
    return [Fault(file, key_text(at), toml_text(value), expected)]


def limit(sign: int) -> str:
    """What is expected of an integer that lies too far out on the side of `sign`."""
    return f"an integer of at most {MAX_INTEGER}" if sign > 0 else f"an integer of at least {-MAX_INTEGER}"


def merge(base: Node, over: Node) -> Node:
    """What extending leaves: tables key by key, anything else replaced whole.

    A table that both give belongs to the file that extends, its keys to whoever gave them. A table laid over a list
    of tables that have names amends the list: each of its keys is the name of one to merge into, or to add.
    """
    if not isinstance(over.value, dict):
        return over
    if _has_names(base):
        return _amended(base, over)
    if not isinstance(base.value, dict):
        return over
    keys = dict(base.value)
    for key, node in over.value.items():
        keys[key] = merge(keys[key], node) if key in keys else node
    return Node(over.file, keys)


def _has_names(node: Node) -> bool:
    """Whether a node is a list of tables, one at least, that all have a name of their own."""
    rows = node.value if isinstance(node.value, list) else []
    names = [row.value["name"].value for row in rows if isinstance(row.value, dict) and "name" in row.value]
    texts = {name for name in names if isinstance(name, str)}
    return bool(rows) and len(texts) == len(rows)


def _amended(base: Node, over: Node) -> Node:
    """A list of named tables with another file's changes to them, which stand under their names."""
    rows = {row.value["name"].value: row for row in base.value}
    if not all(isinstance(change.value, dict) for change in over.value.values()):
        return over  # refused with the rest of what does not fit
    for name, change in over.value.items():
        named = Node(change.file, {"name": Node(change.file, name), **change.value})
        rows[name] = merge(rows[name], named) if name in rows else named
    return Node(over.file, list(rows.values()))


def plain(node: Node) -> Any:
    """The values of a node and all below it, without where they came from."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def _inside(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node.value, dict):
        yield from node.value.items()
    elif isinstance(node.value, list):
        yield from enumerate(node.value)


def provenance_in(node: Node, at: KeyPath, above: str | None = None) -> Iterator[tuple[KeyPath, str]]:
    """The file of every key path at or below a node whose file is not its parent's."""
    if node.file != above:
        yield at, node.file
    for part, child in _inside(node):
        yield from provenance_in(child, (*at, part), node.file)


def evidence_in(node: Node, at: KeyPath) -> Iterator[Evidence]:
    """One row for every number at or below a node, in the order of the tree."""
    if is_number(node.value):
        yield Evidence(key_text(at), node.value, node.low, node.high, node.source, node.file)
    for part, child in _inside(node):
        yield from evidence_in(child, (*at, part))


def put(node: Node, path: KeyPath, new: Node) -> Node:
    """The node with another at `path`, tables made on the way where there are none."""
    if not path:
        return new
    part, rest = path[0], path[1:]
    inside: Any = dict(node.value) if isinstance(node.value, dict) else list(node.value)
    child = inside[part] if isinstance(part, int) or part in inside else Node(new.file, {})
    inside[part] = put(child, rest, new)
    return replace(node, value=inside)
