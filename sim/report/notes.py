"""What a reader must know before believing the table: the run's own notes, its scale, what it rests on."""

from collections.abc import Collection, Mapping
from typing import Any

from sim.report import menu, names, numerals, terms
from sim.report.words import assumption, form, metric, text


def notes(manifest: Mapping[str, Any], language: str) -> list[str]:
    """Return the warnings of a run, that of a thinned city first: it bears on every count; then what was matched."""
    said = [_matched(one, language) for one in manifest.get("matched") or []]
    said += [names.tidy(_said(note, language)) for note in manifest.get("notes") or []]
    scale = scale_of(manifest, language)
    return [text("page.scaled", language, scale=scale), *said] if scale else said


def _said(note: Any, language: str) -> str:
    """A note in words: the study's own by its key, with what fills the gaps; any other as it stands."""
    if not isinstance(note, Mapping):
        return str(note)
    comma = text("list.comma", language)
    gaps = {
        name: comma.join(terms.said(terms.KINDS, kind, language) for kind in value)
        if isinstance(value, list)
        else value
        for name, value in note.items()
    }
    if "policy" in gaps:
        gaps["policy"] = gaps["policy"] or text("note.standing", language)
        gaps["parameter"] = menu.named(gaps["parameter"], language)
    if "fewest" in gaps:
        fewest, most = gaps["fewest"], gaps["most"]
        gaps["some"] = most if fewest == most else text("note.some", language, fewest=fewest, most=most)
    return text(f"note.{gaps.pop('key')}", language, **gaps)


def _matched(one: Mapping[str, Any], language: str) -> str:
    """Say at which value of a parameter a policy comes to the total of another, and how nearly."""
    parts = str(one["metric"]).split("+")
    how, target = form(parts[0]), one["target"]
    # money carries its unit where a language has several
    several = how == "money" and language in numerals.SCALES
    unit = "" if several else metric(parts[0], language).unit
    between = numerals.spread(
        one["residual_low"], one["residual_high"], how, like=target, signed=True, language=language
    )
    return text(
        f"page.matched.{'factor' if one['factor'] else 'value'}",
        language,
        policy=names.tidy(str(one["policy"])),
        to=names.tidy(str(one["to"])),
        metric=" + ".join(metric(part, language).label for part in parts),
        parameter=menu.named(str(one["parameter"]), language),
        value=f"{one['value']:,.6g}",
        low=f"{one['low']:,.6g}",
        high=f"{one['high']:,.6g}",
        runs=one["runs"],
        target=numerals.show(target, how, language=language),
        unit=f" {unit}" if unit else "",
        residual=numerals.show(one["residual"], how, like=target, signed=True, language=language),
        luck=text("number.in_brackets", language, words=between) if between else "",
    ) + ("" if one["within_tolerance"] else _far(one["tolerance"], language))


def _far(tolerance: float, language: str) -> str:
    """Say that the tolerance was not met."""
    asked = text("number.percent", language, number=f"{100 * tolerance:.3g}")
    return text("list.sentence", language) + text("page.matched.far", language, tolerance=asked)


def scale_of(manifest: Mapping[str, Any], language: str) -> str:
    """Write the share of the city that was simulated, or nothing if it was the whole."""
    scale = manifest.get("scale")
    return "" if scale is None or scale == 1 else text("number.percent", language, number=f"{scale * 100:,.6g}")


def assumed(item: Mapping[str, Any]) -> bool:
    """Say whether a value is an assumption, by its own account or for want of a source."""
    return not _source(item) or "assumption" in _source(item).lower()


def _source(item: Mapping[str, Any]) -> str:
    """Where a value comes from, by its own account; nothing if it has none."""
    return str(item.get("source") or "").strip()


def footing(evidence: Collection[Mapping[str, Any]], language: str) -> str:
    """Say how many numbers have a source, how many are assumptions, with a range and without, and how many neither."""
    bare = [item for item in evidence if not _source(item)]
    assumptions = [item for item in evidence if assumed(item) and _source(item)]
    counts = {
        "total": len(evidence),
        "sourced": len(evidence) - len(assumptions) - len(bare),
        "assumed": len(assumptions),
        "ranged": sum(item.get("low") is not None and item.get("high") is not None for item in assumptions),
        "bare": len(bare),
    }
    return text("page.resting", language, **counts)


def resting(manifest: Mapping[str, Any], moved: Collection[str], language: str) -> str:
    """Say what the numbers rest on, and which are moved over their ranges; nothing if none is assumed.

    moved : names of the assumptions that the run moves to their ends
    """
    evidence = list(manifest.get("evidence") or [])
    if not any(map(assumed, evidence)):
        return ""
    listed = text("list.comma", language).join(assumption(names.tidy(key), language).short for key in moved)
    said = footing(evidence, language)
    tail = text("page.resting.moved", language, moved=listed) if listed else text("page.resting.still", language)
    return text("list.sentence", language).join((said, tail))
