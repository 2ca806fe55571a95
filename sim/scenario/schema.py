"""The scenario as a frozen value: a city, a clock, standing programmes, policies, a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim import dates
from sim.params import Facts, Rows, number
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.scenario.document import Document, survey
from sim.scenario.faults import BadScenario, Fault, from_validation, key_text, one_of, suggestion, toml_text
from sim.world.city import CityFacts

MOST_INSTITUTIONS = 32_000  # candidates are 16-bit
MOST_CHILDREN = 20_000_000
Key = tuple[str | int, ...]


class RunFacts(Facts):
    """When to run, how often, and how large."""

    start: date = Field(description="first day, a month's first; before it lies the burn-in")
    count_from: date | None = Field(default=None, description="first counted day, a month's first; start if left out")
    until: date = Field(description="last day, a month's last")
    replications: int = number("draws of the city", "replications", at_least=1, at_most=10_000)
    seed: int = number("1", "seed of all chance", at_most=2**53)
    scale: float = number("1", "share of the city that is simulated", default=1.0, above=0, at_most=100)
    burn_in_months: int = number("months", "run before start and counted nowhere", default=12, at_least=1, at_most=120)

    @property
    def counted_from(self) -> date:
        """The first counted day."""
        return self.count_from or self.start

    @property
    def first_month(self) -> int:
        """Absolute month in which the burn-in begins."""
        return dates.month_of(self.start) - self.burn_in_months


class SweepAxis(Facts):
    """Values that one parameter takes: multiples of what the policy says."""

    scale: Rows[float] = Field(min_length=1, max_length=50, description="factors on the parameter's value")


class KnowledgeFacts(Facts):
    """Which assumptions are moved to their low and high, beside the interval for luck."""

    replications: int = number("draws of the city", "replications for each end of an assumption", default=2, at_least=1)
    assumptions: dict[str, Rows[str]] = Field(
        default={}, description="by name: the parameters, kind.parameter or city.table.key, that move together"
    )


class Head(BaseModel):
    """The plain top-level keys; the rest is validated piece by piece so that all faults come at once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    title: str = Field(min_length=1, max_length=300)
    source: str | None = None
    run: RunFacts
    city: CityFacts
    knowledge: KnowledgeFacts = KnowledgeFacts()
    instrument: list[dict[str, Any]] = []
    policy: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    sweep: dict[str, Any] | None = None


@dataclass(frozen=True)
class Policy:
    """One arm of the comparison: a name and a chain of instruments, in file order.

    tables : the chain as written, for sweeps
    """

    name: str
    instruments: tuple[Instrument, ...]
    tables: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Sweep:
    """A grid over parameters of one policy: for each path its values, and whether they are factors."""

    policy: str
    axes: tuple[tuple[str, tuple[Any, ...], bool], ...]


@dataclass(frozen=True)
class Scenario:
    """A validated scenario. `document` keeps the text's tree, evidence and files."""

    title: str
    run: RunFacts
    city: CityFacts
    standing: tuple[Instrument, ...]
    policies: tuple[Policy, ...]
    sweep: Sweep | None
    knowledge: KnowledgeFacts
    document: Document

    @property
    def stem(self) -> str:
        """Name of the results folder."""
        return self.document.path.stem


