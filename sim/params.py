"""Numbers with units, bounds and meanings: what a scenario file may say, and how it is checked."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

T = TypeVar("T")

MANY = 10**9  # an upper bound for counts and yuan: far above any city's, far below overflow

# TOML writes lists; a frozen value holds tuples
Rows = Annotated[tuple[T, ...], Field(strict=False)]


class Facts(BaseModel):
    """A frozen table of a scenario: unknown keys, wrong types and non-finite numbers are refused.

    source : where the table's plain numbers come from
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    source: str | None = Field(default=None, description="where the plain numbers of this table come from")


def number(
    unit: str,
    meaning: str,
    *,
    at_least: float = 0,
    at_most: float = MANY,
    above: float | None = None,
    default: Any = ...,
    idle: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """Declare a numeric field with its unit, bounds and meaning.

    above : exclusive lower bound; replaces `at_least` where given
    low, high : the range of a default that is an assumption
    idle : the value at which an instrument does nothing by this parameter
    Returns a pydantic field whose JSON Schema carries `unit` (and `idle`).
    """
    extra: dict[str, Any] = {"unit": unit}
    if idle is not None:
        extra["idle"] = idle
    if low is not None and high is not None:
        extra |= {"low": low, "high": high}
    lower: dict[str, Any] = {"gt": above} if above is not None else {"ge": at_least}
    return Field(default=default, le=at_most, description=meaning, json_schema_extra=extra, **lower)


def fraction(
    meaning: str, *, default: Any = ..., idle: float | None = None, low: float | None = None, high: float | None = None
) -> Any:
    """Declare a field between 0 and 1."""
    return number("share", meaning, at_most=1, default=default, idle=idle, low=low, high=high)


def unit_of(field: FieldInfo) -> str:
    """Unit of a declared field, empty for words and dates."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def range_of(field: FieldInfo) -> tuple[float, float] | None:
    """Low and high of a declared assumption, None where the field is not one."""
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or "low" not in extra:
        return None
    return float(str(extra["low"])), float(str(extra["high"]))
