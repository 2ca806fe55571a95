"""The summary as a workbook, for readers who open tables in a spreadsheet: numbers as numbers, shares as per cent."""

import io
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from sim.report import names, notes, numerals
from sim.report.tables import Results, translated
from sim.report.translation import labels
from sim.report.words import form, metric, text
from sim.study.disk import write_whole
from sim.study.summary import NUMBERS

NAME = "summary.xlsx"
WORDS = ("label", "meaning")  # columns beside those of summary.csv
WIDTHS = {"policy": 28, "metric": 30, "unit": 14, "group": 22, "label": 34, "meaning": 60}
CELL_CHARACTERS = 32_000  # a cell of a workbook holds 32,767
# the same bytes for the same study, whenever it is written
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def write_workbook(results: Results, folder: Path, language: str = "en") -> Path:
    """Write summary.xlsx into the folder, whole or not at all, and return its path.

    results : a finished study; the sheet "summary" has the rows and columns of its summary, and the words for each
        metric; the sheet "notes" says how to read it and what it rests on
    language : key of the words
    """
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        book.set_properties({"created": CREATED})
        _summary(book, results, language)
        _notes(book, translated(results, language), labels(results.manifest, language), language)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    write_whole(path, packed.getvalue())
    return path


def _summary(book: Any, results: Results, language: str) -> None:
    """One row per line of the summary, its columns under their own names, for they are keys."""
    sheet = book.add_worksheet("summary")
    head = book.add_format({"bold": True, "bottom": 1})
    percent = book.add_format({"num_format": "0.00%"})
    columns = [*results.summary.columns, *WORDS]
    for across, column in enumerate(columns):
        sheet.write_string(0, across, column, head)
        sheet.set_column(across, across, WIDTHS.get(column, 14))
    for down, row in enumerate(results.summary.iter_rows(named=True), start=1):
        said = metric(row["metric"], language)
        share = numerals.FORMS[form(row["metric"])].percent
        words = dict(zip(WORDS, (said.label, said.meaning), strict=True))
        for across, column in enumerate(columns):
            value = words.get(column, row.get(column))
            _write(sheet, down, across, value, percent if share and column in NUMBERS else None)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, results.summary.height, len(columns) - 1)


def _notes(book: Any, results: Results, called: Mapping[str, str], language: str) -> None:
    """What the workbook is, the units, the intervals, and every number put in with its source.

    called : what the report calls policies beside their names in the table
    """
    sheet = book.add_worksheet("notes")
    head = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 3, 14)
    sheet.set_column(4, 4, 90)
    title = names.tidy(str(results.manifest.get("title") or text("page.untitled", language)))
    lines = [title, *(text(f"workbook.{key}", language) for key in ("what", "units", "intervals", "groups"))]
    pairs = [text("workbook.called", language, name=name, called=said) for name, said in called.items()]
    lines += [text("workbook.policies", language, listed=text("list.semicolon", language).join(pairs))] if pairs else []
    lines += notes.notes(results.manifest, language)
    for down, line in enumerate(lines):
        sheet.merge_range(down, 0, down, 4, "", wrapped)
        sheet.write_string(down, 0, _cut(line), head if down == 0 else wrapped)
        sheet.set_row(down, 15 * (1 + names.width(line) // 150))
    evidence: Sequence[Mapping[str, Any]] = results.manifest.get("evidence") or []
    top = len(lines) + 1
    for across, key in enumerate(("parameter", "value", "low_end", "high_end", "source")):
        sheet.write_string(top, across, text(f"column.{key}", language), head)
    for down, item in enumerate(evidence, start=top + 1):
        source = item.get("source") or text("page.evidence.unsourced", language)
        for across, value in enumerate((item.get("key"), item.get("value"), item.get("low"), item.get("high"), source)):
            _write(sheet, down, across, value, None)


def _write(sheet: Any, down: int, across: int, value: Any, number_format: Any) -> None:
    """Write one value by its type: a number as one, nothing for what is undefined, else text and never a formula."""
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(down, across, value)
    elif isinstance(value, int | float):
        sheet.write_number(down, across, value, number_format)
    else:
        sheet.write_string(down, across, _cut(str(value)))


def _cut(words: str) -> str:
    return names.tidy(words)[:CELL_CHARACTERS]
