"""Evidence: every number that is put into a study, with what it rests on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.params import range_of
from sim.scenario.schema import Scenario

if TYPE_CHECKING:
    from sim.study.match import Matched


PUBLISHED = "city.published."  # numbers that constants are fitted to; no run reads them


def evidence_of(scenario: Scenario, matched: Sequence["Matched"] = ()) -> list[dict[str, Any]]:
    """A row for each number: key, value, low, high and source, which may be None; those of the file come first.

    matched : what searches have found in place of the file's numbers
    """
    return _written(scenario, matched) + defaults(scenario)


def _written(scenario: Scenario, matched: Sequence["Matched"]) -> list[dict[str, Any]]:
    """The numbers of the file with their sources; what a match has found stands in place of where it began."""
    found = {key: (number, one.reason) for one in matched for key, number in one.numbers.items()}
    rows = []
    for e in scenario.document.evidence:
        if e.key.startswith(PUBLISHED):
            continue
        row = {"key": e.key, "value": e.value, "low": e.low, "high": e.high, "source": e.source}
        if e.key in found:
            value, reason = found[e.key]
            row |= {"value": value, "low": None, "high": None, "source": reason}
        rows.append(row)
    return rows


def defaults(scenario: Scenario) -> list[dict[str, Any]]:
    """The assumed numbers that the file leaves to an instrument's defaults, with their ranges."""
    rows = []
    for n, policy in enumerate(scenario.policies):
        for m, instrument in enumerate(policy.instruments):
            for name, declared in type(instrument).model_fields.items():
                ends = range_of(declared)
                if ends is not None and name not in instrument.model_fields_set:
                    key, source = f"policy[{n}].instrument[{m}].{name}", "assumption: the instrument's default"
                    value = getattr(instrument, name)
                    rows.append({"key": key, "value": value, "low": ends[0], "high": ends[1], "source": source})
    return rows
