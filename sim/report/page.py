"""The page: one file that shows everything, to be opened, sent and printed."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import jinja2

from sim.report import grids, names, typeface
from sim.report.answer import answer
from sim.report.findings import findings
from sim.report.grids import HEADLINE_METRICS, Cell, Grid, Row, named
from sim.report.notes import assumed, notes, resting, scale_of
from sim.report.numerals import show
from sim.report.pictures import Picture, picture
from sim.report.series import window
from sim.report.tables import HeadlineRow, Results, headline, translated
from sim.report.words import ASSUMPTIONS, METRICS, Word, assumption, metric, month, text
from sim.study.disk import write_whole

TEMPLATES = Path(__file__).parent / "templates"
# which section of the page shows which figures, in order
SECTIONS = {
    "time": ("take_up", "public_cost"),
    "sweep": ("frontier", "response", "heat"),
    "gains": ("who_gains",),
    "incidence": ("incidence",),
    "funnel": ("funnel",),
    "market": ("market", "pass_through"),
}
FIGURES = tuple(stem for stems in SECTIONS.values() for stem in stems)


@dataclass(frozen=True)
class Switch:
    """What a reader hides or shows a policy with: the class of its parts, its name, its line in the figures."""

    part: str
    policy: str
    colour: str
    dash: str


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


def publish(folder: Path, language: str = "en", workers: int = 1) -> list[Path]:
    """Draw the figures, write the workbook and the page of a finished study into its folder; return the files written.

    workers : processes that share this; the files are the same whatever their number
    """
    from sim.report.workbook import write_workbook
    from sim.study.run import meanwhile  # with the engine, which whoever only writes a page should not wait for

    if workers == 1:
        return write_report(Results.load(folder), folder, language)
    several = min(workers, len(FIGURES))
    shares = [FIGURES[k::several] for k in range(several)]
    with meanwhile(partial(_draw, folder, language), shares, workers) as drawn:
        workbook = write_workbook(Results.load(folder), folder, language)
        figures = [path for share in drawn() for path in share]
    # by one of those who drew: what the page asks of fonts is loaded there
    with meanwhile(partial(_write_page, folder, language), [figures], workers) as written:
        return [*figures, workbook, *written()]


def _draw(folder: Path, language: str, stems: Sequence[str]) -> list[Path]:
    """Draw some of a study's figures from its tables."""
    from sim.report.figures import draw_all

    return draw_all(Results.load(folder), folder, language, stems)


def _write_page(folder: Path, language: str, figures: Sequence[Path]) -> Path:
    """Write a study's page from its tables and figures."""
    return write_page(Results.load(folder), folder, figures, language)


def write_page(results: Results, folder: Path, figures: Sequence[Path] | None = None, language: str = "en") -> Path:
    """Write report.html into the folder, whole or not at all, and return its path.

    figures : files to embed (the SVG ones); those in FOLDER/figures if not given
    """
    if figures is None:
        figures = [folder / "figures" / f"{stem}.svg" for stem in FIGURES]
    found = {path.stem: path for path in figures if path.suffix == ".svg" and path.is_file()}
    results = translated(results, language)
    pictures = {
        section: [picture(results, found[stem], language) for stem in stems if stem in found]
        for section, stems in SECTIONS.items()
    }
    template, context = _template(), _context(results, pictures, language)
    style, script = (_asset(f"report.{kind}") for kind in ("css", "js"))
    context |= {"script": script, "script_hash": _digest(script)}
    # the font is of the characters that the page shows, so the style sheet comes last; a title can hold no such tag
    html = template.render(context | {"style": "", "style_hash": ""})
    style = typeface.face(style + html) + style
    for empty, filled in (("'sha256-'", f"'sha256-{_digest(style)}'"), ("<style></style>", f"<style>{style}</style>")):
        html = html.replace(empty, filled, 1)
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
    environment.filters |= {"parts": names.parts, "phrases": names.phrases}
    return environment.get_template("report.html.j2")


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(embedded: str) -> str:
    """The digest by which the page's content policy allows exactly these bytes of ours, and no others."""
    return base64.b64encode(hashlib.sha256(embedded.encode()).digest()).decode()


def _context(results: Results, pictures: Mapping[str, Sequence[Picture]], language: str) -> dict[str, Any]:
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
        "answer": answer(rows, language),
        "switches": list(_switches(results, language)) if len(rows) > 1 else [],
        "headline": grids.headline_grid(rows, language),
        "how": _how(rows, manifest, language),
        "notes": [*notes(manifest, language), *([rests] if rests else [])],
        "findings": findings(rows, results, language),
        "knowledge": grids.knowledge_grid(rows, language),
        "figures": pictures,
        "readable": any(one.readings for section in pictures.values() for one in section),
        "stand_ins": _stand_ins(results, language) if any(pictures.values()) else [],
        "sweep": grids.sweep_grid(results, language),
        "sweep_how": say("page.sweep.how", policy=_swept(manifest)),
        "split": grids.split_grid(results, language),
        "lots": grids.lots_grid(results, language),
        "incidence": grids.incidence_grid(results, language),
        "incidence_how": say("page.incidence.how", baseline=names.tidy(results.baseline or "")),
        "welfare": grids.welfare_grid(results, language),
        "welfare_how": say("page.welfare.how", baseline=names.tidy(results.baseline or "")),
        "taxless": "mothers_work_months" in results.metrics and not _taxed(results),
        "district": grids.district_grid(results, language),
        "rests": grids.rests_grid(evidence, language),
        "measures": grids.measures_grid(results, language),
        "measures_how": _measures_how(results, language),
        "evidence": grids.evidence_grid(evidence, language, manifest.get("scenario")),
        "evidence_how": say("page.evidence.how", flagged=sum(map(assumed, evidence)), total=len(evidence)),
        "run": _run_grid(manifest, language),
        "command": str(manifest.get("command") or ""),
        "meanings": _meanings(results, rows, language),
    }


def _taxed(results: Results) -> bool:
    """Say whether any policy's cost is counted net of taxes."""
    return any(results.entry(policy, "extra_tax").own.value for policy in results.policies)


def _switches(results: Results, language: str) -> Iterator[Switch]:
    """One for each policy, in file order, with the colour and the dashes of its line in every figure."""
    from sim.report.canvas import pens

    for policy, pen in pens(results.policies, language).items():
        dash = " ".join(f"{1.5 * part:g}" for part in pen.dash[1]) if pen.dash != "-" else "none"
        yield Switch(f"policy-{pen.order}", named(policy), pen.colour, dash)


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
        text("page.sample", language, scale=scale) if (scale := scale_of(manifest, language)) else "",
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


def _meanings(results: Results, rows: Sequence[HeadlineRow], language: str) -> list[Word]:
    shown = [key for key in METRICS if key in results.metrics or key in HEADLINE_METRICS]
    assumed = {line.assumption for row in rows for line in row.knowledge}
    poorest = [Word(text("column.poorest", language), "", text("column.poorest.meaning", language))]
    return [
        *(metric(key, language) for key in shown),
        *(poorest if any(row.poorest_share is not None for row in rows) else []),
        *(assumption(key, language) for key in ASSUMPTIONS if key in assumed),
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
