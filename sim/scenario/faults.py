"""What is wrong with a scenario, said in one line per fault.

Every layer that reads a scenario (text, tree, schema, plan) reports in the same shape: the file, the key,
what was found and what was expected. Faults are gathered, never raised one by one.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import accumulate
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Union, get_args, get_origin

from sim.params import Misfit

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

KeyPath = tuple[str | int, ...]

FOUND_WIDTH = 100
KEY_WIDTH = 200
EXPECTED_WIDTH = 600
FILE_WIDTH = 400
NAME_WIDTH = 60

_BARE_KEY = re.compile(r"[\w-]+")
_SHOWN_AS_IS = "\u3000"  # the CJK space: Python calls it unprintable, a reader doesn't


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong: where it stands, what was found there, what was expected."""

    file: str
    key: str
    found: str
    expected: str

    def line(self, form: str = "{file}: {at}: found {found}, expected {expected}") -> str:
        """`FILE: KEY: found FOUND, expected EXPECTED`: one printable line, whatever the parts hold.

        form : the line, with gaps for file, at (the key), found and expected
        """
        file, key = _printable(self.file, FILE_WIDTH), _printable(self.key, KEY_WIDTH)
        found, expected = _printable(self.found, FOUND_WIDTH), _printable(self.expected, EXPECTED_WIDTH)
        return form.format(file=file, at=key, found=found, expected=expected)


class BadScenario(Exception):
    """The scenario cannot be run as written; `faults` says why, sorted and without repeats."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        if not self.faults:
            raise ValueError("a bad scenario has at least one fault")
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(fault.line() for fault in self.faults)


class Sourced(Protocol):
    """What a fault must know of a document: its tree, and which file gave a key."""

    @property
    def tree(self) -> dict[str, Any]:
        """The merged tree of plain values."""

    def file_of(self, key_path: KeyPath, /) -> str:
        """The file that gave a key, or its nearest ancestor."""


@dataclass(frozen=True)
class Loose:
    """A tree that stands in no file: values as a sweep or an assumption would have them."""

    tree: dict[str, Any]

    def file_of(self, key_path: KeyPath, /) -> str:
        """No file."""
        del key_path
        return ""


# ---------------------------------------------------------------------------------------------------------
# words


def shorten(text: str, width: int = FOUND_WIDTH) -> str:
    """The text, cut to `width` characters with an ellipsis for what is missing."""
    return text if len(text) <= width else text[: width - 1] + "…"


def key_text(path: KeyPath) -> str:
    """A key path as the reader would write it: `policy[2].instrument[0].tranches[1].face_value`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            text += f".{bare}" if text else bare
    return text


def toml_text(value: object, width: int = FOUND_WIDTH) -> str:
    """A value as TOML would write it, cut to `width` characters; None is `nothing`."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > width:
            break
    return shorten(text, width)


def suggestion(word: object, known: Iterable[str]) -> str:
    """`; did you mean NAME?` for the known name nearest to a word, or nothing."""
    near = nearest(word, known)
    return "" if near is None else f"; did you mean {near}?"


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The known name that a misspelt word most likely means, if any is near."""
    if not isinstance(word, str) or len(word) > KEY_WIDTH:
        return None
    return next(iter(difflib.get_close_matches(word, sorted(set(known)), n=1)), None)


def one_of(names: Sequence[str], found: object = None) -> str:
    """`one of a, b, c`, with the nearest to what was found."""
    if len(names) == 1:
        return names[0]
    return f"one of {', '.join(names)}" + suggestion(found, names)


def _printable(text: str, width: int) -> str:
    return "".join(_visible(character) for character in shorten(text, width))


def _visible(character: str) -> str:
    if character.isprintable() or character in _SHOWN_AS_IS:
        return character
    return character.encode("unicode_escape").decode("ascii")


