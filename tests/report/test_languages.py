"""English and Chinese: no word lacks either, and neither is found in the other's report."""

import re
from pathlib import Path
from string import Formatter

import matplotlib
import pytest
from matplotlib.text import Text
from rich.console import Console

from sim.report import canvas, figures, typeface, words
from sim.report.page import write_report
from sim.report.series import gather
from sim.report.tables import Results, terminal_table
from sim.report.typeface import face

from .made_up import build
from .test_page import read

LATIN = re.compile(r"[A-Za-z]{2,}")
HAN = re.compile(r"[\u2e80-\uffef]")
NAMES = ("summary.csv", "MVPF")  # of a file and of a measure, the same in every language
KEYS = ("summary", "difference", "doubt", "group", "knowledge", "luck", "low", "high", "all")  # of the workbook


@pytest.fixture(scope="module")
def chinese(study: Results, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_report(study, tmp_path_factory.mktemp("chinese"), "zh")


def gaps(said: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(said) if name is not None}


def without(said: str, given: list[str]) -> str:
    """The text without names, which stay what they are."""
    for name in sorted(given, key=len, reverse=True):
        said = said.replace(name, " ")
    return said


def given_names(study: Results) -> list[str]:
    """Everything that the scenario and the run themselves have put into words."""
    sweep = study.manifest["sweep"]
    evidence = [str(e[part]) for e in study.manifest["evidence"] for part in ("key", "source") if e[part]]
    versions = [f"{name} {version}" for name, version in study.manifest["versions"].items()]
    return [
        *NAMES,
        *study.policies,
        *(arm["name"] for arm in sweep["arms"]),
        *(axis["path"] for axis in sweep["axes"]),
        *study.manifest["notes"],
        *study.manifest["kinds_that_set_fees"],
        *evidence,
        *versions,
        study.manifest["title"],
        study.manifest["city"],
        study.manifest["command"],
    ]


def words_of(study: Results) -> set[str]:
    """The words of names and keys, which a narrow column parts."""
    sweep = study.manifest["sweep"]
    given = [*(arm["name"] for arm in sweep["arms"]), *(axis["path"] for axis in sweep["axes"])]
    given += [str(row["key"]) for row in study.manifest["evidence"]]
    return set(LATIN.findall(" ".join([*study.policies, *given])))


@pytest.mark.parametrize("table", ["METRICS", "ASSUMPTIONS", "TEXTS", "MONTHS"])
def test_every_word_is_there_in_every_language(table: str) -> None:
    entries = getattr(words, table)
    lacking = [key for key, entry in entries.items() if tuple(entry) != words.LANGUAGES] if table != "MONTHS" else []
    assert not lacking
    if table == "MONTHS":
        assert {language: len(months) for language, months in entries.items()} == dict.fromkeys(words.LANGUAGES, 12)
    elif table == "TEXTS":
        # a list of sentences needs no space between them in Chinese
        assert [key for key, entry in entries.items() if not all(entry.values())] == ["list.sentence"]
        assert not [key for key, entry in entries.items() if gaps(entry["zh"]) != gaps(entry["en"])]
    else:
        for entry in entries.values():
            english, chinese = entry["en"], entry["zh"]
            assert chinese.label
            assert bool(chinese.meaning) == bool(english.meaning)
            assert bool(chinese.short) == bool(english.short)
            assert not english.unit or chinese.unit, "a unit is not lost; Chinese counts children and centres with one"


def test_no_entry_speaks_the_other_language() -> None:
    said = {
        language: [entry[language] for entry in words.TEXTS.values()]
        + [
            part
            for table in (words.METRICS, words.ASSUMPTIONS)
            for entry in table.values()
            for part in (entry[language].label, entry[language].unit, entry[language].meaning, entry[language].short)
        ]
        for language in words.LANGUAGES
    }
    assert not [one for one in said["en"] if HAN.search(one)]
    chinese = " ".join(re.sub(r"\{\w+\}", "", one) for one in said["zh"])
    assert set(LATIN.findall(without(chinese, [*NAMES, "zh-Hans"]))) == set(KEYS)


def test_our_fonts_have_every_character(study: Results) -> None:
    with canvas.style(figures._foreign_words(study, "zh")):
        families = matplotlib.rcParams["font.family"]
    held = set().union(*(canvas._characters(family) for family in families if family in ("DejaVu Sans", "Han GB2312")))
    assert not set(words.alphabet("zh")) - set(map(chr, held)) - {"\n"}
    assert face("abc") == ""
    assert "font/woff" in face(words.alphabet("zh"))
    assert face("托位") == face("位托")


def test_the_chinese_page_says_nothing_in_english(study: Results, chinese: list[Path]) -> None:
    page = read(chinese[-1])
    alts = [value or "" for tag, name, value in page.attributes if name in ("alt", "aria-label")]
    said = without(" ".join([*page.words, *alts]), given_names(study))
    assert not set(LATIN.findall(said)) - words_of(study)
    assert not re.search(r"\d %", said)
    assert ("html", "lang", "zh-Hans") in page.attributes
    style = chinese[-1].read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert typeface.FAMILY in style.split("body")[0], "the page takes along the characters it shows"


def test_the_english_page_says_nothing_in_chinese(written: list[Path]) -> None:
    html = written[-1].read_text(encoding="utf-8")
    assert not HAN.search(html)
    assert "@font-face" not in html


def test_numbers_are_written_as_each_language_does(chinese: list[Path], written: list[Path]) -> None:
    ours, theirs = (" ".join(read(pages[-1]).words) for pages in (chinese, written))
    number = r"[\d.,]+"
    assert re.search(rf"{number}% 至 {number}%", ours)
    assert "2025年11月1日至2026年10月31日" in ours
    assert re.search(rf"{number} to {number} %", theirs)
    assert "1 Nov 2025 to 31 Oct 2026" in theirs


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_figures_speak_one_language(study: Results, language: str) -> None:
    """A character that no font has would be a warning, which is an error here."""
    results = Results(study.summary, study.monthly, study.manifest | {"scale": 0.02})
    with canvas.style(figures._foreign_words(results, language)):
        monthly = gather(results, figures.DRAWN_MONTHLY)
        scene = figures.Scene(results, monthly, canvas.pens(results.policies, language), language)
        for stem, draw in figures.DRAWINGS.items():
            figure = draw(scene)
            assert figure is not None, stem
            figure.canvas.draw()
            drawn = [artist.get_text() for artist in figure.findobj(Text)]
            other = LATIN if language == "zh" else HAN
            names = [*given_names(results), *(pen.label for pen in scene.pens.values())]
            assert not other.findall(without("\n".join(drawn), names)), stem


def test_the_terminal_speaks_chinese(study: Results) -> None:
    console = Console(width=400)
    with console.capture() as shown:
        console.print(terminal_table(study, "zh"))
    assert "入托率" in shown.get()
    assert not set(LATIN.findall(without(shown.get(), given_names(study)))) - words_of(study)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_notes_of_a_study_are_said(language: str, tmp_path: Path) -> None:
    results = build(names=("baseline", "vouchers"), count=2, sweep=False)
    keys = [{"key": "fees_respond", "kinds": ["甲", "乙"]}, {"key": "fees_fixed"}, {"key": "one_replication"}]
    said = Results(results.summary, results.monthly, results.manifest | {"notes": keys})
    shown = " ".join(read(write_report(said, tmp_path, language)[-1]).words)
    for note in ("fees_fixed", "one_replication"):
        assert words.text(f"note.{note}", language) in shown
    assert ("甲, 乙" if language == "en" else "甲、乙") in shown
