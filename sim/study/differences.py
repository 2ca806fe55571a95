"""Stored tables against those made again: the first cells that differ, a line each."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sim.study.summary import SUMMARY

MOST_TOLD = 5  # lines about one thing
_KEYS = {
    SUMMARY: ("policy", "metric", "group", "doubt"),
    "monthly.parquet": ("policy", "replication", "month", "group", "metric"),
    "split.csv": ("policy", "instrument", "metric"),
}


def of_parquet(path: Path, made: pl.DataFrame) -> Iterator[str]:
    """Where a stored Parquet table is not the one that was made again."""
    if not path.is_file():
        yield f"{path}: found no file, expected the table by month"
        return
    try:
        found = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        yield f"{path}: found {str(error).splitlines()[0]}, expected the table by month"
        return
    if not found.equals(made):
        yield from of_cells(path, found, made)


def of_split(path: Path, made: pl.DataFrame | None) -> Iterator[str]:
    """Where split.csv is not the one that was made again, or is there without a split."""
    if made is None:
        if path.exists():
            yield f"{path}: found a file, expected none: no policy is split"
    elif not path.is_file():
        yield f"{path}: found no file, expected the parts of the policies that are split"
    elif path.read_bytes() != made.write_csv().encode():
        try:
            found = pl.read_csv(path, schema_overrides=dict(made.schema))
        except pl.exceptions.PolarsError as error:
            yield f"{path}: found {str(error).splitlines()[0]}, expected the parts of the policies that are split"
            return
        yield from of_cells(path, found, made)


def of_cells(path: Path, found: pl.DataFrame, made: pl.DataFrame) -> Iterator[str]:
    """The first cells in which two tables differ, and how many more there are."""
    if found.schema != made.schema:
        here, there = ", ".join(_columns(found)), ", ".join(_columns(made))
        yield f"{path}: found columns {here}, expected {there}"
        return
    keys = [*_KEYS[path.name]]
    sides = [side.with_columns(pl.lit(True).alias("is there")) for side in (found, made)]
    both = sides[0].join(sides[1], on=keys, how="full", suffix=" again", coalesce=True).sort(keys)
    columns = ["is there", *(column for column in found.columns if column not in keys)]
    unlike = [pl.col(column).ne_missing(pl.col(f"{column} again")) for column in columns]
    rows = both.filter(pl.any_horizontal(unlike))
    told = [
        f"{path}: {', '.join(str(row[key]) for key in keys)}: {_cell(row, columns)}"
        for row in rows.iter_rows(named=True)
    ]
    yield from first_few(path, told)
    if not told:
        yield f"{path}: found other bytes than those that the jobs give, with the same numbers"


def _columns(table: pl.DataFrame) -> list[str]:
    """Columns as they are told: their names, with the type of what they hold."""
    return [f"{name} ({kind})" for name, kind in table.schema.items()]


def _cell(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """What was found in a row and what was expected: in its first cell that differs, or of the row as a whole."""
    if row["is there"] is None:
        return "found no such row, expected one"
    if row["is there again"] is None:
        return "found a row, expected none"
    column = next(c for c in columns if row[c] != row[f"{c} again"])
    return f"{column}: found {shown(row[column])}, expected {shown(row[f'{column} again'])}"


def first_few(place: Path, lines: Sequence[str]) -> Iterator[str]:
    """The first of many lines, and how many more there are."""
    yield from lines[:MOST_TOLD]
    if len(lines) > MOST_TOLD:
        yield f"{place}: {len(lines) - MOST_TOLD} more like these"


def shown(value: Any) -> str:
    """A value of a table as it is told: a number with all its figures."""
    return "nothing" if value is None else repr(value) if isinstance(value, float) else str(value)
