"""The sweep: a grid over parameters of one policy, and what is wrong at its points."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import Field, ValidationError

from sim.params import Facts, Rows
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.scenario.assignment import assign
from sim.scenario.faults import (
    Fault,
    KeyPath,
    Loose,
    Sourced,
    fault_at,
    from_validation,
    key_text,
    nearest,
    one_of,
    suggestion,
    toml_text,
)
from sim.scenario.keys import NoPlaceError, parse_key
from sim.scenario.policies import Policy, instrument_of
from sim.scenario.room import Ground, policy_troubles

MOST_POINTS = 2000
_NO_AXES = ("policy", "source")


class SweepAxis(Facts):
    """Values that one parameter takes: multiples of what the policy says."""

    scale: Rows[float] = Field(min_length=1, max_length=50, description="factors on the parameter's value")


class LostAxis(LookupError):
    """An axis whose path leads nowhere in its policy: its number, and what was expected there."""

    def __init__(self, axis: int, expected: str) -> None:
        super().__init__(axis, expected)
        self.axis, self.expected = axis, expected


@dataclass(frozen=True)
class Sweep:
    """A grid over parameters of one policy: for each path its values, and whether they are factors."""

    policy: str
    axes: tuple[tuple[str, tuple[Any, ...], bool], ...]

    def points(self) -> Iterator[tuple[Any, ...]]:
        """All combinations of the axes' values, the last axis fastest."""
        return itertools.product(*(values for _, values, _ in self.axes))

    def tables(self, policy: Policy, point: Sequence[Any]) -> list[dict[str, Any]]:
        """The policy's tables at a point; an instrument that it lacks is added at its idle values.

        Raises LostAxis where a path leads nowhere.
        """
        tables: list[dict[str, Any]] = [dict(table) for table in policy.tables]
        for n, ((path, _, factor), value) in enumerate(zip(self.axes, point, strict=True)):
            kind = _kind(path)
            if not any(table["kind"] == kind for table in tables):
                tables.append({"kind": kind})
            try:
                tables = assign(tables, path, value, factor)
            except NoPlaceError as lost:
                raise LostAxis(
                    n, lost.expected if lost.found == "nothing" else f"{lost.expected}, not {lost.found}"
                ) from None
        return tables

    def instruments(self, policy: Policy, point: Sequence[Any]) -> tuple[Instrument, ...]:
        """The policy's instruments at a point of a grid without faults."""
        return tuple(instrument_of(table) for table in self.tables(policy, point))


def read_sweep(table: Mapping[str, Any], names: Sequence[str], document: Sourced, faults: list[Fault]) -> Sweep | None:
    """The grid, its policy's name and its paths checked; None where something is wrong.

    names : of the scenario's policies
    """
    before, name = len(faults), table.get("policy")
    slip = nearest("policy", [key for key in table if "." not in key]) if name is None else None
    if slip is not None:
        faults.append(fault_at(document, ("sweep", slip), table[slip], "no such key; did you mean policy?"))
    elif name not in names:
        faults.append(fault_at(document, ("sweep", "policy"), name, one_of(names, name)))
    paths = [key for key in table if key not in (*_NO_AXES, slip)]
    if not paths:
        faults.append(fault_at(document, ("sweep",), dict(table), '"kind.parameter" = a list of values'))
    axes = [axis for path in paths if (axis := _axis(path, table[path], document, faults)) is not None]
    size = math.prod(len(values) for _, values, _ in axes)
    if size > MOST_POINTS:
        found = f"{' × '.join(str(len(values)) for _, values, _ in axes)} = {size} points"
        faults.append(Fault(document.file_of(("sweep",)), "sweep", found, f"at most {MOST_POINTS} points"))
    return Sweep(str(name), tuple(axes)) if len(faults) == before else None


def _kind(path: str) -> str:
    return str(parse_key(path)[0])


def _axis(path: str, values: Any, document: Sourced, faults: list[Fault]) -> tuple[str, tuple[Any, ...], bool] | None:
    """One axis of a sweep."""
    here: KeyPath = ("sweep", path)
    wrong = _wrong_path(path)
    if wrong is not None:
        faults.append(fault_at(document, here, path, wrong))
        return None
    if isinstance(values, dict):
        try:
            return path, SweepAxis.model_validate(values).scale, True
        except ValidationError as error:
            faults += from_validation(error, document, here, SweepAxis)
            return None
    if not isinstance(values, list) or not 1 <= len(values) <= 50:
        faults.append(fault_at(document, here, values, "a list of 1 to 50 values, or { scale = [...] }"))
        return None
    return path, tuple(values), False


