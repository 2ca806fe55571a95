"""Monthly tables as arrays: replications × months, and the bands drawn from them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.report.tables import Results

Floats = NDArray[np.float64]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Band:
    """Mean over replications and the ends of its 95 % interval, one number per month.

    Ends are NaN where fewer than two replications have a value.
    """

    mean: Floats
    low: Floats
    high: Floats

    @property
    def last(self) -> tuple[int, float] | None:
        """Position and mean of the last month that has a value."""
        known = np.flatnonzero(np.isfinite(self.mean))
        return (int(known[-1]), float(self.mean[known[-1]])) if known.size else None


@dataclass(frozen=True)
class Monthly:
    """What the compared policies did month by month.

    months : first days, in order
    counted : bool (n_months,)  inside the window that the summary counts
    cubes : float64 (n_replications, n_months) by policy and metric, NaN where there is no value
    """

    months: tuple[date, ...]
    counted: NDArray[np.bool_]
    cubes: Mapping[tuple[str, str], Floats]
    baseline: str | None

    def level(self, policy: str, metric: str) -> Floats | None:
        """Return the policy's own values, None if it has none at all."""
        cube = self.cubes.get((policy, metric))
        return cube if cube is not None and np.isfinite(cube).any() else None

    def change(self, policy: str, metric: str) -> Floats | None:
        """Return the policy's values less the baseline's of the same replication and month."""
        own = self.level(policy, metric)
        other = self.level(self.baseline, metric) if self.baseline is not None else None
        return None if own is None or other is None else own - other


def gather(results: Results, metrics: Collection[str], group: str = "all") -> Monthly:
    """Take what the figures need out of the monthly table: of one group, no sweep arms."""
    rows = results.monthly.filter(
        (pl.col("group") == group)
        & pl.col("metric").is_in(list(metrics))
        & pl.col("policy").is_in(list(results.policies))
    )
    months = rows["month"].cast(pl.Date).unique().sort()
    replications = rows["replication"].unique().sort().to_numpy()
    values = rows["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    across = np.searchsorted(months.to_numpy(), rows["month"].cast(pl.Date).to_numpy())
    down = np.searchsorted(replications, rows["replication"].to_numpy())
    cubes: dict[tuple[str, str], Floats] = {}
    keys = rows.select("policy", "metric").with_row_index().group_by("policy", "metric").agg("index")
    for policy, metric, index in keys.iter_rows():
        cube = np.full((len(replications), len(months)), np.nan)
        cube[down[index], across[index]] = values[index]
        cubes[policy, metric] = np.where(np.isfinite(cube), cube, np.nan)
    first, last = window(results.manifest)
    listed = tuple(months.to_list())
    counted = np.array([_counts(month, first, last) for month in listed], dtype=np.bool_)
    return Monthly(listed, counted, cubes, results.baseline)


def window(manifest: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """Return the first and the last day of the counted window, None where it is not said."""
    counted = manifest.get("counted") or {}
    ends = (counted.get("from"), counted.get("until"))
    first, last = (date.fromisoformat(str(end)[:10]) if end else None for end in ends)
    return first, last


def _counts(month: date, first: date | None, last: date | None) -> bool:
    # a window that begins within a month counts from that month on
    return (first is None or month >= first.replace(day=1)) and (last is None or month <= last)


def band(values: Floats) -> Band:
    """Return the mean over replications with its 95 % interval by Student's t, month by month.

    values : (n_replications, n_months), NaN where there is none
    """
    from scipy.special import stdtrit

    known = np.isfinite(values)
    n = known.sum(axis=0)
    some = np.where(n > 0, n, 1)
    mean = np.where(n > 0, np.where(known, values, 0.0).sum(axis=0) / some, np.nan)
    squares = np.where(known, values - mean, 0.0) ** 2
    enough = n > 1
    variance = squares.sum(axis=0) / np.where(enough, n - 1, 1)
    # quantile for one degree of freedom where there is none; never used, since masked below
    reach = stdtrit(np.where(enough, n - 1, 1), 0.5 + CONFIDENCE / 2) * np.sqrt(variance / some)
    half = np.where(enough, reach, np.nan)
    return Band(mean, mean - half, mean + half)
