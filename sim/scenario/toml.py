"""TOML text to one table of plain values, within bounds that no honest file meets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from sim.scenario.faults import Fault, shorten, toml_text

MAX_DEPTH = 32
WHOLE_FILE = "(file)"

# the lexemes of TOML as far as needed to tell dotted keys from text; the last one is a string never closed
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+')"""
_LEXEME = re.compile(
    rf"""
    \#[^\n]*+
    | \"\"\" (?: [^"\\]++ | \\. | "(?!"") )*+ \"\"\"
    | \'\'\' (?: [^']++ | '(?!'') )*+ \'\'\'
    | (?P<open> \"\"\" | \'\'\' )
    | (?P<key> {_PART} (?: [ \t]*+ \. [ \t]*+ {_PART} )*+ )
    | [^\w"'\#-]++
    | .
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)


def parsed(content: bytes) -> dict[str, Any]:
    """The table that TOML text means.

    Raises ValueError if it is none, RecursionError where keys or values stand too deep in each other.
    """
    text = content.decode("utf-8-sig")
    if _has_endless_key(text):
        raise RecursionError
    return tomllib.loads(text)


def _has_endless_key(text: str) -> bool:
    """Whether a dotted key has more parts than tables may be deep: the parser takes their square in time."""
    for lexeme in _LEXEME.finditer(text):
        if lexeme["open"] or lexeme[0] in "\"'":
            return False  # as far as the parser will come
        key = lexeme["key"]
        if key and len(key) > 2 * MAX_DEPTH and len(re.findall(_PART, key)) > MAX_DEPTH:
            return True
    return False


def too_deep(tree: object) -> bool:
    """Whether tables and arrays stand in each other more than MAX_DEPTH deep."""
    level = [tree]
    for _ in range(MAX_DEPTH + 1):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: object) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def depth_fault(shown: str, key: str = WHOLE_FILE) -> Fault:
    """Tables or arrays that stand too deep in each other."""
    return Fault(shown, key, "tables in tables without end", f"at most {MAX_DEPTH} levels")


_PLACE = re.compile(r"(?P<why>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)


def syntax_fault(shown: str, content: bytes, message: str) -> Fault:
    """Where the parser stopped: line and column, the text there, and the parser's own reason."""
    lines = content.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n").split("\n")
    place = _PLACE.fullmatch(message)
    row, column, key = len(lines), len(lines[-1]), "end of file"
    if place and place["line"]:
        row, column = int(place["line"]), int(place["column"])
        key = f"line {row}, column {column}"
    excerpt = lines[min(row, len(lines)) - 1][max(0, column - 40) :].strip()
    why = place["why"] if place else message
    return Fault(shown, key, toml_text(shorten(excerpt, 80)), f"TOML ({why})")
