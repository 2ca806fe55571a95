"""Policies: names and chains of instruments, read from their tables, and whose money they are to cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError

from sim.params import MANY, Facts, number, unfit_name
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.scenario.faults import Fault, KeyPath, Sourced, fault_at, from_validation, one_of, suggestion

_KEYS = ("name", "name_zh", "instrument", "match", "source")


class MatchFacts(Facts):
    """By which parameter a policy is brought to the same total as another policy."""

    metric: Literal[
        "public_cost", "standing_cost", "standing_cost+public_cost", "added_child_months", "enrolled_child_months"
    ] = Field(description="the total, over the counted window, that is to be the same")
    to: str = Field(description="the policy whose total it is")
    by: str = Field(description="the parameter that is moved: its name, or kind.parameter; as written it is the start")
    low: float | None = number(
        "as the parameter", "where the search begins; an eighth of the start", default=None, at_least=-MANY
    )
    high: float | None = number(
        "as the parameter", "where it ends; eight times the start", default=None, at_least=-MANY
    )
    tolerance: float = number("share", "of the total by which it may differ", default=0.005, above=0, at_most=0.5)
    replications: int = number(
        "draws of the city", "replications of the search, the run's at most", default=3, at_least=1, at_most=10_000
    )


@dataclass(frozen=True)
class Policy:
    """One arm of the comparison: a name and a chain of instruments, in file order.

    tables : the chain as written, for sweeps
    match : what is to be the same as another policy's, and by which parameter
    name_zh : what a Chinese report calls it; its name if there is none
    """

    name: str
    instruments: tuple[Instrument, ...]
    tables: tuple[Mapping[str, Any], ...]
    match: MatchFacts | None = None
    name_zh: str | None = None


def instrument_of(table: Mapping[str, Any]) -> Instrument:
    """An instrument from its table. Raises KeyError for an unknown kind, pydantic's ValidationError for the rest."""
    return menu()[table["kind"]].model_validate({k: v for k, v in table.items() if k != "kind"})


def read_chain(tables: object, document: Sourced, at: KeyPath, faults: list[Fault]) -> tuple[Instrument, ...]:
    """The instruments of a list of tables; faults are added for those that are wrong."""
    chain = []
    for n, table in enumerate(tables if isinstance(tables, list) else []):
        here = (*at, n)
        if not isinstance(table, dict):
            continue  # whoever read the list has said so
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in menu():
            faults.append(fault_at(document, (*here, "kind"), kind, one_of(list(menu()), kind)))
            continue
        try:
            chain.append(instrument_of(table))
        except ValidationError as error:
            faults += from_validation(error, document, here, menu()[kind])
    return tuple(chain)


def read_policies(tables: object, document: Sourced, faults: list[Fault]) -> tuple[Policy, ...]:
    """The policies, their names checked."""
    policies: list[Policy] = []
    seen: dict[str, int] = {}
    for n, table in enumerate(tables if isinstance(tables, list) else []):
        if not isinstance(table, dict):
            continue  # the head's schema has said so
        here: KeyPath = ("policy", n)
        name = table.get("name")
        unfit = unfit_name(name)
        if unfit is not None:
            near = "" if "name" in table else suggestion("name", [k for k in table if k not in _KEYS])
            faults.append(fault_at(document, (*here, "name"), name, unfit + near))
            name = f"policy {n}"
        elif name in seen:
            expected = f"a name of its own; policy[{seen[name]}] has this one"
            faults.append(fault_at(document, (*here, "name"), name, expected))
        seen.setdefault(str(name), n)
        for key in table:
            if key not in _KEYS:
                faults.append(fault_at(document, (*here, key), table[key], f"no such key{suggestion(key, _KEYS)}"))
        written = table.get("instrument", [])
        if not isinstance(written, list):
            faults.append(fault_at(document, (*here, "instrument"), written, "[[policy.instrument]] tables"))
            written = []
        for m, one in enumerate(written):
            if not isinstance(one, dict):
                faults.append(fault_at(document, (*here, "instrument", m), one, "a [[policy.instrument]] table"))
        chain = read_chain(written, document, (*here, "instrument"), faults)
        match = _read_match(table, document, here, faults)
        plain = tuple(t for t in written if isinstance(t, dict))
        policies.append(Policy(str(name), chain, plain, match, table.get("name_zh")))
    faults += _ill_labelled(policies, document)
    faults += _ill_matched(policies, document)
    return tuple(policies)


def _ill_labelled(policies: Sequence[Policy], document: Sourced) -> Iterator[Fault]:
    """Chinese names that are no names, or are the name or the Chinese name of another policy."""
    named = {policy.name: n for n, policy in reversed([*enumerate(policies)])}
    labelled: dict[str, int] = {}
    for n, policy in enumerate(policies):
        label, at = policy.name_zh, ("policy", n, "name_zh")
        if label is None:
            continue
        unfit = unfit_name(label)
        if unfit is not None:
            yield fault_at(document, at, label, unfit)
            continue
        others = [m for m in (named.get(label, n), labelled.get(label, n)) if m != n]
        if others:
            yield fault_at(document, at, label, f"a name of its own; policy[{others[0]}] has this one")
        labelled.setdefault(label, n)


def _read_match(table: Mapping[str, Any], document: Sourced, at: KeyPath, faults: list[Fault]) -> MatchFacts | None:
    """A policy's match by itself; None if it has none that is in order."""
    if "match" not in table:
        return None
    here = (*at, "match")
    if not isinstance(table["match"], dict):
        faults.append(fault_at(document, here, table["match"], '{ metric = "…", to = "…", by = "…" }'))
        return None
    try:
        return MatchFacts.model_validate(table["match"])
    except ValidationError as error:
        faults += from_validation(error, document, here, MatchFacts)
        return None


def _ill_matched(policies: Sequence[Policy], document: Sourced) -> Iterator[Fault]:
    """Matches to a policy that is not there, or that can't be run before."""
    names = [policy.name for policy in policies]
    for n, policy in enumerate(policies):
        if policy.match is None:
            continue
        at, to = ("policy", n, "match"), policy.match.to
        others = [name for name in names[1:] if name != policy.name]
        if n == 0:
            yield fault_at(document, at, document.tree["policy"][0]["match"], "none in the first policy, the baseline")
        elif not others:
            yield fault_at(document, (*at, "to"), to, "a policy beside this one and the baseline; there is none")
        elif to == policy.name:
            yield fault_at(document, (*at, "to"), to, f"another policy: {one_of(others)}")
        elif to == names[0]:
            yield fault_at(document, (*at, "to"), to, f"a policy that is not the baseline: {one_of(others)}")
        elif to not in names:
            yield fault_at(document, (*at, "to"), to, f"a policy: {one_of(others, to)}")
        else:
            circle = _circle(policies, n)
            if circle and min(circle) == n:  # told once
                shown = " → ".join(names[k] for k in (*circle, n))
                yield fault_at(document, (*at, "to"), to, f"matches that don't wait for one another, as in {shown}")


def _circle(policies: Sequence[Policy], first: int) -> list[int]:
    """The policies that wait for one another, from one of them on; none if it is in no circle."""
    at = {policy.name: n for n, policy in reversed([*enumerate(policies)])}
    met = [first]
    while (match := policies[met[-1]].match) is not None and match.to in at:
        if at[match.to] in met:
            return met if at[match.to] == first else []
        met.append(at[match.to])
    return []
