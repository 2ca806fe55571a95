"""The lever of a match: the parameter that is moved until a policy costs what another does, and how far it goes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from sim.params import Facts
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.scenario.assignment import placed
from sim.scenario.assumptions import KnowledgeFacts
from sim.scenario.faults import (
    Fault,
    KeyPath,
    Loose,
    Sourced,
    fault_at,
    from_validation,
    key_text,
    one_of,
    suggestion,
    toml_text,
    where,
)
from sim.scenario.grid import parameters_of
from sim.scenario.keys import NoPlaceError, in_instruments, parse_key
from sim.scenario.nodes import is_number
from sim.scenario.policies import MatchFacts, Policy, instrument_of
from sim.scenario.room import Ground, policy_troubles

REACH = 8  # by which factor a search goes below and above the start, where the file gives no ends


class NoLeverError(ValueError):
    """A match whose parameter can't be moved: the key in its table, what stands there, and what should."""

    def __init__(self, key: str, found: str, expected: str) -> None:
        super().__init__(key, found, expected)
        self.key, self.found, self.expected = key, found, expected


@dataclass(frozen=True)
class Lever:
    """A parameter that is moved: one number, or several that are multiplied by one factor.

    parameter : kind.parameter
    numbers : as the policy has them, by key path below its table
    start, low, high : where the search starts and between which ends it stays; factors if there are several numbers
    """

    parameter: str
    numbers: Mapping[KeyPath, int | float]
    start: float
    low: float
    high: float

    @property
    def factor(self) -> bool:
        """Whether it is a factor on several numbers."""
        return len(self.numbers) > 1

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return not self.factor and all(isinstance(number, int) for number in self.numbers.values())

    def at(self, x: float) -> dict[KeyPath, int | float]:
        """The numbers where the lever stands at `x`; whole ones stay whole, rounded half up."""
        moved = {path: number * x if self.factor else x for path, number in self.numbers.items()}
        return {
            path: math.floor(moved[path] + 0.5) if isinstance(number, int) else float(moved[path])
            for path, number in self.numbers.items()
        }

    def moved(self, policy: Policy, x: float) -> Policy:
        """The policy with the lever at `x`. Raises pydantic's ValidationError where an instrument can't take it."""
        tables = tuple(placed(policy.tables, self.at(x)))
        return replace(policy, tables=tables, instruments=tuple(instrument_of(table) for table in tables))


def lever_of(policy: Policy, match: MatchFacts) -> Lever:
    """The lever of a policy without faults. Raises NoLeverError."""
    kind, parts = _meant(policy, match.by)
    dumped = [{"kind": kind_of(i), **i.model_dump(mode="json")} for i in policy.instruments]
    holder = {"instrument": dumped}
    try:
        targets = in_instruments(holder, (), (kind, *parts))
    except NoPlaceError as lost:
        raise NoLeverError("by", toml_text(match.by), lost.expected) from None
    values = {target: _value_at(holder, target) for target in targets}
    for value in values.values():
        if not is_number(value):
            found = f"{toml_text(match.by)}, which is {toml_text(value)}"
            raise NoLeverError("by", found, "a parameter that is a number, and that the policy gives")
    bounded = len(values) == 1 and match.low is not None and match.high is not None
    if not any(values.values()) and not bounded:
        found = f"{toml_text(match.by)}, which is 0"
        raise NoLeverError("by", found, "a number other than 0 to start from, or one number with both low and high")
    start = 1 if len(values) > 1 else next(iter(values.values()))
    low, high = _ends(policy, values, start)
    lever = Lever(
        key_text((kind, *parts)),
        values,
        start,
        low if match.low is None else match.low,
        high if match.high is None else match.high,
    )
    _refuse_ends(policy, lever)
    return lever


def _meant(policy: Policy, by: str) -> tuple[str, KeyPath]:
    """The kind and the parameter that a match's `by` names."""
    try:
        parts = parse_key(by)
    except ValueError:
        raise NoLeverError("by", toml_text(by), "a parameter's name, or kind.parameter") from None
    kinds = [kind_of(i) for i in policy.instruments]
    first = str(parts[0])
    if first in menu():
        if first not in kinds:
            listed = one_of([*dict.fromkeys(kinds)], first) if kinds else "it has none"
            raise NoLeverError("by", toml_text(by), f"an instrument of the policy: {listed}")
        kind, parts = first, parts[1:]
        known = parameters_of(menu()[kind])
        if not parts or parts[0] not in known:
            near = suggestion(parts[0], known) if parts else ""
            raise NoLeverError("by", toml_text(by), f"a parameter of {kind}, as {kind}.parameter{near}")
        return kind, parts
    owners = [kind_of(i) for i in policy.instruments if first in parameters_of(type(i))]
    if not owners:
        known = {name for i in policy.instruments for name in parameters_of(type(i))}
        raise NoLeverError("by", toml_text(by), f"a parameter of the policy's instruments{suggestion(first, known)}")
    if len(owners) > 1:
        listed = one_of([f"{owner}.{first}" for owner in dict.fromkeys(owners)])
        raise NoLeverError("by", toml_text(by), f"a parameter that one instrument has, not {len(owners)}: {listed}")
    return owners[0], parts


