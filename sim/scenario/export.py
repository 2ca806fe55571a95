"""JSON Schema of scenario files, so that editors complete keys and show meanings and bounds."""

from typing import Any

from sim.policy.menu import menu
from sim.scenario.policies import MatchFacts
from sim.scenario.schema import Head

_EVIDENCE = {
    "type": "object",
    "properties": {
        "value": {"type": "number"},
        "low": {"type": "number"},
        "high": {"type": "number"},
        "source": {"type": "string"},
    },
    "required": ["value"],
    "additionalProperties": False,
}
_KEPT = (["kind"], ["name"], ["value"], ["metric", "to", "by"])  # of tables in lists, which are replaced whole


def json_schema() -> dict[str, Any]:
    """The schema of a scenario file, evidence-carrying numbers allowed wherever a number is.

    A file that `extends` another may leave out what that one says, so nothing is required.
    """
    whole = Head.model_json_schema(ref_template="#/$defs/{model}")
    defs = whole.pop("$defs", {})
    kinds = []
    for kind, leaf in menu().items():
        table = leaf.model_json_schema(ref_template="#/$defs/{model}")
        defs |= table.pop("$defs", {})
        table["properties"] = {"kind": {"const": kind, "description": leaf.title}} | table["properties"]
        table["required"] = ["kind"]
        defs[f"instrument_{kind}"] = table
        kinds.append({"$ref": f"#/$defs/instrument_{kind}"})
    chain = {"type": "array", "items": {"anyOf": kinds}}
    name = {"type": "string", "description": "the policy's name, its own in this file"}
    label = {"type": "string", "description": "its name in a Chinese report"}
    match = MatchFacts.model_json_schema()
    policy = {
        "type": "object",
        "properties": {
            "name": name,
            "name_zh": label,
            "source": {"type": "string"},
            "instrument": chain,
            "match": match,
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    whole["properties"] |= {
        "extends": {"type": "string", "description": "a file whose tables this one is merged into"},
        "instrument": chain,
        "policy": {"type": "array", "items": policy},
    }
    whole["$defs"] = defs
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return dict(_with_evidence(_with_amendments(_with_sources(_without_required(whole)), defs)))


def _without_required(node: Any) -> Any:
    """Drop `required`, save in tables that no other file can complete."""
    if isinstance(node, dict):
        kept = {k: _without_required(v) for k, v in node.items() if k != "required" or v in _KEPT}
        return kept
    return [_without_required(x) for x in node] if isinstance(node, list) else node


def _with_sources(node: Any) -> Any:
    """Allow a source in every table of free names."""
    if isinstance(node, list):
        return [_with_sources(x) for x in node]
    if not isinstance(node, dict):
        return node
    inside = {k: _with_sources(v) for k, v in node.items()}
    free = node.get("type") == "object" and isinstance(node.get("additionalProperties"), dict)
    return inside | ({"properties": {"source": {"type": "string"}}} if free else {})


def _with_amendments(node: Any, defs: dict[str, Any]) -> Any:
    """Allow a table under their names for every list of tables that have names (sim.scenario.nodes.merge)."""
    if isinstance(node, list):
        return [_with_amendments(x, defs) for x in node]
    if not isinstance(node, dict):
        return node
    inside = {k: _with_amendments(v, defs) for k, v in node.items()}
    items = node.get("items")
    members = items if isinstance(items, dict) else {}
    table = defs.get(members.get("$ref", "").rpartition("/")[2], members)
    if node.get("type") != "array" or "name" not in table.get("properties", {}):
        return inside
    words = {k: inside.pop(k) for k in ("description", "default", "title") if k in inside}
    member = {k: v for k, v in inside["items"].items() if k != "required"}  # the key is its name
    return words | {"anyOf": [inside, {"type": "object", "additionalProperties": member}]}


def _with_evidence(node: Any) -> Any:
    """Allow `{ value = …, source = "…" }` for every number."""
    if isinstance(node, dict):
        inside = {k: _with_evidence(v) for k, v in node.items()}
        if node.get("type") in ("number", "integer"):
            words = {k: inside.pop(k) for k in ("description", "default", "unit", "idle", "title") if k in inside}
            return words | {"anyOf": [inside, _EVIDENCE]}
        return inside
    return [_with_evidence(x) for x in node] if isinstance(node, list) else node
