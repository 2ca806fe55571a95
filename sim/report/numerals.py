"""Numbers as people read them: separators, per cent, millions or 万元, and a dash for what is undefined."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sim.report.words import DEFAULT, text

DASH = "—"
MINUS = "−"


@dataclass(frozen=True)
class Form:
    """How one sort of number is written.

    factor : what the stored number is multiplied by (a share of 0.12 is written 12)
    digits : decimals for a number of that size, after the factor
    percent : the sign of per cent stands behind it
    """

    factor: float
    digits: Callable[[float], int]
    percent: bool = False


def _adaptive(size: float) -> int:
    """Three figures or so: 0.042, 7.12, 86.4, 1,234."""
    return 0 if size >= 1000 or size == 0 else 1 if size >= 100 else 2 if size >= 1 else 3


def _whole(size: float) -> int:
    """Counts are whole unless they are means so small that the decimals are the message."""
    return 0 if size >= 20 or size == int(size) else 1


def _fine(size: float) -> int:
    """Two decimals, three where two would show nothing."""
    return 2 if size >= 0.1 or size == 0 else 3


FORMS: dict[str, Form] = {
    "share": Form(100.0, lambda _: 1, percent=True),
    "take_up": Form(100.0, lambda _: 2, percent=True),
    "points": Form(100.0, _fine),
    "count": Form(1.0, _whole),
    "yuan": Form(1.0, lambda size: 0 if size >= 10 else 2),
    "money": Form(1e-6, _adaptive),
    "wan": Form(1e-4, _adaptive),
    "yi": Form(1e-8, _adaptive),
    "plain": Form(1.0, _adaptive),
}


# yuan in a unit of money; those in which a language writes it beside a million, the smaller first
MONEY = {"money": 1e6, "wan": 1e4, "yi": 1e8}
SCALES = {"zh": ("wan", "yi")}


def defined(number: float | None) -> bool:
    """Say whether there is a number to show: null, NaN and infinity are all undefined."""
    return number is not None and math.isfinite(number)


def column(form: str, numbers: Iterable[float | None], language: str) -> str:
    """Return the form for all numbers of a column, a row or an axis: money stands in one unit, the largest number's."""
    if form != "money" or language not in SCALES:
        return form
    small, large = SCALES[language]
    largest = max((abs(n) for n in numbers if n is not None and math.isfinite(n)), default=0.0)
    return large if largest >= MONEY[large] else small


def in_unit(label: str, form: str, language: str) -> str:
    """Write a head or an axis with its unit of money behind it; the label alone if it is not one of money."""
    return text("column.in_unit", language, label=label, unit=unit(form, language)) if form in MONEY else label


def unit(form: str, language: str) -> str:
    """Name the unit of a form of money."""
    return text(f"unit.{form}", language)


def show(
    number: float | None,
    form: str,
    *,
    signed: bool = False,
    like: float | None = None,
    language: str = DEFAULT,
) -> str:
    """Write one number, or a dash if it is undefined.

    form : key of FORMS
    signed : write the plus sign too, for differences
    like : take the decimals and the unit of money from this number, so that an interval is written like its centre
    Money carries its unit where the language has several, save in a form of `column`, whose head has it.
    """
    own = column(form, [number if like is None else like], language)
    written = _bare(number, own, signed, like)
    if own != form and written != DASH:
        return text("number.in_unit", language, number=written, unit=unit(own, language))
    percent = FORMS[form].percent and written != DASH
    return text("number.percent", language, number=written) if percent else written


def _bare(number: float | None, form: str, signed: bool, like: float | None) -> str:
    """Write the number without the sign of per cent."""
    if number is None or not math.isfinite(number):
        return DASH
    rule = FORMS[form]
    model = like if like is not None and math.isfinite(like) and like != 0 else number
    digits = rule.digits(abs(model * rule.factor))
    scaled = round(number * rule.factor, digits)
    sign = MINUS if scaled < 0 else "+" if signed and scaled > 0 else ""
    return f"{sign}{abs(scaled):,.{digits}f}"


def spread(
    low: float | None,
    high: float | None,
    form: str,
    *,
    like: float | None = None,
    signed: bool = False,
    language: str = DEFAULT,
) -> str:
    """Write an interval as "low to high", or nothing at all if either end is undefined."""
    if not (defined(low) and defined(high)):
        return ""
    own = column(form, [low, high] if like is None else [like], language)
    first, last = (_bare(end, own, signed, like) for end in (low, high))
    if own != form:
        last = text("number.in_unit", language, number=last, unit=unit(own, language))
    key = "number.percent.interval" if FORMS[form].percent else "number.interval"
    return text(key, language, low=first, high=last)


def unbroken(words: str) -> str:
    """Keep each number and its % on one line."""
    return words.replace(" %", "\u00a0%")
