"""Assumptions: numbers that are moved to the ends of their ranges, and what is wrong at those ends."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from sim.params import Each, Facts, Name, Rows, number, range_of
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.scenario.clock import RunFacts
from sim.scenario.document import Document
from sim.scenario.faults import (
    Fault,
    KeyPath,
    Loose,
    fault_at,
    from_validation,
    key_text,
    suggestion,
    toml_text,
    where,
)
from sim.scenario.fitness import city_troubles
from sim.scenario.keys import parse_key
from sim.scenario.nodes import Number
from sim.scenario.policies import Policy
from sim.world.city import CityFacts

ENDS = ("low", "high")
Ranges = Mapping[KeyPath, tuple[Number, Number]]
Paths = Annotated[Rows[str], Field(min_length=1), Each]


class KnowledgeFacts(Facts):
    """Which assumptions are moved to their low and high, beside the interval for luck."""

    replications: int = number(
        "draws of the city", "replications for each end of an assumption", default=2, at_least=1, at_most=10_000
    )
    assumptions: dict[Name, Paths] = Field(
        default={}, description="by name: the parameters, kind.parameter or city.table.key, that move together"
    )


def moved_city(city: CityFacts, ranges: Ranges, paths: tuple[str, ...], end: int) -> CityFacts:
    """The city with those of the paths that are its own at the low (0) or high (1) end of their range.

    Raises pydantic's ValidationError where an end is not one the city can take.
    """
    tree = _city_at(city, ranges, paths, end)
    return city if tree is None else CityFacts.model_validate(tree)


def _city_at(city: CityFacts, ranges: Ranges, paths: tuple[str, ...], end: int) -> dict[str, Any] | None:
    """The city's values with some at an end; None if none of the paths is the city's."""
    own = [path.split(".")[1:] for path in paths if path.startswith("city.")]
    tree: dict[str, Any] = city.model_dump()
    for *tables, key in own:
        table = tree
        for part in tables:
            table = table[part]
        table[key] = ranges[("city", *tables, key)][end]
    return tree if own else None


def moved_instrument(
    instrument: Instrument, at: KeyPath, ranges: Ranges, paths: tuple[str, ...], end: int
) -> Instrument:
    """The instrument with its assumed numbers at one end: of the range in the file, else of the declared one.

    at : where the instrument stands in the document
    Raises pydantic's ValidationError where an end is not one the parameter can take.
    """
    moved = _numbers_at(instrument, at, ranges, paths, end)
    return type(instrument).model_validate(dict(instrument) | moved) if moved else instrument


def _numbers_at(
    instrument: Instrument, at: KeyPath, ranges: Ranges, paths: tuple[str, ...], end: int
) -> dict[str, Number]:
    """The parameters of an instrument that some paths move, at an end."""
    moved: dict[str, Number] = {}
    for path in paths:
        kind, _, parameter = path.partition(".")
        if kind == kind_of(instrument):
            declared = range_of(type(instrument).model_fields[parameter])
            bounds = ranges.get((*at, parameter), declared)
            if bounds is not None:
                moved[parameter] = bounds[end]
    return moved


def path_faults(knowledge: KnowledgeFacts, city: CityFacts, document: Document) -> list[Fault]:
    """Every assumption names numbers that exist and have a range."""
    ranges, faults = document.ranges(), []
    for name, paths in knowledge.assumptions.items():
        for n, path in enumerate(paths):
            wrong = _wrong_path(path, city, ranges)
            if wrong is not None:
                faults.append(fault_at(document, ("knowledge", "assumptions", name, n), path, wrong))
    return faults


def _wrong_path(path: str, city: CityFacts, ranges: Ranges) -> str | None:
    """What a path of an assumption should have been; None where it is one."""
    head, _, rest = path.partition(".")
    if head == "city":
        keys = rest.split(".")
        if not _declares(city, keys):
            return f"kind.parameter of the menu, or city.table.key{_near(path, city)}"
        return None if ("city", *keys) in ranges else "a number that carries low and high"
    leaf = menu().get(head)
    if leaf is None:
        return f"kind.parameter of the menu, or city.table.key{suggestion(head, [*menu(), 'city'])}"
    declared = leaf.model_fields.get(rest)
    if declared is None:
        return f"a parameter of {head}{suggestion(rest, leaf.model_fields)}"
    written = any(key[0] in ("policy", "instrument") and key[-1] == rest for key in ranges)
    return None if written or range_of(declared) is not None else "a number that carries low and high"


def _declares(facts: Facts, path: list[str]) -> bool:
    """Whether a path leads through tables to a number."""
    value: Any = facts
    for part in path:
        value = getattr(value, part, None) if isinstance(value, Facts) else None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _near(path: str, city: CityFacts) -> str:
    """The number of the city that a misspelt path most likely means."""
    tables = {name: table for name, table in city if isinstance(table, Facts)}
    numbers = [f"city.{name}.{key}" for name, table in tables.items() for key in type(table).model_fields]
    return suggestion(path, numbers)


def end_faults(
    knowledge: KnowledgeFacts, run: RunFacts, city: CityFacts, policies: tuple[Policy, ...], document: Document
) -> list[Fault]:
    """What is wrong at the ends of assumptions whose paths are in order."""
    ranges, faults = document.ranges(), list[Fault]()

    def add(name: str, end: int, key: str, found: str, expected: str) -> None:
        at: KeyPath = ("knowledge", "assumptions", name)
        faults.append(Fault(document.file_of(at), key_text(at), f"{key} = {found} at its {ENDS[end]}", expected))

    for name, paths in knowledge.assumptions.items():
        for end in range(len(ENDS)):
            tree = _city_at(city, ranges, paths, end)
            if tree is not None:
                try:
                    troubles = [*city_troubles(run, CityFacts.model_validate(tree))]
                except ValidationError as error:
                    for fault in from_validation(error, Loose({"city": tree}), ("city",), CityFacts):
                        add(name, end, fault.key, fault.found, fault.expected)
                else:
                    for key, found, expected in troubles:
                        add(name, end, key_text(key), toml_text(found), expected)
            for n, policy in enumerate(policies):
                for m, instrument in enumerate(policy.instruments):
                    at: KeyPath = ("policy", n, "instrument", m)
                    moved = _numbers_at(instrument, at, ranges, paths, end)
                    try:
                        type(instrument).model_validate(dict(instrument) | moved)
                    except ValidationError as error:
                        for fault in from_validation(error, Loose(dict(instrument) | moved), (), type(instrument)):
                            place = where((*at, *parse_key(fault.key)), document)
                            add(name, end, place, fault.found, fault.expected)
    return faults
