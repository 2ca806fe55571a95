"""The names that a scenario gives to policies, city and assumptions in a language, put in place of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from sim.report import menu

ASSUMPTION = "assumption="


@dataclass(frozen=True)
class Translation:
    """What stands in place of what.

    manifest : of the study, under the names of the language
    called : names of policies and arms; assumed : groups of assumptions
    """

    manifest: dict[str, Any]
    called: Mapping[str, str]
    assumed: Mapping[str, str]

    @classmethod
    def of(cls, manifest: Mapping[str, Any], language: str) -> "Translation | None":
        """Read the names off a study's manifest; None where it has none in the language."""
        called = labels(manifest, language)
        named = dict(manifest.get(f"assumptions_{language}") or {})
        assumed = {ASSUMPTION + name: ASSUMPTION + said for name, said in named.items()}
        if not called and not assumed and not any(manifest.get(f"{key}_{language}") for key in ("title", "city")):
            return None
        return cls(_manifest(manifest, called, language), called, assumed)

    def table(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return a table of the study with its policies and assumptions renamed, as far as it has any."""
        places = {"policy": self.called, "group": self.assumed}
        return rows.with_columns(
            pl.col(column).replace(dict(names)) for column, names in places.items() if names and column in rows.columns
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
    if "notes" in manifest:
        said["notes"] = [
            {key: called.get(entry, entry) if key == "policy" else entry for key, entry in note.items()}
            if isinstance(note, Mapping)
            else note
            for note in manifest["notes"] or []
        ]
    if sweep := manifest.get("sweep"):
        arms = [dict(arm) | {"name": called.get(arm["name"], arm["name"])} for arm in sweep.get("arms") or []]
        said["sweep"] = dict(sweep) | {"policy": called.get(sweep.get("policy"), sweep.get("policy")), "arms": arms}
    return said
