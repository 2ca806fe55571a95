"""What may be written in a scenario: parameters with values, units, bounds, defaults and meanings, as lines and tables.

Everything is read off the declarations, so that neither the terminal nor docs/scenario.md can say something else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.params import MANY
from sim.policy import menu as instruments
from sim.report import terms
from sim.report.words import DEFAULT, text
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


def menu_lines(menu: Mapping[str, Any], language: str = DEFAULT) -> Iterator[str]:
    """Lines for a terminal of 100 columns; `menu` maps kinds to instrument classes (pydantic models with a `title`)."""
    for kind, leaf in menu.items():
        called = terms.said(terms.INSTRUMENTS, kind, language)
        title = terms.meaning(terms.INSTRUMENTS, kind, leaf.title, language)
        yield text("menu.kind", language, kind=kind, title=title) + (
            "" if called == kind else text("number.in_brackets", language, words=called)
        )
        for one in parameters(leaf.model_json_schema(), language=language):
            parts = (part for part in (one.takes, one.bounds) if part)
            limits = text("menu.comma", language).join(parts).replace("`", "")
            yield f"    {one.key:28} " + text("menu.limits", language, limits=limits, default=one.default)
            yield f"    {'':28} {one.meaning}"
        yield ""


def named(path: str, language: str, *, short: bool = False) -> str:
    """A parameter by its path, kind.parameter: "托育券：每轮张数"; as it stands where the language has no word for it.

    short : without the instrument
    """
    kind, _, key = path.partition(".")
    word = terms.PARAMETERS.get(_declared(kind).get(key.rpartition(".")[2], ""), {}).get(language)
    if word is None:
        return path.rpartition(".")[2] if short else path
    called = terms.said(terms.INSTRUMENTS, kind, language)
    return word.label if short else text("menu.kind", language, kind=called, title=word.label)


@cache
def _declared(kind: str) -> dict[str, str]:
    """What an instrument's declaration says of each parameter, by its key without those of the lists it lies in."""
    leaf = instruments.menu().get(kind)
    listed = [] if leaf is None else list(parameters(leaf.model_json_schema()))
    return {one.key.rpartition(".")[2]: one.meaning for one in reversed(listed)}


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
    for name in ("run", "knowledge", "split", "welfare", "city"):
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
    named = any("$ref" in branch for branch in (target, *target.get("anyOf", ())))
    return _resolved(target, root) if named else None


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


def parameters(schema: Mapping[str, Any], within: str = "", language: str = DEFAULT) -> Iterator[Parameter]:
    """Parameters of a table in the order of its declaration; those of a list of tables follow the list.

    schema : JSON Schema of the table; within : keys of the lists that it lies in, each with a dot
    """
    required = schema.get("required", ())
    for name, entry in schema["properties"].items():
        if name == "source":
            continue
        branch = next((b for b in entry.get("anyOf", ()) if b.get("type") != "null"), entry)
        default = text("menu.required", language) if name in required else _default(entry, language)
        meaning = terms.meaning(terms.PARAMETERS, str(entry["description"]), str(entry["description"]), language)
        takes = _takes(name, entry, branch, language)
        yield Parameter(within + name, takes, _bounds(branch, language), default, meaning)
        rows = _inside(branch, schema) if branch.get("type") == "array" else None
        if rows is not None:
            yield from parameters(rows, f"{within}{name}.", language)


def _takes(name: str, entry: Mapping[str, Any], branch: Mapping[str, Any], language: str) -> str:
    """Unit of a number, values of a choice, or what sort of thing it is."""
    if "enum" in branch or "const" in branch:
        return _choices([str(word) for word in branch.get("enum", [branch.get("const")])], language)
    if "pattern" in branch:  # a choice written as a pattern
        return _choices(str(branch["pattern"]).strip("^$()").split("|"), language)
    if branch.get("type") == "array":
        item = branch.get("items", {})
        if "$ref" in item or name in ELSEWHERE:
            kept = terms.said(terms.UNITS, "tables" if "$ref" in item else ELSEWHERE[name], language)
        else:
            kept = _takes(name, {}, item, language)
        return text("menu.list", language, kept=kept)
    if branch.get("format") == "date":
        return terms.said(terms.UNITS, "date", language)
    if "additionalProperties" in branch:
        return text("menu.table", language, kept=_takes(name, entry, branch["additionalProperties"], language))
    if branch["type"] == "boolean":
        return _choices(["true", "false"], language)
    plain = {"string": "text", "integer": "whole numbers", "number": "numbers"}[branch["type"]]
    if "unit" in entry:
        plain = plain.removesuffix("s") if entry["unit"] == "1" else str(entry["unit"])
    return terms.said(terms.UNITS, plain, language)


def _choices(values: Sequence[str], language: str) -> str:
    """Values as a file writes them, each with what it means in brackets where the language has another word for it."""
    words = [(value, terms.said(terms.VALUES, value, language)) for value in values]
    return " | ".join(
        value if said == value else value + text("number.in_brackets", language, words=said) for value, said in words
    )


def _bounds(branch: Mapping[str, Any], language: str) -> str:
    """Bounds of a number, of those in a table, or of how many a list holds."""
    if isinstance(branch.get("additionalProperties"), dict):
        return _bounds(branch["additionalProperties"], language)
    if branch.get("type") == "array":
        least, most = branch.get("minItems"), branch.get("maxItems")
        if least is not None and least == most:
            return text("menu.many", language, count=least)
        count = text("number.interval", language, low=least or 0, high=most)
        return "" if most is None else text("menu.many", language, count=count)
    low, above, high = (branch.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    if low is None and above is None:
        return ""
    open_end = high is None or high >= MANY  # far above any city's: no bound that anybody meets
    key = ("between" if above is None else "above_to") if not open_end else "least" if above is None else "above"
    return text(f"menu.{key}", language, low=_number(low if above is None else above), high=_number(high or 0))


def _default(entry: Mapping[str, Any], language: str) -> str:
    """The default in words, with the range of an assumption."""
    default = entry.get("default")
    if default is None:
        return text("menu.none", language)
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list | dict):
        return ", ".join(map(str, default)) or text("menu.empty", language)
    if isinstance(default, str):
        return default
    if default >= MANY:
        return text("menu.no_limit", language)
    if "low" not in entry:
        return _number(default)
    ends = {"low": _number(entry["low"]), "high": _number(entry["high"])}
    return _number(default) + text("menu.assumed", language, **ends)


def _number(number: Any) -> str:
    return f"{number:,.16g}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."
