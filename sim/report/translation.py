"""A finished study under the names that its scenario gives to policies, city and assumptions in a language."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.report import menu

if TYPE_CHECKING:
    from sim.report.tables import Results

ASSUMPTION = "assumption="


def translated(results: "Results", language: str) -> "Results":
    """Return the results with title, city, policies, arms and assumptions called as the language's reader calls them.

    Only what is shown changes: the files keep their names. What the scenario gives no name stays as it is; done
    twice it is the same as once.
    """
    manifest = results.manifest
    called = labels(manifest, language)
    assumed = {ASSUMPTION + name: ASSUMPTION + said for name, said in _assumptions(manifest, language).items()}
    if not called and not assumed and not any(manifest.get(f"{key}_{language}") for key in ("title", "city")):
        return results
    split = results.split
    summary = _renamed(results.summary, called)
    if assumed and "group" in summary.columns:
        summary = summary.with_columns(pl.col("group").replace(assumed))
    return replace(
        results,
        summary=summary,
        monthly=_renamed(results.monthly, called),
        manifest=_manifest(manifest, called, language),
        split=None if split is None else _renamed(split, called),
    )


def labels(manifest: Mapping[str, Any], language: str) -> dict[str, str]:
    """What policies and the arms of a sweep are called in the language, by their names; without those called alike."""
    key = f"name_{language}"
    called = {str(one["name"]): str(one[key]) for one in manifest.get("policies") or [] if one.get(key)}
    sweep = manifest.get("sweep") or {}
    for arm in sweep.get("arms") or []:
        name, policy = str(arm["name"]), str(sweep.get("policy"))
        if name.startswith(f"{policy}[") and policy in called:
            called[name] = called[policy] + _settings(name.removeprefix(policy), sweep, language)
    return called


def _settings(bracketed: str, sweep: Mapping[str, Any], language: str) -> str:
    """The values in brackets behind an arm's policy, under the names of their parameters."""
    paths = {str(axis["label"]): str(axis["path"]) for axis in sweep.get("axes") or [] if "label" in axis}
    return re.sub(r"(\w+)=", lambda m: f"{menu.named(paths.get(m[1], m[1]), language, short=True)}=", bracketed)


def _assumptions(manifest: Mapping[str, Any], language: str) -> dict[str, str]:
    return dict(manifest.get(f"assumptions_{language}") or {})


def _renamed(table: pl.DataFrame, called: Mapping[str, str]) -> pl.DataFrame:
    return table.with_columns(pl.col("policy").replace(called)) if called and "policy" in table.columns else table


def _manifest(manifest: Mapping[str, Any], called: Mapping[str, str], language: str) -> dict[str, Any]:
    """The manifest likewise, without the names that are now in place."""
    gone = [f"{key}_{language}" for key in ("title", "city", "assumptions")]
    said = {key: entry for key, entry in manifest.items() if key not in gone}
    said |= {key: manifest[f"{key}_{language}"] for key in ("title", "city") if manifest.get(f"{key}_{language}")}
    policies = manifest.get("policies") or []
    said["policies"] = [
        {key: called.get(entry, entry) if key == "name" else entry for key, entry in one.items()}
        for one in ({key: entry for key, entry in one.items() if key != f"name_{language}"} for one in policies)
    ]
    said["matched"] = [
        dict(one) | {key: called.get(one[key], one[key]) for key in ("policy", "to")}
        for one in manifest.get("matched") or []
    ]
    if sweep := manifest.get("sweep"):
        arms = [dict(arm) | {"name": called.get(arm["name"], arm["name"])} for arm in sweep.get("arms") or []]
        said["sweep"] = dict(sweep) | {"policy": called.get(sweep.get("policy"), sweep.get("policy")), "arms": arms}
    return said
