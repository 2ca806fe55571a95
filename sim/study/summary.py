"""Finished studies, read back from their folders: summary and manifest, and what is wrong with them."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sim.scenario.faults import Fault, one_of, toml_text
from sim.study.disk import StoreError

SUMMARY, MANIFEST = "summary.csv", "manifest.json"
WORDS = ("policy", "metric", "unit", "group", "doubt")
NUMBERS = ("value", "low", "high", "difference", "difference_low", "difference_high")
COLUMNS = (*WORDS[:4], *NUMBERS, "replications", WORDS[4])
_TYPES: dict[str, type[pl.DataType]] = (
    dict.fromkeys(WORDS, pl.String) | dict.fromkeys(NUMBERS, pl.Float64) | {"replications": pl.Int64}
)
_NEEDED: dict[str, tuple[type, ...]] = {
    "title": (str,),
    "city": (str,),
    "policies": (list,),
    "counted": (dict,),
    "replications": (int,),
    "scale": (int, float),
    "seed": (int,),
    "scenario": (dict,),
    "evidence": (list,),
    "source_digest": (str,),
    "versions": (dict,),
}
_SAID = {str: "text", list: "a list", dict: "a table", int: "a whole number", float: "a number"}


class BadResults(Exception):
    """Folders that are not those of finished studies; `faults` says why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(fault.line() for fault in self.faults)


@dataclass(frozen=True)
class Finished:
    """A finished study.

    name : the folder's name, or its path as given where names repeat
    summary : one row per policy, metric, group and doubt; numbers may be null
    """

    folder: Path
    name: str
    summary: pl.DataFrame
    manifest: dict[str, Any]


def read_summary(folder: Path) -> pl.DataFrame:
    """Read summary.csv: one row per policy, metric, group and doubt; numbers may be null.

    Raises StoreError where there is none, or what is there is none.
    """
    table = _table(folder / SUMMARY)
    if isinstance(table, Fault):
        raise StoreError(f"{table.file}: found {table.found}, expected {table.expected}")
    return table


def _table(path: Path) -> pl.DataFrame | Fault:
    """The summary in a file, or why there is none."""
    wanted = "the summary of a finished study"
    if not path.is_file():
        return Fault(str(path), "(file)", "no file", wanted)
    try:
        return pl.read_csv(path, schema_overrides=_TYPES)
    except pl.exceptions.PolarsError as error:
        return Fault(str(path), "(file)", _first_line(error), wanted)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read manifest.json: how the study was made. Raises StoreError where there is none, or what is there is none."""
    manifest = _entries(folder / MANIFEST)
    if isinstance(manifest, Fault):
        raise StoreError(f"{manifest.file}: found {manifest.found}, expected {manifest.expected}")
    return manifest


def _entries(path: Path) -> dict[str, Any] | Fault:
    """The manifest in a file, or why there is none."""
    wanted = "the manifest of a finished study"
    if not path.is_file():  # a pipe would be waited for, a device never ends
        return Fault(str(path), "(file)", "no file", wanted)
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        return Fault(str(path), "(file)", _first_line(error), f"{wanted}, in JSON")
    if not isinstance(manifest, dict):
        return Fault(str(path), "(file)", toml_text(manifest), f"{wanted}, a table")
    return manifest


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["nothing"])[0]


def _place(folder: Path) -> Path:
    """Where a folder lies, links followed as far as they lead."""
    return Path(os.path.realpath(folder))


def labels(folders: Sequence[Path]) -> list[str]:
    """What each folder is called: by its name, or by its path as given where names repeat."""
    called = [_place(one).name for one in folders]
    return called if len(set(called)) == len(called) else [str(one) for one in folders]


def compare(folder: str | Path, *others: str | Path) -> pl.DataFrame:
    """Return the summaries of one or several finished studies, one below the other.

    folder, others : results folders, such as results/xian_vouchers
    The first column, `study`, is the folder's name, or its path as given where names repeat; the others are those of
    summary.csv. Raises StoreError where a folder holds no summary.
    """
    folders = [Path(one) for one in (folder, *others)]
    return pl.concat(
        read_summary(one).select(pl.lit(name).alias("study"), pl.all())
        for one, name in zip(folders, labels(folders), strict=True)
    )


def read_finished(folders: Sequence[Path]) -> list[Finished]:
    """Read summaries and manifests of finished studies. Raises BadResults with every fault of all folders."""
    faults: list[Fault] = []
    studies: list[Finished] = []
    met: dict[Path, Path] = {}
    for folder, name in zip(folders, labels(folders), strict=True):
        place = _place(folder)
        if place in met:
            # the earlier path stands where none is cut: what was found is
            once = f"each folder once, and it was given as {met[place]}"
            faults.append(Fault(str(folder), "(folder)", "a folder given before", once))
            continue
        met[place] = folder
        before = len(faults)
        summary, manifest = _summary(folder, faults), _manifest(folder, faults)
        if summary is not None and manifest is not None:
            faults += _disagreements(folder, summary, manifest)
            if len(faults) == before:
                studies.append(Finished(folder, name, summary, manifest))
    if faults:
        raise BadResults(faults)
    return studies


def _summary(folder: Path, faults: list[Fault]) -> pl.DataFrame | None:
    """The folder's summary, its columns checked; None where there is none that serves."""
    path = folder / SUMMARY
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        faults.append(Fault(str(folder), "(folder)", found, "the results folder of a finished study"))
        return None
    table = _table(path)
    if isinstance(table, Fault):
        faults.append(table)
        return None
    if tuple(table.columns) != COLUMNS:
        faults.append(Fault(str(path), "(columns)", ", ".join(table.columns), ", ".join(COLUMNS)))
        return None
    return table


