"""Numbers as people read them: separators, per cent, million yuan, and a dash for what is undefined."""

import math
from collections.abc import Callable
from dataclasses import dataclass

DASH = "—"
MINUS = "−"


@dataclass(frozen=True)
class Form:
    """How one sort of number is written.

    factor : what the stored number is multiplied by (a share of 0.12 is written 12)
    suffix : written behind a value, such as " %"
    digits : decimals for a number of that size, after the factor
    """

    factor: float
    suffix: str
    digits: Callable[[float], int]


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
    "share": Form(100.0, " %", lambda _: 1),
    "take_up": Form(100.0, " %", lambda _: 2),
    "points": Form(100.0, "", _fine),
    "count": Form(1.0, "", _whole),
    "yuan": Form(1.0, "", lambda size: 0 if size >= 10 else 2),
    "money": Form(1e-6, "", _adaptive),
    "plain": Form(1.0, "", _adaptive),
}


def defined(number: float | None) -> bool:
    """Say whether there is a number to show: null, NaN and infinity are all undefined."""
    return number is not None and math.isfinite(number)


def show(number: float | None, form: str, *, signed: bool = False, like: float | None = None) -> str:
    """Write one number, or a dash if it is undefined.

    form : key of FORMS
    signed : write the plus sign too, for differences
    like : take the decimals from this number, so that an interval is written like its centre
    """
    if number is None or not math.isfinite(number):
        return DASH
    rule = FORMS[form]
    model = like if like is not None and math.isfinite(like) and like != 0 else number
    digits = rule.digits(abs(model * rule.factor))
    scaled = round(number * rule.factor, digits)
    sign = MINUS if scaled < 0 else "+" if signed and scaled > 0 else ""
    return f"{sign}{abs(scaled):,.{digits}f}{rule.suffix}"


def spread(low: float | None, high: float | None, form: str, *, like: float | None = None, signed: bool = False) -> str:
    """Write an interval as "low to high", or nothing at all if either end is undefined."""
    if not (defined(low) and defined(high)):
        return ""
    first = show(low, form, like=like, signed=signed).removesuffix(FORMS[form].suffix)
    return f"{first} to {show(high, form, like=like, signed=signed)}"
