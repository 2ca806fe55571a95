"""Numbers with units, bounds and meanings: the fields of a scenario file and their validation."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.fields import FieldInfo

T = TypeVar("T")

MANY = 10**9  # an upper bound for counts and yuan: far above any city's, far below overflow

# TOML writes lists; a frozen value holds tuples
Rows = Annotated[tuple[T, ...], Field(strict=False)]

_CJK_SPACE = "\u3000"  # unprintable to Python, printable to a reader
_FORMULA = "=+-@＝＋－＠"  # a spreadsheet takes a cell beginning with one of these for a formula


class Misfit(ValueError):
    """Values of the right type but out of place: for each, the key below the table and the permitted values.

    wrong : key paths relative to the validated table, and the expectation for each
    """

    def __init__(self, *wrong: tuple[tuple[str | int, ...], str]) -> None:
        super().__init__("; ".join(f"{path}: {expected}" for path, expected in wrong))
        self.wrong = wrong


def printable(text: str) -> str:
    """Return the text. Raises ValueError if a character is invisible or reverses the direction of writing."""
    if not text.strip() or not all(c.isprintable() or c == _CJK_SPACE for c in text):
        raise ValueError("printable characters, on one line")
    return text


def unfit_name(text: object) -> str | None:
    """Describe the fault of a name for a table's first column; None if it is a valid name.

    A valid name is printable, has no space at its ends, and is not read as a formula by a spreadsheet.
    """
    if not isinstance(text, str) or not 1 <= len(text) <= 100:
        return "a name of 1 to 100 printable characters"
    try:
        printable(text)
    except ValueError:
        return "a name of 1 to 100 printable characters"
    if text != text.strip():
        return "a name without spaces at its ends"
    if text[0] in _FORMULA:
        return "a name that no spreadsheet takes for a formula: one that does not begin with = + - or @"
    return None


def _name(text: str) -> str:
    wrong = unfit_name(text)
    if wrong is not None:
        raise ValueError(wrong)
    return text


Name = Annotated[str, AfterValidator(_name)]
Words = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(printable)]


def _once(values: Sequence[Hashable]) -> Sequence[Hashable]:
    if len(set(values)) < len(values):
        raise ValueError("each of them once")
    return values


Each = AfterValidator(_once)  # for lists of alternatives: a repeated entry is a slip


def _unsourced(table: Any) -> Any:
    if isinstance(table, Mapping) and isinstance(table.get("source"), str):
        return {name: value for name, value in table.items() if name != "source"}
    return table


# for tables of free names: like all tables, they may give the source of their plain numbers
MaySource = BeforeValidator(_unsourced)


@dataclass(frozen=True)
class Named(Mapping[str, T]):
    """Frozen table of values by name; equality and hash ignore the order of writing."""

    pairs: tuple[tuple[str, T], ...] = ()

    @classmethod
    def of(cls, table: Mapping[str, T]) -> "Named[T]":
        """Return the frozen value of a table."""
        return cls(tuple(sorted(table.items(), key=lambda pair: pair[0])))

    def __getitem__(self, name: str) -> T:
        return dict(self.pairs)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


# TOML writes tables; a frozen value holds `Named`
ByName = Annotated[
    Mapping[str, T],
    Field(strict=False, max_length=1000),
    AfterValidator(Named.of),
    MaySource,
    PlainSerializer(dict, return_type=dict[str, Any]),
]


class Facts(BaseModel):
    """Frozen table of a scenario; unknown keys, wrong types and non-finite numbers are refused.

    source : origin of the table's plain numbers
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

    above : exclusive lower bound; replaces `at_least` if given
    low, high : range of a default based on an assumption
    idle : value at which an instrument does nothing by this parameter
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


def by_name(unit: str, meaning: str) -> Any:
    """Declare a field of type `ByName`: numbers by name, empty by default, its idle value."""
    return Field(default=Named(), description=meaning, json_schema_extra={"unit": unit, "idle": {}, "default": {}})


def unit_of(field: FieldInfo) -> str:
    """Return the unit of a declared field, empty for words and dates."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def range_of(field: FieldInfo) -> tuple[float, float] | None:
    """Return low and high of a declared assumption; None for other fields."""
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or "low" not in extra:
        return None
    return float(str(extra["low"])), float(str(extra["high"]))
