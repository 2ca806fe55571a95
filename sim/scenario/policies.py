"""Policies: names and chains of instruments, read from their tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sim.params import unfit_name
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.scenario.faults import Fault, KeyPath, Sourced, fault_at, from_validation, one_of, suggestion

_KEYS = ("name", "instrument", "source")


@dataclass(frozen=True)
class Policy:
    """One arm of the comparison: a name and a chain of instruments, in file order.

    tables : the chain as written, for sweeps
    """

    name: str
    instruments: tuple[Instrument, ...]
    tables: tuple[Mapping[str, Any], ...]


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
        policies.append(Policy(str(name), chain, tuple(t for t in written if isinstance(t, dict))))
    return tuple(policies)
