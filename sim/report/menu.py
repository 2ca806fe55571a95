"""The menu of instruments as plain lines: parameters, units, bounds, defaults, meanings."""

from collections.abc import Iterator, Mapping
from typing import Any


def menu_lines(menu: Mapping[str, Any]) -> Iterator[str]:
    """Lines for a terminal; `menu` maps kinds to instrument classes (pydantic models with a `title`)."""
    for kind, leaf in menu.items():
        yield f"{kind}: {leaf.title}"
        schema = leaf.model_json_schema()
        for name, entry in schema["properties"].items():
            if name != "source":
                yield f"    {name:30} {_what(entry, schema):44} {entry.get('description', '')}"
        yield ""


def _what(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Type or unit, bounds and default of one parameter."""
    branch = next((b for b in entry.get("anyOf", [entry]) if b.get("type") != "null"), entry)
    if "enum" in branch or "const" in branch:
        words = " | ".join(str(w) for w in branch.get("enum", [branch.get("const")]))
    elif branch.get("type") == "array":
        words = "list"
        item = branch.get("items", {})
        if "$ref" in item:
            fields = schema["$defs"][item["$ref"].rpartition("/")[2]]["properties"]
            words = "list of {" + ", ".join(f for f in fields if f != "source") + "}"
    elif branch.get("format") == "date":
        words = "date"
    elif branch.get("type") == "boolean":
        words = "true | false"
    else:
        words = entry.get("unit", branch.get("type", ""))
    bounds = _bounds(branch)
    default = entry.get("default")
    shown = (
        ""
        if default in (None, [], ()) or isinstance(default, list)
        else f" = {default:g}"
        if isinstance(default, float)
        else f" = {default}"
    )
    return f"{words}{bounds}{shown}"


def _bounds(branch: Mapping[str, Any]) -> str:
    low, high = branch.get("minimum", branch.get("exclusiveMinimum")), branch.get("maximum")
    if low is None and high is None:
        return ""
    bracket = "(" if "exclusiveMinimum" in branch else "["
    return f" {bracket}{low:g}, {high:g}]"
