"""The `KEY=VALUE` settings of the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from sim.scenario.faults import Fault, KeyPath, toml_text
from sim.scenario.keys import NoPlaceError, scanned, targets
from sim.scenario.nodes import Node, is_number, plain, put, settle
from sim.scenario.toml import MAX_DEPTH, depth_fault, parsed, too_deep

COMMAND_LINE = "--set"
SET_SOURCE = "set on the command line"


@dataclass(frozen=True)
class Setting:
    """One `KEY=VALUE` of the command line: as typed, where it points, what it puts there."""

    key: str
    path: KeyPath
    node: Node


def read_setting(text: str, faults: list[Fault]) -> Setting | None:
    """A setting of the command line, its value read as TOML or else taken as a bare string."""
    try:
        path, end = scanned(text)
    except ValueError:
        path, end = (), 0
    if not path or text[end : end + 1] != "=":
        key = text.partition("=")[0].strip() or COMMAND_LINE
        faults.append(Fault(COMMAND_LINE, key, toml_text(text), "KEY=VALUE, such as run.seed=1"))
        return None
    key = text[:end].strip()
    if len(path) > MAX_DEPTH:
        faults.append(depth_fault(COMMAND_LINE, key))
        return None
    try:
        value = _set_value(text[end + 1 :])
    except RecursionError:
        faults.append(depth_fault(COMMAND_LINE, key))
        return None
    except UnicodeEncodeError:  # bytes of the command line that are no text
        faults.append(Fault(COMMAND_LINE, key, toml_text(text[end + 1 :]), "text in UTF-8"))
        return None
    return setting_of(key, path, value, faults)


def setting_of(key: str, path: KeyPath, value: Any, faults: list[Fault]) -> Setting | None:
    """A setting of a plain value, as TOML has them; None where a number in it is at fault."""
    before = len(faults)
    node = settle(value, COMMAND_LINE, faults, path, SET_SOURCE)
    if len(faults) > before:
        return None
    if is_number(node.value) and node.source is None:
        node = replace(node, source=SET_SOURCE)
    return Setting(key, path, node)


def _set_value(text: str) -> Any:
    content = b"v = " + text.encode("utf-8")
    try:
        table = parsed(content)
    except ValueError:
        return text
    if table.keys() != {"v"}:
        return text
    if too_deep(table):
        raise RecursionError
    return table["v"]


def granted(root: Node, wish: Setting, faults: list[Fault]) -> Node:
    """The tree with a setting applied wherever its key points."""
    try:
        places = targets(plain(root), wish.path)
    except NoPlaceError as lost:
        faults.append(Fault(COMMAND_LINE, wish.key, lost.found, lost.expected))
        return root
    return reduce(lambda tree, target: put(tree, target, wish.node), places, root)


def with_instrument(root: Node, policy: str, kind: str) -> Node:
    """The tree with a table of a kind, and nothing else in it, below those of a policy's instruments."""
    at = next(n for n, row in enumerate(root.value["policy"].value) if row.value["name"].value == policy)
    table = Node(COMMAND_LINE, {"kind": Node(COMMAND_LINE, kind)})
    written = root.value["policy"].value[at].value.get("instrument")
    rows = [] if written is None else written.value
    file = COMMAND_LINE if written is None else written.file
    return put(root, ("policy", at, "instrument"), Node(file, [*rows, table]))
