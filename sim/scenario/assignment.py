"""Setting or multiplying one parameter in a policy's instruments, as a sweep does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from typing import Any

from sim.scenario.faults import KeyPath, one_of, toml_text
from sim.scenario.keys import NoPlaceError, in_instruments, kinds_in, parse_key
from sim.scenario.nodes import is_number


def assign(instruments: list[dict[str, Any]], path: str, value: Any, scale: bool) -> list[dict[str, Any]]:
    """A copy of a policy's instruments with one parameter set, or multiplied, in every instrument of a kind.

    path : `kind.parameter`; through lists it reaches every element that has the parameter, at any depth
    scale : multiply what is there by `value`; integers stay integers, rounded half up
    Raises NoPlaceError if the policy has no such instrument, or there is no number to scale.
    """
    try:
        kind, *parameter = parse_key(path)
    except ValueError:
        raise NoPlaceError(toml_text(path), "a key path: kind.parameter") from None
    holder = {"instrument": instruments}  # looked into only
    kinds = kinds_in(holder)
    if not parameter:
        raise NoPlaceError("no parameter", "kind.parameter")
    if kind not in kinds:
        listed = one_of(kinds, kind) if kinds else "there is none"
        raise NoPlaceError(toml_text(kind), f"an instrument of the policy: {listed}")
    targets = in_instruments(holder, (), (kind, *parameter))
    if scale:
        targets = [target for target in targets if _has(holder, target)]
        if not targets:
            raise NoPlaceError("nothing", "a number to scale")
    return placed(instruments, {t: _scaled(_at(holder, t), value) if scale else value for t in targets})


def placed(instruments: Sequence[Mapping[str, Any]], values: Mapping[KeyPath, Any]) -> list[dict[str, Any]]:
    """A copy of a policy's instruments with values put at key paths, each of which begins with `instrument`."""
    holder = {"instrument": [deepcopy(dict(table)) for table in instruments]}
    for path, value in values.items():
        table, key = _table_of(holder, path)
        table[key] = deepcopy(value)
    return holder["instrument"]


def _at(tree: Any, path: KeyPath) -> Any:
    for part in path:
        tree = tree[part]
    return tree


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


def _scaled(value: Any, factor: Any) -> Any:
    if isinstance(value, list):
        return [_scaled(element, factor) for element in value]
    if not is_number(value):
        raise NoPlaceError(toml_text(value), "a number to scale")
    if not is_number(factor) or not math.isfinite(factor):
        raise NoPlaceError(f"a scale of {toml_text(factor)}", "a finite number")
    if isinstance(value, int):  # in decimals as written: 5 × 0.3 is 1.5, and rounds to 2
        return math.floor(Fraction(repr(factor)) * value + Fraction(1, 2))
    return value * factor
