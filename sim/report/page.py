"""The page: one file that shows everything, to be opened, sent and printed."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jinja2

from sim.report import grids, names, typeface
from sim.report.grids import HEADLINE_METRICS, Cell, Grid, Row, named
from sim.report.notes import assumed, notes, resting
from sim.report.numerals import show, spread
from sim.report.series import window
from sim.report.tables import HeadlineRow, Results, headline
from sim.report.words import ASSUMPTIONS, METRICS, Word, assumption, form, metric, month, text
from sim.study.disk import write_whole

TEMPLATES = Path(__file__).parent / "templates"
FIGURES = (
    "take_up",
    "public_cost",
    "frontier",
    "response",
    "heat",
    "who_gains",
    "incidence",
    "funnel",
    "market",
    "pass_through",
)


@dataclass(frozen=True)
class Picture:
    """A figure as the page embeds it: its words, and its SVG as a data address."""

    title: str
    caption: str
    alt: str
    source: str


def write_report(results: Results, folder: Path, language: str = "en") -> list[Path]:
    """Draw the figures, write the workbook and the page into the folder; return the files written.

    results : a finished study
    folder : where its other files are; created if need be
    language : key of the words, "en" if it lacks them
    """
    # the figures bring in matplotlib, which whoever wants a table only should not wait for
    from sim.report.figures import draw_all
    from sim.report.workbook import write_workbook

    drawn = draw_all(results, folder, language)
    workbook = write_workbook(results, folder, language)
    return [*drawn, workbook, write_page(results, folder, drawn, language)]


def write_page(results: Results, folder: Path, figures: Sequence[Path] | None = None, language: str = "en") -> Path:
    """Write report.html into the folder, whole or not at all, and return its path.

    figures : files to embed (the SVG ones); those in FOLDER/figures if not given
    """
    if figures is None:
        figures = [folder / "figures" / f"{stem}.svg" for stem in FIGURES]
    found = {path.stem: path for path in figures if path.suffix == ".svg" and path.is_file()}
    pictures = [_picture(results, found[stem], language) for stem in FIGURES if stem in found]
    template, context = _template(), _context(results, pictures, language)
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    # once to see which characters it shows, once more with the font that has them
    shown = template.render(context | _styled(style))
    html = template.render(context | _styled(typeface.face(shown) + style))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    write_whole(path, html.encode())
    return path


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["parts"] = names.parts
    return environment.get_template("report.html.j2")


def _styled(style: str) -> dict[str, str]:
    """Our own style, and the digest by which the page's policy allows exactly these bytes."""
    return {"style": style, "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}


def _context(results: Results, pictures: Sequence[Picture], language: str) -> dict[str, Any]:
    manifest = results.manifest
    rows = headline(results)
    evidence = list(manifest.get("evidence") or [])
    rests = resting(manifest, dict.fromkeys(line.assumption for row in rows for line in row.knowledge), language)

    def say(key: str, **values: object) -> str:
        return text(key, language, **values)

    return {
        "say": say,
        "language": language,
        "title": _title(manifest, language),
        "subtitle": _subtitle(manifest, language),
        "headline": grids.headline_grid(rows, language),
        "how": _how(rows, manifest, language),
        "notes": [*notes(manifest, language), *([rests] if rests else [])],
        "findings": _findings(rows, results, language),
        "knowledge": grids.knowledge_grid(rows, language),
        "figures": pictures,
        "stand_ins": _stand_ins(results, language) if pictures else [],
        "sweep": grids.sweep_grid(results, language),
        "sweep_how": say("page.sweep.how", policy=_swept(manifest)),
        "split": grids.split_grid(results, language),
        "incidence": grids.incidence_grid(results, language),
        "incidence_how": say("page.incidence.how", baseline=names.tidy(results.baseline or "")),
        "measures": grids.measures_grid(results, language),
        "measures_how": _measures_how(results, language),
        "evidence": grids.evidence_grid(evidence, language),
        "evidence_how": say("page.evidence.how", flagged=sum(map(assumed, evidence)), total=len(evidence)),
        "run": _run_grid(manifest, language),
        "command": str(manifest.get("command") or ""),
        "meanings": _meanings(results, language),
    }


def _picture(results: Results, path: Path, language: str) -> Picture:
    title = text(f"figure.{path.stem}.title", language)
    caption = text(f"figure.{path.stem}.caption", language)
    listed = text("list.comma", language).join(named(policy) for policy in results.policies)
    alt = text("figure.alt", language, title=title, caption=caption, policies=listed)
    drawn = base64.b64encode(path.read_bytes()).decode("ascii")
    return Picture(title, caption, alt, f"data:image/svg+xml;base64,{drawn}")


def _stand_ins(results: Results, language: str) -> list[str]:
    """Say which policies the figures call by a number, for want of a font that has their names."""
    from sim.report.canvas import drawable

    drawn = ((drawable(policy, i, language), policy) for i, policy in enumerate(results.policies))
    return [
        text("page.stand_in", language, number=label, policy=named(policy))
        for label, policy in drawn
        if label != names.tidy(policy)
    ]


# words around the tables -----------------------------------------------------------------------------


def _title(manifest: dict[str, Any], language: str) -> str:
    title = manifest.get("title")
    return names.tidy(str(title)) if title else text("page.untitled", language)


def _subtitle(manifest: dict[str, Any], language: str) -> str:
    parts = (
        names.tidy(str(manifest["city"])) if manifest.get("city") else "",
        _window(manifest, language),
        _replications(manifest, language),
    )
    return " · ".join(part for part in parts if part)


def _window(manifest: dict[str, Any], language: str) -> str:
    first, last = (_day(day, language) if day else None for day in window(manifest))
    return text("page.window", language, first=first, last=last) if first and last else ""


def _day(day: date, language: str) -> str:
    return text("page.day", language, day=day.day, month=month(day.month, language), year=day.year)


def _replications(manifest: dict[str, Any], language: str) -> str:
    number = manifest.get("replications")
    if number is None:
        return ""
    return text("page.replication", language) if number == 1 else text("page.replications", language, n=number)


def _how(rows: Sequence[HeadlineRow], manifest: dict[str, Any], language: str) -> str:
    if not any(row.take_up.bounded for row in rows):
        return text("page.headline.one", language)
    said = _replications(manifest, language) or text("page.replications.some", language)
    return text("page.headline.how", language, replications=said)


def _measures_how(results: Results, language: str) -> str:
    said = text("page.measures.how", language, baseline=names.tidy(results.baseline or ""))
    profit = text("page.measures.profit", language) if "institution_profit" in results.metrics else ""
    return text("list.sentence", language).join((said, profit)) if profit else said


def _swept(manifest: dict[str, Any]) -> str:
    return names.tidy(str((manifest.get("sweep") or {}).get("policy") or ""))


def _findings(rows: Sequence[HeadlineRow], results: Results, language: str) -> list[tuple[str, str]]:
    """Say what each policy does; of the baseline, what its closures cost."""
    said = []
    for row in rows:
        if row.added_child_months.defined and not row.baseline:
            said.append(_finding(row, results, language))
        elif closed := text("list.sentence", language).join(_closed(row, results, language)):
            said.append((named(row.policy), closed))
    return said


def _finding(row: HeadlineRow, results: Results, language: str) -> tuple[str, str]:
    """Say in sentences what the policy does; no number that hangs on assumptions without its range."""
    added, cost = row.added_child_months, row.public_cost
    value = added.value or 0.0
    luck = _luck(added.low, added.high, "count", added.value, language)
    unclear = added.low is not None and added.high is not None and added.low <= 0 <= added.high
    key = "unclear" if unclear else "added" if value >= 0 else "lost"
    shown = show(abs(value) if key == "lost" else value, "count", language=language)
    none = not any((value, added.low, added.high, cost.value))
    key = "no_effect" if none and added.low is not None else key
    parts = [
        text(f"finding.{key}", language, added=shown, luck=luck, cost=show(cost.value, "money", language=language))
    ]
    for name, sentence in (
        ("cost_per_added_child_month", "finding.per_added"),
        ("inframarginal_share", "finding.inframarginal"),
    ):
        estimate = getattr(row, name)
        if estimate.defined:
            shown = show(estimate.value, form(name), language=language)
            parts.append(text(sentence, language, value=shown, doubts=_doubts(row, name, language)))
    parts += [*_passed(row, language), *_closed(row, results, language)]
    # a number and its % stay on one line
    return named(row.policy), text("list.sentence", language).join(parts).replace(" %", "\u00a0%")


def _passed(row: HeadlineRow, language: str) -> Iterator[str]:
    """Say what part of the money ended in higher fees, where institutions set any."""
    passed = row.pass_through
    if passed.value is None or not passed.defined:
        return
    luck = _luck(passed.low, passed.high, "plain", passed.value, language)
    if passed.low is not None and passed.high is not None and passed.low <= 0 <= passed.high:
        yield text("finding.fees_unclear", language, value=show(passed.value, "plain", language=language), luck=luck)
    elif passed.value >= 0:
        yield text("finding.pass_through", language, value=show(passed.value, "plain", language=language), luck=luck)
    else:
        # a fall is said without its sign, and so is its interval
        low, high = (None if end is None else -end for end in (passed.high, passed.low))
        luck = _luck(low, high, "plain", passed.value, language)
        yield text("finding.fees_fall", language, value=show(-passed.value, "plain", language=language), luck=luck)


def _closed(row: HeadlineRow, results: Results, language: str) -> Iterator[str]:
    """Say what closures cost, where any institution closed."""
    said = {
        key: results.entry(row.policy, key).own.value
        for key in ("institutions_closed", "displaced_children", "prepaid_lost", "prepaid_refunded", "unpaid_wages")
    }
    if said["institutions_closed"] and None not in said.values():
        shown = {key: show(value, form(key), language=language) for key, value in said.items()}
        yield text("finding.closures", language, **shown)


def _luck(low: float | None, high: float | None, kind: str, like: float | None, language: str) -> str:
    between = spread(low, high, kind, like=like, language=language)
    return text("finding.luck", language, spread=between) if between else text("finding.no_luck", language)


def _doubts(row: HeadlineRow, name: str, language: str) -> str:
    estimate, known = getattr(row, name), row.known_range(name)
    luck = _luck(estimate.low, estimate.high, form(name), estimate.value, language)
    if known is None:
        moved = text("finding.no_knowledge", language)
    else:
        moved = text("finding.knowledge", language, spread=spread(*known, form(name), language=language))
    return text("list.semicolon", language).join((luck, moved))


def _meanings(results: Results, language: str) -> list[Word]:
    shown = [key for key in METRICS if key in results.metrics or key in HEADLINE_METRICS]
    assumed = {line.assumption for policy in results.policies for line in results.knowledge(policy)}
    return [metric(key, language) for key in shown] + [
        assumption(key, language) for key in ASSUMPTIONS if key in assumed
    ]


def _run_grid(manifest: dict[str, Any], language: str) -> Grid:
    """List how the study was made; what the manifest doesn't say is left out."""
    count, rate = manifest.get("family_months"), manifest.get("family_months_per_second")
    wall, fees = manifest.get("wall_seconds"), manifest.get("fees_respond")
    versions = manifest.get("versions") or {}
    said = {
        "city": manifest.get("city"),
        "window": _window(manifest, language),
        "replications": manifest.get("replications"),
        "seed": manifest.get("seed"),
        "scale": manifest.get("scale"),
        "fees": None if fees is None else text(f"run.fees.{'respond' if fees else 'fixed'}", language),
        "wall": None if wall is None else text("run.seconds", language, seconds=f"{wall:,.1f}"),
        "family_months": None
        if count is None
        else text(
            "run.speed",
            language,
            count=show(count, "count", language=language),
            rate=show(rate, "count", language=language),
        ),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    rows = tuple(
        Row(Cell(text(f"run.{key}", language)), (Cell(names.tidy(str(value)), words=True),))
        for key, value in said.items()
        if value is not None and value != ""
    )
    return Grid(text("page.run", language), (), rows)
