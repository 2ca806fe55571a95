"""Splits: policies whose effect is divided among their instruments, and what is wrong with them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from sim.params import Each, Facts, Name, Rows
from sim.scenario.faults import Fault, Sourced, fault_at, one_of
from sim.scenario.policies import Policy

MOST_INSTRUMENTS = 6  # 64 sub-policies


def _listed(names: Any) -> Any:
    return [names] if isinstance(names, str) else names


def _or_one(schema: dict[str, Any]) -> None:
    """In the JSON Schema: a list, or one name by itself."""
    many = {key: schema.pop(key) for key in ("type", "items", "minItems", "maxItems")}
    schema["anyOf"] = [many, {"type": "string"}]


class SplitFacts(Facts):
    """Policies of several instruments of which each instrument's part is wanted."""

    policy: Annotated[Rows[Name], BeforeValidator(_listed), Each] = Field(
        min_length=1,
        max_length=20,
        description="name of a policy, or a list of names",
        json_schema_extra=_or_one,
    )


def split_faults(split: SplitFacts | None, policies: Sequence[Policy], document: Sourced) -> Iterator[Fault]:
    """Names of no policy, and policies that cannot be split: of one instrument, or of too many."""
    chains = {policy.name: policy.instruments for policy in policies}
    for n, name in enumerate(split.policy if split is not None else ()):
        here = ("split", "policy", n)
        if name not in chains:
            yield fault_at(document, here, name, one_of(list(chains), name))
        elif not 2 <= len(chains[name]) <= MOST_INSTRUMENTS:
            expected = f"a policy of 2 to {MOST_INSTRUMENTS} instruments; this one has {len(chains[name])}"
            yield fault_at(document, here, name, expected)
