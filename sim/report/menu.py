"""What may be written in a scenario: parameters with values, units, bounds, defaults and meanings, as lines and tables.

Everything is read off the declarations, so that neither the terminal nor docs/scenario.md can say something else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sim.params import MANY
from sim.scenario.policies import MatchFacts

BEGIN, END = "<!-- reference:begin -->", "<!-- reference:end -->"
# words that are checked against the city, not against a list in the declaration
ELSEWHERE = {"kinds": "names of the city's `[[city.supply.kind]]`"}


@dataclass(frozen=True)
class Parameter:
    """One key of a table.

    key : with the keys of the lists of tables it lies in, joined by dots
    takes : its unit, or the values it may have
    bounds : in words, empty where there are none
    default : in words; "required" if it must be given
    """

    key: str
    takes: str
    bounds: str
    default: str
    meaning: str


def menu_lines(menu: Mapping[str, Any]) -> Iterator[str]:
    """Lines for a terminal of 100 columns; `menu` maps kinds to instrument classes (pydantic models with a `title`)."""
    for kind, leaf in menu.items():
        yield f"{kind}: {leaf.title}"
        for one in parameters(leaf.model_json_schema()):
            limits = ", ".join(part for part in (one.takes, one.bounds) if part).replace("`", "")
            yield f"    {one.key:28} {limits}; default: {one.default}"
            yield f"    {'':28} {one.meaning}"
        yield ""


def refreshed(document: str, head: Mapping[str, Any], menu: Mapping[str, Any]) -> str:
    """Return the document with what stands between its marks written anew.

    head : JSON Schema of the scenario file; menu : as for `menu_lines`
    Raises ValueError if the document lacks the marks.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"expected a document with the marks {BEGIN} and {END}")
    return before + BEGIN + "\n\n" + "\n".join(_reference(head, menu)) + "\n" + END + after


def _reference(head: Mapping[str, Any], menu: Mapping[str, Any]) -> Iterator[str]:
    """Lines of the reference in Markdown: a table for each table of the file, then one for each instrument."""
    for name in ("run", "knowledge", "split", "city"):
        yield from _section(f"[{name}]", _resolved(head["properties"][name], head), head)
    match = MatchFacts.model_json_schema()
    yield from _section("[policy.match]", match, {"$defs": {}, **match})
    for kind, leaf in menu.items():
        schema = leaf.model_json_schema()
        yield f'## kind = "{kind}"'
        yield ""
        yield _sentence(leaf.title)
        yield ""
        yield from _table(parameters(schema))


def _section(title: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    """One table of the file, and after it the tables inside it."""
    yield f"## {title}"
    yield ""
    yield _sentence(schema["description"])
    yield ""
    inner = {key: _inside(entry, root) for key, entry in schema["properties"].items()}
    plain = {key: entry for key, entry in schema["properties"].items() if inner[key] is None}
    yield from _table(parameters({**schema, "properties": plain, "$defs": root["$defs"]}))
    name = title.strip("[]")
    for key, table in inner.items():
        if table is not None:
            many = "items" in schema["properties"][key]
            yield from _section(f"[[{name}.{key}]]" if many else f"[{name}.{key}]", table, root)


def _inside(entry: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The table that a key holds, one or many; None if it holds none."""
    target = entry.get("items", entry)
    return _resolved(target, root) if "$ref" in target else None


def _resolved(entry: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    named = next(branch for branch in (entry, *entry.get("anyOf", ())) if "$ref" in branch)
    table: Mapping[str, Any] = root["$defs"][named["$ref"].rpartition("/")[2]]
    return table


def _table(rows: Iterator[Parameter]) -> Iterator[str]:
    listed = list(rows)
    if not listed:
        return
    yield "| key | unit or values | bounds | default | meaning |"
    yield "|---|---|---|---|---|"
    for one in listed:
        cells = (f"`{one.key}`", one.takes, one.bounds, one.default, one.meaning)
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
    yield ""


def parameters(schema: Mapping[str, Any], within: str = "") -> Iterator[Parameter]:
    """Parameters of a table in the order of its declaration; those of a list of tables follow the list.

    schema : JSON Schema of the table; within : keys of the lists that it lies in, each with a dot
    """
    required = schema.get("required", ())
    for name, entry in schema["properties"].items():
        if name == "source":
            continue
        branch = next((b for b in entry.get("anyOf", ()) if b.get("type") != "null"), entry)
        default = "required" if name in required else _default(entry)
        yield Parameter(within + name, _takes(name, entry, branch), _bounds(branch), default, str(entry["description"]))
        rows = _inside(branch, schema) if branch.get("type") == "array" else None
        if rows is not None:
            yield from parameters(rows, f"{within}{name}.")


def _takes(name: str, entry: Mapping[str, Any], branch: Mapping[str, Any]) -> str:
    """Unit of a number, values of a choice, or what sort of thing it is."""
    if "enum" in branch or "const" in branch:
        return " | ".join(str(word) for word in branch.get("enum", [branch.get("const")]))
    if "pattern" in branch:  # a choice written as a pattern
        return str(branch["pattern"]).strip("^$()").replace("|", " | ")
    if branch.get("type") == "array":
        item = branch.get("items", {})
        kept = "tables" if "$ref" in item else ELSEWHERE.get(name) or _takes(name, {}, item)
        return f"list of {kept}"
    if branch.get("format") == "date":
        return "date"
    if "additionalProperties" in branch:
        return f"table of {_takes(name, entry, branch['additionalProperties'])}"
    plain = {"boolean": "true | false", "string": "text", "integer": "whole numbers", "number": "numbers"}
    if "unit" in entry:
        unit = "" if entry["unit"] == "1" else str(entry["unit"])
        return unit or plain[branch["type"]].removesuffix("s")
    return plain[branch["type"]]


def _bounds(branch: Mapping[str, Any]) -> str:
    """Bounds of a number, of those in a table, or of how many a list holds."""
    if isinstance(branch.get("additionalProperties"), dict):
        return _bounds(branch["additionalProperties"])
    if branch.get("type") == "array":
        least, most = branch.get("minItems"), branch.get("maxItems")
        if least is not None and least == most:
            return f"{least} of them"
        return "" if most is None else f"{least or 0} to {most} of them"
    low, above, high = (branch.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    if low is None and above is None:
        return ""
    if high is None or high >= MANY:
        # far above any city's: no bound that anybody meets
        return f"{_number(low)} or more" if above is None else f"above {_number(above)}"
    return f"{_number(low)} to {_number(high)}" if above is None else f"above {_number(above)}, to {_number(high)}"


def _default(entry: Mapping[str, Any]) -> str:
    """The default in words, with the range of an assumption."""
    default = entry.get("default")
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list | dict):
        return ", ".join(map(str, default)) or "empty"
    if isinstance(default, str):
        return default
    if default >= MANY:
        return "no limit"
    assumed = f" (assumed; {_number(entry['low'])} to {_number(entry['high'])})" if "low" in entry else ""
    return _number(default) + assumed


def _number(number: Any) -> str:
    return f"{number:,.16g}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."
