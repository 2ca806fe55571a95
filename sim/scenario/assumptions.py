"""Assumptions: numbers that are moved to the ends of their ranges, and what is wrong at those ends."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from sim.params import Each, Facts, MaySource, Misfit, Name, Rows, number, range_of
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
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
from sim.scenario.keys import as_part, parse_key
from sim.scenario.nodes import Number
from sim.scenario.policies import Policy
from sim.scenario.room import Ground, policy_troubles
from sim.world.city import CityFacts

ENDS = ("low", "high")
Ranges = Mapping[KeyPath, tuple[Number, Number]]
Told = tuple[str, str, str]  # a key, what is found there at an end, and what is expected
Paths = Annotated[Rows[str], Field(min_length=1), Each]


class KnowledgeFacts(Facts):
    """Which assumptions are moved to their low and high, beside the interval for luck."""

    precision: float = number(
        "share",
        "of the value that intervals at an end may reach to either side; 0: all replications",
        default=0.5,
        at_most=1,
    )
    assumptions: Annotated[dict[Name, Paths], MaySource] = Field(
        default={}, description="by name: the parameters, kind.parameter or city.table.key, that move together"
    )
    names_zh: Annotated[dict[Name, Name], MaySource] = Field(
        default={}, description="by name: what a Chinese report calls the assumption"
    )

    @model_validator(mode="after")
    def _labels(self) -> "KnowledgeFacts":
        """Chinese names are of assumptions that there are, and no two are called the same."""
        shown = [self.names_zh.get(name, name) for name in self.assumptions]
        unknown = {name: "the name of an assumption" for name in self.names_zh if name not in self.assumptions}
        twice = {name: "names that differ" for name, label in self.names_zh.items() if shown.count(label) > 1}
        if wrong := unknown | twice:
            raise Misfit(*((("names_zh", name), expected) for name, expected in wrong.items()))
        return self


def moved_city(city: CityFacts, ranges: Ranges, paths: tuple[str, ...], end: int) -> CityFacts:
    """The city with those of the paths that are its own at the low (0) or high (1) end of their range.

    Raises pydantic's ValidationError where an end is not one the city can take.
    """
    tree = _city_at(city, ranges, paths, end)
    return city if tree is None else CityFacts.model_validate(tree)


def _city_at(city: CityFacts, ranges: Ranges, paths: tuple[str, ...], end: int) -> dict[str, Any] | None:
    """The city's values with some at an end; None if none of the paths is the city's."""
    own = [at for path in paths if (at := city_number(city, path)) is not None]
    tree: dict[str, Any] = {"city": city.model_dump()}
    for at in own:
        bounds = _city_range(city, ranges, at)
        if bounds is None:
            continue  # it has been told that there is none
        *tables, key = at
        table: Any = tree
        for part in tables:
            table = table[part]
        table[key] = bounds[end]
    return tree["city"] if own else None


def _city_range(city: CityFacts, ranges: Ranges, at: KeyPath) -> tuple[Number, Number] | None:
    """Low and high of a number of the city: those of the file, else those declared with it, if they hold its value."""
    if at in ranges:
        return ranges[at]
    holder: Any = city
    for part in at[1:-1]:
        holder = _inside(holder, part)
    if not isinstance(holder, Facts):
        return None
    declared, value = range_of(type(holder).model_fields[str(at[-1])]), _inside(holder, at[-1])
    return declared if declared is not None and declared[0] <= value <= declared[1] else None


def city_number(city: CityFacts, path: str) -> KeyPath | None:
    """Where in a document a number of the city stands that an assumption names; None if the path leads to none.

    A member of a list of tables with names, such as a kind of institution, goes by its name or its index.
    """
    try:
        head, *parts = parse_key(path)
    except ValueError:
        return None
    value: Any = city
    at: list[str | int] = [head]
    for part in parts:
        key: str | int | None = part
        if isinstance(value, tuple):
            key = part if isinstance(part, int) else _with_name(value, part)
        value = _inside(value, key)
        at.append(key if key is not None else part)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return tuple(at) if head == "city" and number else None


def _with_name(rows: tuple[Any, ...], name: str) -> int | None:
    return next((n for n, row in enumerate(rows) if getattr(row, "name", None) == name), None)


def _inside(value: Any, key: str | int | None) -> Any:
    """What a table or a list holds under a key; None if nothing."""
    if isinstance(value, Facts) and isinstance(key, str) and key in type(value).model_fields:
        return getattr(value, key)
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, tuple) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


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
        at = city_number(city, path)
        if at is None:
            return f"kind.parameter of the menu, or city.table.key{_near(path, city)}"
        return None if _city_range(city, ranges, at) is not None else "a number that carries low and high"
    leaf = menu().get(head)
    if leaf is None:
        return f"kind.parameter of the menu, or city.table.key{suggestion(head, [*menu(), 'city'])}"
    declared = leaf.model_fields.get(rest)
    if declared is None:
        return f"a parameter of {head}{suggestion(rest, leaf.model_fields)}"
    written = any(key[0] in ("policy", "instrument") and key[-1] == rest for key in ranges)
    return None if written or range_of(declared) is not None else "a number that carries low and high"


def _near(path: str, city: CityFacts) -> str:
    """The number of the city that a misspelt path most likely means."""
    return suggestion(path, [".".join(map(as_part, ("city", *keys))) for keys in _numbers_in(city)])


def _numbers_in(value: Any) -> Iterator[tuple[str, ...]]:
    """The keys of all numbers of a table and those in it, members of lists by their names."""
    if isinstance(value, Facts):
        rows: Iterable[tuple[str, Any]] = value
    elif isinstance(value, tuple):
        rows = ((row.name, row) for row in value if hasattr(row, "name"))
    else:
        rows = ()
    for key, inner in rows:
        yield from ((key, *keys) for keys in _numbers_in(inner))
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield ()


def end_faults(
    knowledge: KnowledgeFacts, ground: Ground, policies: tuple[Policy, ...], document: Document
) -> list[Fault]:
    """What is wrong at the ends of assumptions whose paths are in order."""
    ranges, faults = document.ranges(), list[Fault]()
    for name, paths in knowledge.assumptions.items():
        at: KeyPath = ("knowledge", "assumptions", name)
        for end in range(len(ENDS)):
            troubles = [*_city_troubles_at(ground, ranges, paths, end)]
            there = ground
            if not troubles:
                there = replace(ground, city=moved_city(ground.city, ranges, paths, end))
            for n, policy in enumerate(policies):
                troubles += _policy_troubles_at(ground, there, n, policy, (ranges, paths, end), document)
            for key, found, expected in troubles:
                said = f"{key} = {found} at its {ENDS[end]}"
                faults.append(Fault(document.file_of(at), key_text(at), said, expected))
    return faults


def _city_troubles_at(ground: Ground, ranges: Ranges, paths: tuple[str, ...], end: int) -> Iterator[Told]:
    """What is wrong with the city at an end."""
    tree = _city_at(ground.city, ranges, paths, end)
    if tree is None:
        return
    try:
        city = CityFacts.model_validate(tree)
    except ValidationError as error:
        for fault in from_validation(error, Loose({"city": tree}), ("city",), CityFacts):
            yield fault.key, fault.found, fault.expected
    else:
        for key, found, expected in city_troubles(ground.run, city):
            yield key_text(key), toml_text(found), expected


def _policy_troubles_at(
    ground: Ground,
    there: Ground,
    n: int,
    policy: Policy,
    moves: tuple[Ranges, tuple[str, ...], int],
    document: Document,
) -> Iterator[Told]:
    """What is wrong with a policy at an end, and is not without it.

    there : the ground at that end; n : the policy's position; moves : ranges, paths and end
    """
    chain: list[Instrument] = []
    for m, instrument in enumerate(policy.instruments):
        at: KeyPath = ("policy", n, "instrument", m)
        try:
            chain.append(moved_instrument(instrument, at, *moves))
        except ValidationError as error:
            tree = dict(instrument) | _numbers_at(instrument, at, *moves)
            for fault in from_validation(error, Loose(tree), (), type(instrument)):
                yield where((*at, *parse_key(fault.key)), document), fault.found, fault.expected
    if len(chain) < len(policy.instruments) or (chain == [*policy.instruments] and there.city is ground.city):
        return
    told = {(m, key) for m, (key, _, _) in policy_troubles(ground, policy.instruments)}
    for m, (key, found, expected) in policy_troubles(there, chain):
        if (m, key) not in told:
            yield where(("policy", n, "instrument", m, *key), document), toml_text(found), expected
