"""The workbook: what summary.csv says, with numbers as numbers, and nothing that a spreadsheet would run."""

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from sim.report.tables import Results
from sim.report.words import METRICS, form
from sim.report.workbook import WORDS, write_workbook

from .made_up import build

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parts(path: Path) -> dict[str, ElementTree.Element]:
    with zipfile.ZipFile(path) as packed:
        return {name: ElementTree.fromstring(packed.read(name)) for name in packed.namelist() if name.endswith(".xml")}


def cells(path: Path, sheet: int) -> list[dict[str, float | str]]:
    """Rows of a sheet, each by the letters of its columns."""
    found = parts(path)
    strings = ["".join(t.text or "" for t in one.iter(f"{SPACE}t")) for one in found["xl/sharedStrings.xml"]]
    rows = []
    for row in found[f"xl/worksheets/sheet{sheet}.xml"].iter(f"{SPACE}row"):
        said: dict[str, float | str] = {}
        for cell in row:
            value = cell.find(f"{SPACE}v")
            if value is not None and value.text is not None:
                letters = cell.attrib["r"].rstrip("0123456789")
                said[letters] = strings[int(value.text)] if cell.get("t") == "s" else float(value.text)
        rows.append(said)
    return rows


@pytest.fixture(scope="module")
def small() -> Results:
    return build(names=("baseline", "vouchers"), count=2, sweep=False)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_workbook_holds_the_summary(small: Results, tmp_path: Path, language: str) -> None:
    rows = cells(write_workbook(small, tmp_path, language), 1)
    letters = [chr(ord("A") + n) for n in range(len(small.summary.columns) + len(WORDS))]
    assert [rows[0][letter] for letter in letters] == [*small.summary.columns, *WORDS]
    assert len(rows) == 1 + small.summary.height
    for said, row in zip(rows[1:], small.summary.iter_rows(), strict=True):
        for letter, value in zip(letters, row, strict=False):
            written = said.get(letter)
            assert written == (pytest.approx(value, rel=1e-15) if isinstance(value, float) else value or None)
        metric = row[small.summary.columns.index("metric")]
        assert [said[letter] for letter in letters[-2:]] == [
            METRICS[metric][language].label,
            METRICS[metric][language].meaning,
        ]


def test_shares_are_per_cent_and_the_head_stays(small: Results, tmp_path: Path) -> None:
    found = parts(write_workbook(small, tmp_path))
    sheet, styles = found["xl/worksheets/sheet1.xml"], found["xl/styles.xml"]
    pane = next(sheet.iter(f"{SPACE}pane"))
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    codes = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{SPACE}numFmt")}
    formats = [one.get("numFmtId") for one in next(styles.iter(f"{SPACE}cellXfs"))]
    value = "E"
    assert small.summary.columns.index("value") == ord(value) - ord("A")
    for down, metric in enumerate(small.summary["metric"], start=2):
        cell = next((c for c in sheet.iter(f"{SPACE}c") if c.get("r") == f"{value}{down}"), None)
        if cell is not None and cell.find(f"{SPACE}v") is not None:
            per_cent = codes.get(formats[int(cell.get("s", "0"))]) == "0.00%"
            assert per_cent == (form(metric) in ("share", "take_up"))


def test_nothing_becomes_a_formula_or_a_link(small: Results, tmp_path: Path) -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://a.b","c")', "http://a.b", "{=1}"]
    manifest = small.manifest | {
        "title": hostile[0],
        "notes": hostile,
        "evidence": [{"key": one, "value": one, "low": None, "high": float("nan"), "source": one} for one in hostile],
    }
    named = small.summary.head(len(hostile)).with_columns(policy=pl.Series(hostile), unit=pl.Series(hostile))
    path = write_workbook(Results(named, small.monthly, manifest), tmp_path)
    for name, part in parts(path).items():
        assert not [*part.iter(f"{SPACE}f"), *part.iter(f"{SPACE}hyperlink")], name
    assert [row["A"] for row in cells(path, 1)[1:]] == hostile
    said = [text for row in cells(path, 2) for text in row.values()]
    assert all(said.count(one) >= 4 for one in hostile)


def test_what_is_undefined_is_empty(small: Results, tmp_path: Path) -> None:
    broken = small.summary.with_columns(value=pl.lit(float("inf")), low=pl.lit(float("nan")), high=pl.lit(None))
    rows = cells(write_workbook(Results(broken, small.monthly, small.manifest), tmp_path), 1)
    assert not {"E", "F", "G"} & {letter for row in rows[1:] for letter in row}


def test_the_workbook_is_the_same_each_time(small: Results, tmp_path: Path) -> None:
    one, two = (write_workbook(small, tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two
    core = parts(tmp_path / "one" / "summary.xlsx")["docProps/core.xml"]
    dates = {said for said in core.itertext() if said[:2] == "20"}
    assert dates == {"2000-01-01T00:00:00Z"}, "not the hour at which it was written"
    assert not list(tmp_path.rglob("*.part"))


def test_an_empty_study_is_still_a_workbook(small: Results, tmp_path: Path) -> None:
    empty = Results(small.summary.clear(), small.monthly.clear(), {})
    assert len(cells(write_workbook(empty, tmp_path), 1)) == 1
