"""One number with its interval, as studies make it and reports show it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its interval, in the unit of its metric; None where undefined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def defined(self) -> bool:
        """Whether there is a value at all."""
        return _is_there(self.value)

    @property
    def bounded(self) -> bool:
        """Whether both ends of the interval are known."""
        return _is_there(self.low) and _is_there(self.high)

    @property
    def holds_zero(self) -> bool:
        """Whether there is an interval and 0 lies in it."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high


def _is_there(number: float | None) -> bool:
    return number is not None and math.isfinite(number)