def load(path: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """Read, merge and validate a scenario file.

    settings : KEY=VALUE as on the command line
    Raises BadScenario with one fault for everything that is wrong.
    """
    document, faults = survey(Path(path), settings)
    if document is None:
        raise BadScenario(faults)
    scenario, more = build(document)
    if scenario is None or faults or more:
        raise BadScenario([*faults, *more])
    return scenario


def build(document: Document) -> tuple[Scenario | None, list[Fault]]:
    """Validate a document; the scenario is None where there are faults."""
    faults: list[Fault] = []
    head: Head | None = None
    try:
        head = Head.model_validate(document.tree)
    except ValidationError as error:
        faults += from_validation(error, document, (), Head)
    tables = document.tree.get("policy")
    standing = _chain(document.tree.get("instrument"), document, ("instrument",), faults)
    policies = _policies(tables if isinstance(tables, list) else [], document, faults)
    if head is None:
        return None, faults
    faults += _clock_faults(head, document)
    if not faults:
        faults += _window_faults(head.run, standing, document, ("instrument",), own=False)
        for n, policy in enumerate(policies):
            faults += _window_faults(head.run, policy.instruments, document, ("policy", n, "instrument"), own=True)
    sweep = _sweep(head.sweep, policies, document, faults) if head.sweep is not None else None
    faults += _knowledge_faults(head, document)
    for chain, at in [
        (standing, ("instrument",)),
        *((p.instruments, ("policy", n, "instrument")) for n, p in enumerate(policies)),
    ]:
        faults += _kind_faults(head.city, chain, document, at)
    if faults:
        return None, faults
    scenario = Scenario(head.title, head.run, head.city, standing, policies, sweep, head.knowledge, document)
    return scenario, faults


def instrument_of(table: Mapping[str, Any]) -> Instrument:
    """An instrument from its table. Raises KeyError for an unknown kind, pydantic's ValidationError for the rest."""
    return menu()[table["kind"]].model_validate({k: v for k, v in table.items() if k != "kind"})


def _fault(document: Document, key: Key, found: object, expected: str) -> Fault:
    return Fault(document.file_of(key), key_text(key), toml_text(found), expected)


def _chain(tables: object, document: Document, at: Key, faults: list[Fault]) -> tuple[Instrument, ...]:
    """The instruments of a list of tables; faults are added for those that are wrong."""
    if not isinstance(tables, list):
        return ()
    chain = []
    for n, table in enumerate(tables):
        here = (*at, n)
        if not isinstance(table, dict):
            continue  # the head's schema has said so
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in menu():
            faults.append(_fault(document, (*here, "kind"), kind, one_of(list(menu()), kind)))
            continue
        try:
            chain.append(instrument_of(table))
        except ValidationError as error:
            faults += from_validation(error, document, here, menu()[kind])
    return tuple(chain)


def _policies(tables: list[Any], document: Document, faults: list[Fault]) -> tuple[Policy, ...]:
    """The policies, their names checked."""
    policies: list[Policy] = []
    seen: dict[str, int] = {}
    for n, table in enumerate(tables):
        if not isinstance(table, dict):
            continue
        here: Key = ("policy", n)
        name = table.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
            faults.append(_fault(document, (*here, "name"), name, "a name of 1 to 100 printable characters"))
            name = f"policy {n}"
        elif name in seen:
            faults.append(
                _fault(document, (*here, "name"), name, f"a name of its own; policy[{seen[name]}] has this one")
            )
        seen.setdefault(name, n)
        for key in table:
            if key not in ("name", "instrument", "source"):
                expected = f"no such key{suggestion(key, ('name', 'instrument', 'source'))}"
                faults.append(_fault(document, (*here, key), table[key], expected))
        written = table.get("instrument", [])
        for m, one in enumerate(written if isinstance(written, list) else []):
            if not isinstance(one, dict):
                faults.append(_fault(document, (*here, "instrument", m), one, "a [[policy.instrument]] table"))
        if not isinstance(written, list):
            faults.append(_fault(document, (*here, "instrument"), written, "[[policy.instrument]] tables"))
            written = []
        chain = _chain(written, document, (*here, "instrument"), faults)
        policies.append(Policy(name, chain, tuple(t for t in written if isinstance(t, dict))))
    return tuple(policies)


def _clock_faults(head: Head, document: Document) -> list[Fault]:
    """Dates in order and on months' edges, births for every year, a city of a size that fits."""
    run, faults = head.run, []

    def wrong(key: str, found: object, expected: str) -> None:
        faults.append(_fault(document, ("run", key), found, expected))

    if run.start.day != 1 or not date(1995, 1, 1) <= run.start <= date(2150, 1, 1):
        wrong("start", run.start, "the first day of a month from 1995 to 2149")
    if run.count_from is not None and (run.count_from.day != 1 or run.count_from < run.start):
        wrong("count_from", run.count_from, f"the first day of a month, on or after run.start ({run.start})")
    last = run.until
    if last.year > 2210:
        wrong("until", last, "a date before 2211")
    elif last < run.counted_from:
        wrong("until", last, f"a date after the first counted day ({run.counted_from})")
    elif (last + timedelta(days=1)).day != 1:
        wrong("until", last, "the last day of a month")
    elif (last - run.start).days > 366 * 60:
        wrong("until", last, f"at most 60 years after run.start ({run.start})")
    if faults:
        return faults
    first = date.fromordinal(dates.school_year_cut(dates.date_in(run.first_month))).year
    for year in range(first, last.year + 1):
        if str(year) not in head.city.births.by_year:
            faults.append(_fault(document, ("city", "births", "by_year", str(year)), None, "the births of this year"))
    children = sum(head.city.births.by_year.get(str(y), 0) for y in range(first, last.year + 1))
    if children * run.scale > MOST_CHILDREN:
        wrong(
            "scale", run.scale, f"at most {MOST_CHILDREN / children:.3g}: the program holds {MOST_CHILDREN:,} children"
        )
    if not faults and children * run.scale < 100:
        wrong("scale", run.scale, "a city of at least a hundred children")
    institutions = head.city.supply.institutions * run.scale
    if institutions > MOST_INSTITUTIONS:
        wrong("scale", run.scale, f"at most {MOST_INSTITUTIONS} institutions, not {institutions:.0f}")
    return faults


def _window_faults(
    run: RunFacts, instruments: tuple[Instrument, ...], document: Document, at: Key, own: bool
) -> list[Fault]:
    """Instruments of a policy begin inside the run; nothing begins after its end."""
    faults = []
    for n, instrument in enumerate(instruments):
        start = instrument.start
        if start is not None and start > run.until:
            faults.append(_fault(document, (*at, n, "start"), start, f"a date on or before run.until ({run.until})"))
        until = instrument.until
        if until is not None and (until.year > 2210 or until < (start or run.counted_from)):
            expected = f"a date on or after its start ({start or run.counted_from}) and before 2211"
            faults.append(_fault(document, (*at, n, "until"), until, expected))
        if own and start is not None and start < run.start:
            faults.append(_fault(document, (*at, n, "start"), start, f"a date on or after run.start ({run.start})"))
    return faults


def _kind_faults(city: CityFacts, instruments: tuple[Instrument, ...], document: Document, at: Key) -> list[Fault]:
    """An instrument limited to kinds of institution names kinds that the city has."""
    known, faults = [k.name for k in city.supply.kind], []
    for n, instrument in enumerate(instruments):
        for m, name in enumerate(getattr(instrument, "kinds", ())):
            if name not in known:
                faults.append(_fault(document, (*at, n, "kinds", m), name, one_of(known, name)))
    return faults


def _sweep(
    table: dict[str, Any], policies: tuple[Policy, ...], document: Document, faults: list[Fault]
) -> Sweep | None:
    """The grid, its policy and its paths checked."""
    name = table.get("policy")
    names = [p.name for p in policies]
    if name not in names:
        faults.append(_fault(document, ("sweep", "policy"), name, one_of(names, name)))
    axes = []
    for path, values in table.items():
        if path in ("policy", "source"):
            continue
        axis = _axis(path, values, document, faults)
        if axis is not None:
            axes.append(axis)
    if not axes:
        faults.append(_fault(document, ("sweep",), None, '"kind.parameter" = a list of values'))
    return Sweep(str(name), tuple(axes)) if not faults else None


def _axis(path: str, values: Any, document: Document, faults: list[Fault]) -> tuple[str, tuple[Any, ...], bool] | None:
    """One axis of a sweep."""
    kind, _, parameter = path.partition(".")
    here: Key = ("sweep", path)
    if kind not in menu():
        faults.append(_fault(document, here, kind, one_of(list(menu()), kind)))
        return None
    if not parameter:
        faults.append(_fault(document, here, path, "kind.parameter"))
        return None
    if isinstance(values, dict):
        try:
            return path, SweepAxis.model_validate(values).scale, True
        except ValidationError as error:
            faults += from_validation(error, document, here, SweepAxis)
            return None
    if not isinstance(values, list) or not 1 <= len(values) <= 50:
        faults.append(_fault(document, here, values, "a list of 1 to 50 values, or { scale = [...] }"))
        return None
    return path, tuple(values), False


def _knowledge_faults(head: Head, document: Document) -> list[Fault]:
    """Every assumption names parameters that exist."""
    faults = []
    for name, paths in head.knowledge.assumptions.items():
        for path in paths:
            where, _, rest = path.partition(".")
            known = menu()[where].model_fields if where in menu() else {}
            city = where == "city" and _declares(head.city, rest.split("."))
            key: Key = ("knowledge", "assumptions", name)
            if not city and rest not in known:
                faults.append(_fault(document, key, path, "kind.parameter of the menu, or city.table.key"))
            elif city and ("city", *rest.split(".")) not in document.ranges():
                faults.append(_fault(document, key, path, "a number that carries low and high"))
    return faults


def _declares(facts: Facts, path: list[str]) -> bool:
    """Whether a path leads through tables to a number."""
    value: Any = facts
    for part in path:
        value = getattr(value, part, None)
    return isinstance(value, int | float)