def _wrong_path(path: str) -> str | None:
    """What the path of an axis should have been; None where it is one."""
    try:
        kind, *rest = parse_key(path)
    except ValueError:
        return "kind.parameter"
    if kind not in menu():
        return one_of([*menu()], kind)
    known = parameters_of(menu()[str(kind)])
    if not rest:
        return f'"{kind}.parameter", in quotes, with a parameter of {kind}'
    if rest[0] not in known:
        return f"a parameter of {kind}{suggestion(rest[0], known)}"
    return None


def parameters_of(leaf: type[Facts]) -> set[str]:
    """What may be moved of an instrument: its parameters, and those of the tables in its lists."""
    names = set()
    for name, field in leaf.model_fields.items():
        names |= {name} - {"source"}
        for inner in get_args(field.annotation):
            if isinstance(inner, type) and issubclass(inner, Facts):
                names |= parameters_of(inner)
    return names


# ---------------------------------------------------------------------------------------------------------
# what is wrong at the points


def grid_faults(sweep: Sweep, policy: Policy, ground: Ground | None, document: Sourced) -> list[Fault]:
    """What is wrong at the points of a grid over a policy without faults: one for each value, or pair of values.

    ground : None where city or clock are at fault themselves; then only the instruments are checked
    """
    faults: dict[tuple[str, ...], Fault] = {}
    for point in sweep.points():
        try:
            tables = sweep.tables(policy, point)
        except LostAxis as lost:
            fault = fault_at(document, ("sweep", sweep.axes[lost.axis][0]), point[lost.axis], lost.expected)
            faults.setdefault((fault.key, fault.found, fault.expected), fault)
            continue
        for kind, path, found, expected in _point_troubles(tables, ground):
            blamed = _blamed(sweep, kind, path)
            if not blamed:
                continue  # of an instrument that no axis moves; the policy itself is told of it
            key: KeyPath = ("sweep", sweep.axes[blamed[0]][0]) if len(blamed) == 1 else ("sweep",)
            fault = Fault(document.file_of(key), key_text(key), _told(sweep, blamed, point, found), expected)
            # a factor makes another number of every element of a list: it is told once, of the first
            values = tuple(toml_text(point[n]) for n in blamed)
            faults.setdefault((fault.key, *values, expected), fault)
    return list(faults.values())


def _point_troubles(
    tables: Sequence[Mapping[str, Any]], ground: Ground | None
) -> Iterator[tuple[str, KeyPath, str, str]]:
    """What is wrong with a policy's tables: an instrument's kind, a key in it, what is found and what is expected."""
    chain: list[Instrument] = []
    for table in tables:
        try:
            chain.append(instrument_of(table))
        except ValidationError as error:
            for fault in from_validation(error, Loose(dict(table)), (), menu()[table["kind"]]):
                path = () if fault.key == "(file)" else parse_key(fault.key)
                yield table["kind"], path, fault.found, fault.expected
    for n, (path, value, expected) in policy_troubles(ground, chain) if ground is not None else ():
        yield kind_of(chain[n]), path, toml_text(value), expected


def _blamed(sweep: Sweep, kind: str, path: KeyPath) -> list[int]:
    """The axes that made a fault of an instrument of a kind: the one that names its key, or all of the kind."""
    of_kind = [n for n, (axis, _, _) in enumerate(sweep.axes) if _kind(axis) == kind]
    exact = [n for n in of_kind if set(parse_key(sweep.axes[n][0])[1:]) & set(path)]
    return exact if len(exact) == 1 else of_kind


def _told(sweep: Sweep, blamed: Sequence[int], point: Sequence[Any], found: str) -> str:
    """The values of some axes at a point, as they were found."""
    if len(blamed) > 1:
        return ", ".join(f"{sweep.axes[n][0].rpartition('.')[2]}={toml_text(point[n])}" for n in blamed)
    (n,) = blamed
    return f"a factor of {toml_text(point[n])}, which makes {found}" if sweep.axes[n][2] else toml_text(point[n])
