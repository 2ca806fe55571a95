"""Policies in words, made from their parameters: "1,800 vouchers a month: 200 of 1,000 yuan ...; by lottery"."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from pydantic import BaseModel

from sim.params import unit_of
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.report import names, terms
from sim.report.numerals import show
from sim.report.words import DEFAULT, month

WINDOW = ("start", "until")


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return the clauses by key and language."""
    found: Mapping[str, Mapping[str, str]] = tomllib.loads(
        files("sim.report").joinpath("text", "policies.toml").read_text(encoding="utf-8")
    )
    return found


def policy_words(instruments: Sequence[Mapping[str, Any]], language: str = DEFAULT) -> str:
    """Say a policy in words.

    instruments : its tables, as a scenario holds them
    Raises pydantic.ValidationError if a table is no instrument of this version.
    """
    if not instruments:
        return _template("join.nothing", language) + _template("join.end", language)
    said = [_sentence(read(table), language) for table in instruments]
    return _template("join.instruments", language).join(said) + _template("join.end", language)


def read(table: Mapping[str, Any]) -> Instrument:
    """Build the instrument of a scenario's table."""
    parameters = {key: value for key, value in table.items() if key not in ("kind", "source")}
    return menu()[table["kind"]].model_validate(parameters)


def _sentence(instrument: Instrument, language: str) -> str:
    """One instrument: its name, then its clauses."""
    said = list(clauses(instrument, language))
    joined = _template("join.clauses", language).join(said)
    name = _name(kind_of(instrument), language)
    words = _template("join.instrument", language).format(name=name, clauses=joined) if said else name
    return words[:1].upper() + words[1:]


def _name(kind: str, language: str) -> str:
    """Name of a kind of instrument."""
    if f"name.{kind}" in catalogue():
        return _template(f"name.{kind}", language)
    return terms.said(terms.INSTRUMENTS, kind, language).replace("_", " ")


def clauses(instrument: Instrument, language: str = DEFAULT) -> Iterator[str]:
    """Yield an instrument's clauses: its own first, then each parameter that they leave out if not at its default."""
    if instrument.inert:
        yield _template("join.inert", language)
        return
    keys = [_key(instrument, name) for name in instrument.clauses()]
    said = {name for key in keys for name in (*placeholders(key), key.partition(".")[2])}
    for key in keys + [_key(instrument, name) for name in _others(instrument, said)]:
        yield _filled(key, instrument, language)
    window = [name for name in WINDOW if getattr(instrument, name) is not None]
    if window:
        yield _filled("all.window" if len(window) == len(WINDOW) else f"all.{window[0]}", instrument, language)


def _others(instrument: Instrument, said: set[str]) -> Iterator[str]:
    """Parameters that no clause has named and that are not at their defaults, in the order of their declaration."""
    for name, field in type(instrument).model_fields.items():
        given = getattr(instrument, name)
        if name not in (*WINDOW, "source") and name not in said and given != field.get_default():
            yield name


def _key(instrument: Instrument, clause: str) -> str:
    """Key of a clause: of the instrument's kind, or of all."""
    own = f"{kind_of(instrument)}.{clause}"
    return own if own in catalogue() else f"all.{clause}"


def placeholders(key: str) -> set[str]:
    """Names in braces in a clause."""
    return {name for _, name, _, _ in Formatter().parse(_template(key, DEFAULT)) if name}


def _template(key: str, language: str) -> str:
    entry = catalogue()[key]
    return entry.get(language, entry[DEFAULT])


def _filled(key: str, given: BaseModel, language: str) -> str:
    """A clause with the values of a model in place of its names."""
    parts = []
    for words, name, form, _ in Formatter().parse(_template(key, language)):
        parts.append(words)
        if name:
            parts.append(_written(getattr(given, name), form or _form(given, name), language))
    return "".join(parts)


def _form(given: BaseModel, name: str) -> str:
    """Form of a parameter's number, by its declared unit."""
    field = type(given).model_fields.get(name)
    return "percent" if field is not None and unit_of(field) == "share" else "number"


def _written(value: Any, form: str, language: str) -> str:
    """A value in words: a number by its form, a word by the language's, a list or a table joined."""
    if isinstance(value, date):
        parts = {"day": value.day, "month": month(value.month, language), "year": value.year}
        return _template("value.date", language).format(**parts)
    if isinstance(value, int | float):
        return _number(value, form, language)
    if isinstance(value, str):
        return _word(value, language)
    if isinstance(value, Mapping):
        pairs = ((_word(name, language), _number(one, form, language)) for name, one in value.items())
        each = [_template("join.pair", language).format(name=name, number=number) for name, number in pairs]
    else:
        each = [_filled(f"voucher_pool.{type(one).__name__.lower()}", one, language) if isinstance(one, BaseModel)
                else _written(one, form, language) for one in value]  # fmt: skip
    return _template("join.list", language).join(each)


def _number(value: float, form: str, language: str) -> str:
    """A number as it stands in the file, with separators; of a share per cent; of money its unit."""
    if form == "money":
        return show(value, "money", language=language)
    if form == "percent":
        return _template("join.percent", language).format(number=f"{value * 100:,.6g}")
    return f"{value:,.10g}"


def _word(value: str, language: str) -> str:
    """A choice or a kind of institution in words; a name of the city's own as it stands."""
    if f"value.{value}" in catalogue():
        return _template(f"value.{value}", language)
    return names.tidy(terms.said(terms.KINDS, value, language))
