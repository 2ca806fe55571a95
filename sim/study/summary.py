"""Summaries of finished studies, read back from their folders."""

from pathlib import Path

import polars as pl

from sim.study.disk import StoreError

SUMMARY = "summary.csv"
WORDS = ("policy", "metric", "unit", "group", "doubt")
NUMBERS = ("value", "low", "high", "difference", "difference_low", "difference_high")
_TYPES: dict[str, type[pl.DataType]] = (
    dict.fromkeys(WORDS, pl.String) | dict.fromkeys(NUMBERS, pl.Float64) | {"replications": pl.Int64}
)


def read_summary(folder: Path) -> pl.DataFrame:
    """Read summary.csv: one row per policy, metric, group and doubt; numbers may be null.

    Raises StoreError where there is none.
    """
    path = folder / SUMMARY
    if not path.is_file():
        raise StoreError(f"{path}: found no file, expected the summary of a finished study")
    return pl.read_csv(path, schema_overrides=_TYPES)


def compare(folder: str | Path, *others: str | Path) -> pl.DataFrame:
    """Return the summaries of one or several finished studies, one below the other.

    folder, others : results folders, such as results/xian_vouchers
    The first column, `study`, is the folder's name, or its path as given where names repeat; the others are those of
    summary.csv. Raises StoreError where a folder holds no summary.
    """
    folders = [Path(one) for one in (folder, *others)]
    called = [one.resolve().name for one in folders]
    named = called if len(set(called)) == len(called) else [str(one) for one in folders]
    return pl.concat(
        read_summary(one).select(pl.lit(name).alias("study"), pl.all())
        for one, name in zip(folders, named, strict=True)
    )