def _manifest(folder: Path, faults: list[Fault]) -> dict[str, Any] | None:
    """The folder's manifest, what is needed of it checked; None where there is none that serves."""
    path, before = folder / MANIFEST, len(faults)
    if not folder.is_dir():
        return None  # has been said
    manifest = _entries(path)
    if isinstance(manifest, Fault):
        faults.append(manifest)
        return None
    for key, kinds in _NEEDED.items():
        if not isinstance(manifest.get(key), kinds):
            faults.append(Fault(str(path), key, toml_text(manifest.get(key)), _SAID[kinds[-1]]))
    if len(faults) == before and not _named(manifest["policies"]):
        faults.append(Fault(str(path), "policies", toml_text(manifest["policies"]), "names and roles of policies"))
    if len(faults) == before and not _resolved(manifest["scenario"]):
        faults.append(Fault(str(path), "scenario", toml_text(manifest["scenario"]), "a scenario as it was resolved"))
    return manifest if len(faults) == before else None


def _resolved(scenario: Mapping[str, Any]) -> bool:
    """Whether a scenario has the tables that readers look into, of those it has."""
    chains = [scenario.get("instrument")]
    policies = scenario.get("policy", [])
    if not isinstance(policies, list) or not all(isinstance(one, dict) for one in policies):
        return False
    chains += [one.get("instrument") for one in policies]
    plain = all(isinstance(scenario.get(key, {}), dict) for key in ("run", "city"))
    return plain and all(
        isinstance(chain or [], list) and all(isinstance(one, dict) for one in chain or []) for chain in chains
    )


def _named(policies: list[Any]) -> bool:
    """Whether there are policies, each with a name and a role."""
    return bool(policies) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("role"), str)
        for one in policies
    )


def _disagreements(folder: Path, summary: pl.DataFrame, manifest: dict[str, Any]) -> Iterator[Fault]:
    """Policies that only one of summary and manifest has: the two are not of the same run."""
    listed = [one["name"] for one in manifest["policies"]]
    rows = set(summary["policy"])
    for name in listed:
        if name not in rows:
            yield Fault(str(folder / SUMMARY), "policy", f"no row of {toml_text(name)}", "all policies of the manifest")
    for name in sorted(rows - set(listed), key=str):
        yield Fault(str(folder / SUMMARY), "policy", toml_text(name), f"a policy of the manifest: {one_of(listed)}")