def _pieces(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield json.dumps(value[: KEY_WIDTH * 2], ensure_ascii=False)
    elif isinstance(value, Mapping):
        yield from _joined("{ ", (_pair(k, v) for k, v in value.items()), " }") if value else ("{}",)
    elif isinstance(value, list | tuple):
        yield from _joined("[", (_pieces(v) for v in value), "]")
    else:
        yield _scalar_text(value)


def _joined(opening: str, items: Iterator[Iterator[str]], closing: str) -> Iterator[str]:
    yield opening
    for n, item in enumerate(items):
        if n:
            yield ", "
        yield from item
    yield closing


def _pair(key: object, value: object) -> Iterator[str]:
    yield f"{key_text((str(key),))} = "
    yield from _pieces(value)


def _scalar_text(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 256:  # str() of a huge integer is slow, or refused
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return repr(value)


# ---------------------------------------------------------------------------------------------------------
# from pydantic's errors to faults


def where(path: KeyPath, document: Sourced) -> str:
    """A key path as text, with the name of the policy it is about."""
    text = key_text(path) or "(file)"
    if len(path) > 2 and path[0] == "policy" and path[2] != "name":
        name = _child(_child(_child(document.tree, "policy"), path[1]), "name")
        if isinstance(name, str):
            return f"{text} (policy {toml_text(name, NAME_WIDTH)})"
    return text


def fault_at(document: Sourced, path: KeyPath, found: object, expected: str) -> Fault:
    """A fault of a value of the document."""
    return Fault(document.file_of(path), where(path, document), toml_text(found), expected)


def from_validation(
    error: ValidationError,
    document: Sourced,
    prefix: KeyPath = (),
    model: type[BaseModel] | None = None,
) -> list[Fault]:
    """One fault for each place where pydantic found the document wanting.

    prefix : where in the document the validated value stands
    model : what it was validated against; with it, unknown keys get a suggestion from the model's fields and
        missing ones say what they should hold

    Several errors about one value (the branches of a union) become one fault: `a number or an array`.
    """
    details: list[dict[str, Any]] = [dict(detail) for detail in error.errors(include_url=False)]
    spoilt = {tuple(d["loc"][:n]) for d in details for n in range(len(d["loc"]))}
    # a list that lost an element to a fault of its own is told to be too short as well
    details = [d for d in details if d["type"] != "too_short" or tuple(d["loc"]) not in spoilt]
    details = [single for detail in details for single in _each_misfit(detail)]
    lacking: dict[KeyPath, set[str]] = {}
    for detail in details:
        if detail["type"] == "missing":
            lacking.setdefault(tuple(detail["loc"][:-1]), set()).add(str(detail["loc"][-1]))
    # a misspelt key is told once, not also as the one that is missing for it
    meant = {
        (*detail["loc"][:-1], near)
        for detail in details
        if detail["type"] == "extra_forbidden" and lacking.get(tuple(detail["loc"][:-1]))
        for near in [nearest(detail["loc"][-1], lacking[tuple(detail["loc"][:-1])])]
    }
    details = [d for d in details if d["type"] != "missing" or tuple(d["loc"]) not in meant]
    placed = [_placed(detail, document, prefix, lacking, model) for detail in details]
    expected: dict[tuple[str, str, str], list[str]] = {}
    for fault in placed:
        words = expected.setdefault((fault.file, fault.key, fault.found), [])
        if fault.expected not in words:
            words.append(fault.expected)
    return [Fault(*place, " or ".join(words)) for place, words in expected.items()]


def _each_misfit(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """One error for each key that a validator of a whole table complained of."""
    error = detail.get("ctx", {}).get("error")
    if not isinstance(error, Misfit):
        return [detail]
    return [
        {"type": "misfit", "loc": (*detail["loc"], *path), "ctx": {"error": expected}, "input": None}
        for path, expected in error.wrong
    ]


def _placed(
    detail: dict[str, Any],
    document: Sourced,
    prefix: KeyPath,
    lacking: Mapping[KeyPath, set[str]],
    model: type[BaseModel] | None,
) -> Fault:
    kind, loc = detail["type"], tuple(detail["loc"])
    missing = kind in ("missing", "misfit")
    path, value = _locate(document.tree, prefix, loc, missing, tagged=model is not None)
    if value is _ABSENT:
        value = None if missing else detail.get("input")
    tag = _discriminator(detail)
    if tag is not None:
        path, value = (*path, tag), _child(value, tag)
        value = None if value is _ABSENT else value
    known, annotations = _expectations(model, loc) if model else (set(), [])
    if kind == "extra_forbidden":
        beside = lacking.get(loc[:-1], set())  # what a misspelt key was probably meant to be
        meant = suggestion(loc[-1], beside) or suggestion(loc[-1], known)
        expected = "no such key" + (meant or (_further_in(model, loc) if model else ""))
    elif kind == "missing":
        expected = _wanted(annotations)
    else:
        expected = _expected(detail, value)
    return Fault(document.file_of(path), where(path, document), toml_text(value), expected)


class _Absent:
    """Stands where the document has nothing."""


_ABSENT = _Absent()


def _child(value: object, part: str | int) -> Any:
    if isinstance(value, Mapping) and part in value:
        return value[part]
    if isinstance(value, list | tuple) and isinstance(part, int) and 0 <= part < len(value):
        return value[part]
    return _ABSENT


def _locate(tree: object, prefix: KeyPath, loc: KeyPath, missing: bool, tagged: bool) -> tuple[KeyPath, Any]:
    """The key path that a pydantic location means, and the value there.

    Pydantic puts the tags of unions and the names of validators among the keys; what is no key is left out.

    tagged : the location starts behind any tag, as that of a single model does
    """
    *_, value = accumulate(prefix, _child, initial=tree)
    path: KeyPath = prefix
    for n, part in enumerate(loc):
        last = n == len(loc) - 1
        if not tagged and isinstance(value, Mapping) and value.get("kind") == part:
            tagged = not (last and missing)  # the tag of an instrument, before any key of it
            if tagged:
                continue
        child = _child(value, part)
        strange = child is _ABSENT and value is not _ABSENT
        if strange and not (last and missing) and not (isinstance(part, int) and isinstance(value, list)):
            continue
        path, value, tagged = (*path, part), child, False
    return path, value


def _discriminator(detail: dict[str, Any]) -> str | None:
    """The key that should have named the kind, when that is what is wrong."""
    if not detail["type"].startswith("union_tag_"):
        return None
    return str(detail["ctx"]["discriminator"]).strip("'") or None


_WORDS = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dataclass_type": "a table",
    "date_from_datetime_inexact": "a date",
    "date_from_datetime_parsing": "a date",
    "date_parsing": "a date",
    "date_type": "a date",
    "datetime_from_date_parsing": "a date with a time",
    "datetime_parsing": "a date with a time",
    "datetime_type": "a date with a time",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "an array",
    "int_from_float": "an integer",
    "int_parsing": "an integer",
    "int_parsing_size": "a smaller integer",
    "int_type": "an integer",
    "invalid_key": "a key that is a string",
    "is_instance_of": "{class}",
    "iterable_type": "an array",
    "list_type": "an array",
    "mapping_type": "a table",
    "model_attributes_type": "a table",
    "model_type": "a table",
    "multiple_of": "a multiple of {multiple_of}",
    "none_required": "nothing",
    "set_type": "an array",
    "string_pattern_mismatch": "a string that matches {pattern}",
    "string_sub_type": "a string",
    "string_too_long": "a string of at most {max_length} characters",
    "string_too_short": "a string of at least {min_length} characters",
    "string_type": "a string",
    "time_parsing": "a time",
    "time_type": "a time",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
    "tuple_type": "an array",
    "union_tag_not_found": "a name of what this table is",
}

# what pydantic calls a bound, where it keeps it, and how it reads for numbers and for dates
_BOUNDS = {
    "greater_than": ("gt", "a number above {}", "a date after {}"),
    "greater_than_equal": ("ge", "a number of at least {}", "a date not before {}"),
    "less_than": ("lt", "a number below {}", "a date before {}"),
    "less_than_equal": ("le", "a number of at most {}", "a date not after {}"),
}


def _expected(detail: dict[str, Any], value: object) -> str:
    """What a pydantic error wanted, in plain words; in pydantic's own where we have none."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        name, numbers, dates = _BOUNDS[kind]
        bound = context[name]
        return (numbers if isinstance(bound, int | float) else dates).format(_bound_text(bound))
    if kind in ("literal_error", "enum"):
        return one_of(_names(context["expected"]), value)
    if kind == "union_tag_invalid":
        return one_of(_names(context["expected_tags"]), value)
    if kind in ("value_error", "assertion_error", "misfit") and str(context.get("error", "")):
        return str(context["error"])
    if kind in _WORDS:
        words = _WORDS[kind].format_map({name: _bound_text(bound) for name, bound in context.items()})
        return re.sub(r"\b1 (item|character)s\b", r"1 \1", words)
    return _own_words(str(detail["msg"]))


def _bound_text(bound: object) -> str:
    """A bound as a reader would write it: 100, not 100.0, and words without quotes."""
    if isinstance(bound, float) and bound.is_integer():
        return str(int(bound))
    return bound if isinstance(bound, str) else toml_text(bound)


def _own_words(message: str) -> str:
    for opening in ("Input should be ", "Value error, ", "Assertion failed, "):
        message = message.removeprefix(opening)
    return message or "something else"


def _names(listed: str) -> list[str]:
    """The names in pydantic's `'a', 'b' or 'c'`."""
    quoted = re.findall(r"'((?:[^'\\]|\\.)*)'", listed)
    return quoted or re.split(r", | or ", listed)


# ---------------------------------------------------------------------------------------------------------
# what a model would have taken


def _expectations(model: type[BaseModel], loc: KeyPath) -> tuple[set[str], list[Any]]:
    """The keys known in the table that holds `loc`, and the types its last key may have."""
    holders = _holders(model, loc)
    known = {name for holder in holders for name in _fields(holder)}
    return known, _stepped(holders, loc[-1]) if loc else []


def _holders(model: type[BaseModel], loc: KeyPath) -> list[Any]:
    """The types that the table which holds `loc` may have."""
    holders: list[Any] = [model]
    for part in loc[:-1]:
        holders = _narrowed(holders, part) or _stepped(holders, part) or holders
    return holders


def _further_in(model: type[BaseModel], loc: KeyPath) -> str:
    """`; did you mean TABLE.KEY?` for a key that stands a table further out than the one it most likely means."""
    inside: dict[str, str] = {}
    for holder in _holders(model, loc):
        for name in _fields(holder):
            rows = _stepped(_stepped([holder], name), 0)  # of a list of tables
            inside |= {key: f"{name}.{key}" for row in rows for key in _fields(row) if key != "source"}
    near = nearest(loc[-1], inside)
    return "" if near is None else f"; did you mean {inside[near]}?"


def _fields(kind: object) -> dict[str, Any]:
    """A model's fields by the name a document uses; empty for what is no model."""
    fields = getattr(kind, "model_fields", None) or {}
    return {field.alias or name: field.annotation for name, field in fields.items()}


def _narrowed(kinds: list[Any], tag: str | int) -> list[Any]:
    """Of several models, those that a tag picks; none if it picks none."""
    if len(kinds) < 2:
        return []
    return [k for k in kinds if any(tag in _literals(annotation) for annotation in _fields(k).values())]


def _literals(annotation: object) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _stepped(kinds: list[Any], part: str | int) -> list[Any]:
    """The types found one key further in."""
    further: list[Any] = []
    for kind in kinds:
        if isinstance(part, str):
            further += _members(_fields(kind).get(part))
        if get_origin(kind) in (list, tuple, set, frozenset, Sequence, dict, Mapping):
            further += [member for argument in get_args(kind) for member in _members(argument)]
    return further


def _members(annotation: object) -> list[Any]:
    """An annotation without its wrapping: the branches of a union, the type inside `Annotated`."""
    if annotation in (None, ..., type(None)):
        return []
    if hasattr(annotation, "__value__"):
        return _members(annotation.__value__)
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [member for branch in get_args(annotation) for member in _members(branch)]
    return [annotation]


_TYPES: dict[object, str] = {
    bool: "true or false",
    date: "a date",
    datetime: "a date with a time",
    dict: "a table",
    float: "a number",
    int: "an integer",
    list: "an array",
    str: "a string",
    tuple: "an array",
}


def _wanted(annotations: list[Any]) -> str:
    """What a missing key should hold, as far as its type tells."""
    words = [_described(annotation) for annotation in annotations]
    return " or ".join(dict.fromkeys(word for word in words if word)) or "a value: this key is required"


def _described(annotation: object) -> str:
    if _fields(annotation):
        return "a table"
    if _literals(annotation):
        return one_of([str(name) for name in _literals(annotation)])
    return _TYPES.get(get_origin(annotation) or annotation, "")
