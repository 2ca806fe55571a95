"""A scenario as it was resolved: plain JSON values, and back from them without its files.

What was run is what stands here, also where `--set` had a say, a file has changed since, or a match has moved a number.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.scenario.assumptions import KnowledgeFacts
from sim.scenario.clock import RunFacts
from sim.scenario.document import Document
from sim.scenario.faults import BadScenario, Fault, key_text, toml_text
from sim.scenario.grid import Sweep
from sim.scenario.nodes import Evidence
from sim.scenario.policies import MatchFacts, Policy
from sim.scenario.schema import Scenario
from sim.scenario.split import SplitFacts
from sim.scenario.welfare import WelfareFacts
from sim.world.city import CityFacts

F = TypeVar("F", bound=BaseModel)


def as_tree(scenario: Scenario) -> dict[str, Any]:
    """The scenario as it was validated, defaults filled in."""
    return {
        "title": scenario.title,
        "title_zh": scenario.title_zh,
        "run": scenario.run.model_dump(mode="json"),
        "city": scenario.city.model_dump(mode="json"),
        "instrument": [_table(i) for i in scenario.standing],
        "policy": [
            {"name": p.name, "name_zh": p.name_zh, "instrument": [_table(i) for i in p.instruments]}
            | ({} if p.match is None else {"match": p.match.model_dump(mode="json")})
            for p in scenario.policies
        ],
        "sweep": _sweep_tree(scenario),
        "knowledge": scenario.knowledge.model_dump(mode="json"),
        "split": None if scenario.split is None else scenario.split.model_dump(mode="json"),
        "welfare": None if scenario.welfare is None else scenario.welfare.model_dump(mode="json"),
    }


def _table(instrument: Instrument) -> dict[str, Any]:
    return {"kind": kind_of(instrument), **instrument.model_dump(mode="json")}


def _sweep_tree(scenario: Scenario) -> dict[str, Any] | None:
    """The grid, and its policy's tables as written: a factor moves only what is written there."""
    sweep = scenario.sweep
    if sweep is None:
        return None
    swept = next(policy for policy in scenario.policies if policy.name == sweep.policy)
    axes = [{"path": path, "values": list(values), "factor": factor} for path, values, factor in sweep.axes]
    plain = {"policy": sweep.policy, "instrument": list(swept.tables), "axes": axes}
    tree: dict[str, Any] = json.loads(json.dumps(plain, default=str))
    return tree


def from_tree(tree: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]], path: Path, file: Path) -> Scenario:
    """The scenario of a tree that `as_tree` made.

    evidence : every number with its range and source, as the manifest lists them
    path : the scenario's file, which need not be there; file : that which holds the tree, for faults
    Raises BadScenario where the tree is not one of this program's.
    """
    try:
        return _built(tree, evidence, path, str(file))
    except ValidationError as error:
        first = error.errors()[0]
        key = key_text(("scenario", *first["loc"]))
        fault = Fault(str(file), key, toml_text(first["input"]), "a scenario as this program resolves it")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        fault = Fault(str(file), "scenario", str(error), "a scenario as this program resolves it")
    raise BadScenario([fault])


def _built(tree: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]], path: Path, file: str) -> Scenario:
    rows = tuple(Evidence(e["key"], e["value"], e["low"], e["high"], e["source"], file) for e in evidence)
    grid, split, welfare = tree["sweep"], tree["split"], tree["welfare"]
    return Scenario(
        title=tree["title"],
        run=_facts(RunFacts, tree["run"]),
        city=_facts(CityFacts, tree["city"]),
        standing=_chain(tree["instrument"]),
        policies=tuple(_policy(table, grid) for table in tree["policy"]),
        sweep=None if grid is None else _sweep(grid),
        knowledge=_facts(KnowledgeFacts, tree["knowledge"]),
        document=Document(path, dict(tree), {}, rows, ()),
        split=None if split is None else _facts(SplitFacts, split),
        welfare=None if welfare is None else _facts(WelfareFacts, welfare),
        title_zh=tree.get("title_zh"),
    )


def _facts(kind: type[F], tree: Mapping[str, Any]) -> F:
    """A table of facts; in JSON, unlike in TOML, a date is text."""
    return kind.model_validate_json(json.dumps(tree))


def _chain(tables: Sequence[Mapping[str, Any]]) -> tuple[Instrument, ...]:
    return tuple(_facts(menu()[t["kind"]], {k: v for k, v in t.items() if k != "kind"}) for t in tables)


def _policy(table: Mapping[str, Any], grid: Mapping[str, Any] | None) -> Policy:
    """A policy; only of the one that is swept does it matter how its tables were written."""
    if not isinstance(table["name"], str):
        raise TypeError(f"a policy called {table['name']!r}")
    swept = grid is not None and grid["policy"] == table["name"]
    written = _dated(grid["instrument"]) if grid is not None and swept else table["instrument"]
    match = _facts(MatchFacts, table["match"]) if "match" in table else None
    return Policy(table["name"], _chain(table["instrument"]), tuple(written), match, table.get("name_zh"))


def _sweep(grid: Mapping[str, Any]) -> Sweep:
    axes = tuple((axis["path"], tuple(_dated(axis["values"])), axis["factor"]) for axis in grid["axes"])
    return Sweep(grid["policy"], axes)


def _dated(value: Any) -> Any:
    """Plain values with the dates in them as dates: no name or word of an instrument looks like one."""
    if isinstance(value, Mapping):
        return {key: _dated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dated(inner) for inner in value]
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return value
    return value if day is None or day.isoformat() != value else day