def _value_at(tree: Any, path: KeyPath) -> Any:
    """What stands at a path; None if nothing does."""
    for part in path:
        if isinstance(tree, dict) and part not in tree:
            return None
        tree = tree[part]
    return tree


def _ends(policy: Policy, values: Mapping[KeyPath, Any], start: float) -> tuple[float, float]:
    """How far a search goes of itself: REACH times as far, within the bounds that are declared."""
    low, high = min(start / REACH, start * REACH), max(start / REACH, start * REACH)
    for path, value in values.items():
        _, n, *inside = path
        bounds = _bounds(type(policy.instruments[int(n)]), inside)
        if len(values) > 1:  # of a factor
            bounds = sorted(bound / value for bound in bounds) if value else (-math.inf, math.inf)
        low, high = max(low, bounds[0]), min(high, bounds[1])
    if len(values) == 1 and isinstance(start, int):
        return math.ceil(low), math.floor(high)
    return low, high


def _bounds(leaf: type[Instrument], path: Sequence[str | int]) -> Sequence[float]:
    """Least and greatest value that a parameter is declared to take, infinite where nothing is said."""
    table: type[Facts] = leaf
    declared: FieldInfo | None = None
    for part in path:
        if not isinstance(part, str) or part not in table.model_fields:
            continue  # a place in a list, or a name that the declaration doesn't know
        declared = table.model_fields[part]
        table = next((t for t in get_args(declared.annotation) if isinstance(t, type) and issubclass(t, Facts)), table)
    low, high = -math.inf, math.inf
    for limit in declared.metadata if declared is not None else ():
        low = getattr(limit, "ge", low)
        high = getattr(limit, "le", high)
        if hasattr(limit, "gt"):
            low = math.nextafter(limit.gt, math.inf)
    return low, high


def _refuse_ends(policy: Policy, lever: Lever) -> None:
    """Raise NoLeverError for ends that don't hold the start, are no whole numbers, or that an instrument can't take."""
    start = toml_text(lever.start)
    for key, end in (("low", lever.low), ("high", lever.high)):
        if lever.whole and end != math.floor(end):
            raise NoLeverError(key, toml_text(end), "a whole number, as the parameter is")
    if lever.low > lever.start:
        raise NoLeverError("low", toml_text(lever.low), f"at most the start, {start}")
    if lever.high < lever.start:
        raise NoLeverError("high", toml_text(lever.high), f"at least the start, {start}")
    if lever.low == lever.high:
        raise NoLeverError("high", toml_text(lever.high), "an end above the low one")
    for key, end in (("low", lever.low), ("high", lever.high)):
        for table in placed(policy.tables, lever.at(end)):
            try:
                instrument_of(table)
            except ValidationError as error:
                fault = from_validation(error, Loose(table), (), menu()[table["kind"]])[0]
                found = f"{toml_text(end)}, which makes {fault.key} {fault.found}"
                raise NoLeverError(key, found, fault.expected) from None


def _refuse_misfits(policy: Policy, lever: Lever, ground: Ground) -> None:
    """Raise NoLeverError for an end at which the policy no longer fits city and clock, where as written it does."""
    told = {(n, path) for n, (path, _, _) in policy_troubles(ground, policy.instruments)}
    for key, end in (("low", lever.low), ("high", lever.high)):
        moved = lever.moved(policy, end)
        for n, (path, value, expected) in policy_troubles(ground, moved.instruments):
            if (n, path) not in told:
                made = f"{key_text(('instrument', n, *path))} {toml_text(value)}"
                raise NoLeverError(key, f"{toml_text(end)}, which makes {made}", expected)


def lever_faults(
    policies: Sequence[Policy], knowledge: KnowledgeFacts | None, ground: Ground | None, document: Sourced
) -> Iterator[Fault]:
    """What is wrong with the levers of policies without faults.

    knowledge, ground : None where they are at fault themselves
    """
    for n, policy in enumerate(policies):
        if policy.match is None:
            continue
        try:
            lever = lever_of(policy, policy.match)
            if ground is not None:
                _refuse_misfits(policy, lever, ground)
        except NoLeverError as wrong:
            at: KeyPath = ("policy", n, "match", wrong.key)
            yield Fault(document.file_of(at), where(at, document), wrong.found, wrong.expected)
            continue
        for name, paths in knowledge.assumptions.items() if knowledge is not None else ():
            if lever.parameter in paths:
                expected = f"a parameter that is not moved by an assumption, as {toml_text(name)} does"
                yield fault_at(document, ("policy", n, "match", "by"), policy.match.by, expected)
