"""Finished runs side by side: what the table, the figure and comparison.csv say, and what is refused."""

import json
from copy import deepcopy
from pathlib import Path

import polars as pl
import pytest
from matplotlib.text import Text
from rich.console import Console

from sim import cli
from sim.report import canvas, numerals
from sim.report.comparison import comparison_table, draw, incomparable, rows_of, write_comparison
from sim.report.words import LANGUAGES, text
from sim.study.summary import COLUMNS, BadResults, Finished, read_finished

from .made_up import build
from .test_languages import HAN, LATIN, without

RESOLVED = {
    "run": {"start": "2024-11-01", "burn_in_months": 24},
    "city": {"name": "Xi'an"},
    "instrument": [{"kind": "cash_allowance", "yuan_per_month": 300}],
    "policy": [{"name": "baseline", "instrument": []}],
}
STUDY = build(names=("baseline", "vouchers", "fee_subsidy"), count=2, sweep=False)
MANIFEST = STUDY.manifest | {"scenario": RESOLVED, "source_digest": "a" * 16}


def put(folder: Path, **changed: object) -> Path:
    """A results folder, as far as comparing reads it."""
    folder.mkdir(parents=True)
    STUDY.summary.write_csv(folder / "summary.csv")
    (folder / "manifest.json").write_text(json.dumps(MANIFEST | changed), encoding="utf-8")
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> list[Finished]:
    """One run of two cities each."""
    second = put(tmp_path / "two", title="Another city", city="Chengdu", scale=0.02)
    return read_finished([put(tmp_path / "one"), second])


def shown(runs: list[Finished], language: str = "en") -> str:
    console = Console(width=400)
    with console.capture() as seen:
        console.print(comparison_table(runs, language))
    return seen.get()


def changed(run: Finished, path: str, value: object) -> Finished:
    """The run with one entry of its manifest changed, and another name."""
    manifest = deepcopy(run.manifest)
    *tables, key = path.split(".")
    place = manifest
    for table in tables:
        place = place[int(table)] if isinstance(place, list) else place[table]
    place[key] = value
    return Finished(run.folder, "other", run.summary, manifest)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_run_city_policy_and_number_is_in_the_table(runs: list[Finished], language: str) -> None:
    said = shown(runs, language)
    for run in runs:
        for word in (run.manifest["title"].split()[-1], f"({run.name})", run.manifest["city"]):
            assert word in said
        for row in rows_of(run):
            for estimate, form in (
                (row.take_up, "take_up"),
                (row.added_child_months, "count"),
                (row.public_cost, {"en": "money", "zh": "wan"}[language]),  # below a hundred million
                (row.cost_per_added_child_month, "yuan"),
                (row.inframarginal_share, "share"),
                (row.pass_through, "plain"),
            ):
                assert numerals.show(estimate.value, form, language=language) in said
                between = numerals.spread(estimate.low, estimate.high, form, like=estimate.value, language=language)
                assert form == "take_up" or between in said
    other = LATIN if language == "zh" else HAN
    given = [part for run in runs for part in (run.name, run.manifest["title"], run.manifest["city"])]
    words = [word for part in given for word in part.split()] + [
        "baseline",
        "vouchers",
        "fee_subsidy",
        "cash_allowance",
    ]
    assert not other.findall(without(said, words))


def test_a_run_of_a_part_of_its_city_is_said_to_be_one(runs: list[Finished]) -> None:
    sample = text("page.scaled", scale="2 %")
    lines = [" ".join(line.split()) for line in shown(runs).splitlines()]
    assert [line for line in lines if sample in line] == [f"! two: {sample}"]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("scale", 0.5, "Different scale, so counts and money cannot be compared: one: 100 %; other: 50 %"),
        ("counted.until", "2027-01-31", "one: 2025-11-01 to 2026-10-31; other: 2025-11-01 to 2027-01-31"),
        ("scenario.run.start", "2025-05-01", "one: 2024-11-01; other: 2025-05-01"),
        ("scenario.run.burn_in_months", 12, "Different burn-in in months, so the city is not equally settled"),
        ("seed", 5, "one: 20251110; other: 5"),
        ("replications", 3, "one: 10; other: 3"),
        ("policies.0.name", "nothing", ""),
        ("scenario.policy.0.instrument", [{"kind": "fee_cap"}], "other: baseline (cash_allowance, fee_cap)"),
        ("scenario.instrument.0.yuan_per_month", 200, "one name and other numbers"),
        ("scenario.city.name", "Chang'an", "The city has one name and different figures"),
        ("source_digest", "b" * 16, "Different versions of the program"),
    ],
)
def test_each_thing_that_runs_do_not_share_is_one_line(
    runs: list[Finished], path: str, value: object, told: str
) -> None:
    run = runs[0]
    assert incomparable([run, Finished(run.folder, "other", run.summary, deepcopy(run.manifest))]) == []
    lines = incomparable([run, changed(run, path, value)])
    if told:
        (line,) = lines
        assert told in line
    else:  # another name for the same baseline
        assert lines == []


def test_files_hold_every_row_under_its_run(runs: list[Finished], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    written = write_comparison(runs, out)
    assert sorted(path.name for path in out.iterdir()) == ["comparison.csv", "comparison.png", "comparison.svg"]
    assert sorted(written) == sorted(out.iterdir())
    table = pl.read_csv(out / "comparison.csv", infer_schema_length=None)
    assert table.columns == ["study", *COLUMNS]
    assert table["study"].unique(maintain_order=True).to_list() == ["one", "two"]
    for run in runs:
        mine = table.filter(study=run.name).drop("study")
        assert mine.write_csv() == run.summary.write_csv()
    before = {path: path.read_bytes() for path in written}
    write_comparison(runs, out)
    assert {path: path.read_bytes() for path in written} == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figure_names_and_numbers_every_policy_and_needs_no_colour(runs: list[Finished], language: str) -> None:
    with canvas.style([text("comparison.figure", language)]):
        figure = draw(runs, language)
        figure.canvas.draw()
    said = [artist.get_text() for artist in figure.findobj(Text)]
    (axes,) = figure.axes
    rows = [row for run in runs for row in rows_of(run) if not row.baseline]
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in points] == [row.cost_per_added_child_month.value for row in rows]
    for run in runs:
        assert any(run.manifest["title"] in one and run.name in one for one in said)
    for row, point in zip(rows, points, strict=True):
        cost, y = row.cost_per_added_child_month, point.get_ydata()[0]
        (bar,) = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] == y]
        assert list(bar.get_xdata()) == [cost.low, cost.high]
        assert row.policy in said
        assert numerals.show(cost.value, "yuan") in said
    assert len({line.get_marker() for line in points}) == 2, "a policy has the same marker in every run"
    given = [part for run in runs for part in (run.manifest["title"], run.name)] + [row.policy for row in rows]
    assert not (LATIN if language == "zh" else HAN).findall(without("\n".join(said), given))


def test_what_cannot_be_drawn_is_a_dash_and_said_to_be_one(tmp_path: Path) -> None:
    (run,) = read_finished([put(tmp_path / "one")])
    blank = pl.when(pl.col("metric") == "cost_per_added_child_month").then(None)
    empty = run.summary.with_columns(blank.otherwise(pl.col(c)).alias(c) for c in ("value", "low", "high"))
    with canvas.style([]):
        figure = draw([Finished(run.folder, run.name, empty, run.manifest)])
        figure.canvas.draw()
    said = [artist.get_text() for artist in figure.findobj(Text)]
    assert said.count(numerals.DASH) == 2
    assert any(text("comparison.dash") in one for one in said)


def test_folders_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    paths = [put(tmp_path / part / "same") for part in ("a", "b")]
    assert [run.name for run in read_finished(paths)] == [str(path) for path in paths]


def spoil(folder: Path, name: str, content: str | None) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("summary.csv", None, "summary.csv: (file): found no file, expected the summary of a finished study"),
        ("summary.csv", "", "summary.csv: (file): found empty CSV, expected the summary of a finished study"),
        (
            "summary.csv",
            "policy,metric\na,b\n",
            "summary.csv: (columns): found policy, metric, expected policy, metric",
        ),
        ("manifest.json", None, "manifest.json: (file): found no file, expected the manifest of a finished study"),
        ("manifest.json", "{", "manifest.json: (file): found Expecting property name"),
        ("manifest.json", "[]", "manifest.json: (file): found [], expected the manifest of a finished study, a table"),
        ("manifest.json", json.dumps(MANIFEST | {"seed": "x"}), 'manifest.json: seed: found "x", expected a whole'),
        (
            "manifest.json",
            json.dumps(MANIFEST | {"policies": [1]}),
            "manifest.json: policies: found [1], expected names",
        ),
        *(
            (
                "manifest.json",
                json.dumps(MANIFEST | {"scenario": broken}),
                "manifest.json: scenario: found",
            )
            for broken in (
                {"policy": True},
                {"policy": "x"},
                {"policy": [{"instrument": [[]]}]},
                {"policy": [{"instrument": 7}]},
                {"instrument": [0]},
                {"run": "tomorrow"},
                {"city": []},
            )
        ),
        (
            "manifest.json",
            json.dumps(MANIFEST | {"policies": [*MANIFEST["policies"], {"name": "gone", "role": "policy"}]}),
            'summary.csv: policy: found no row of "gone", expected all policies of the manifest',
        ),
    ],
)
def test_a_folder_that_is_no_finished_run_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None, told: str
) -> None:
    good, bad = put(tmp_path / "good"), put(tmp_path / "bad")
    spoil(bad, name, content)
    assert cli._guarded(["compare", str(good), str(bad), "--out", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith(f"{tmp_path}/bad/{told}")
    assert not (tmp_path / "out").exists()


def test_all_faults_are_told_at_once_a_folder_given_twice_among_them(tmp_path: Path) -> None:
    good = put(tmp_path / "good")
    with pytest.raises(BadResults) as caught:
        read_finished([good, tmp_path / "nowhere", tmp_path / "." / "good", good / "summary.csv"])
    lines = str(caught.value).splitlines()
    assert [line.partition(": found ")[2] for line in lines] == [
        "nothing, expected the results folder of a finished study",
        f"a folder given before, expected each folder once, and it was given as {good}",
        "a file, expected the results folder of a finished study",
    ]


def test_the_command_prints_the_table_and_writes_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = put(tmp_path / "one"), put(tmp_path / "two", seed=3)
    assert cli._guarded(["compare", str(one), str(two)]) == 0
    said = capsys.readouterr().out
    assert "Different seeds" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
    assert cli._guarded(["compare", str(one), str(two), "--out", str(tmp_path / "out"), "--lang", "zh"]) == 0
    assert "随机种子不同" in capsys.readouterr().out
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert cli._guarded(["compare"]) == 2


@pytest.mark.parametrize(("out", "said"), [("", "found no name"), ("one/summary.csv", "a file, expected a folder")])
def test_a_place_that_is_no_folder_is_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, said: str
) -> None:
    put(tmp_path / "one")
    monkeypatch.chdir(tmp_path)
    for words in (["compare", "one"], ["one.toml"]):
        assert cli._guarded([*words, "--out", out]) == 2
        printed, err = capsys.readouterr()
        assert (printed, len(err.splitlines())) == ("", 1)
        assert said in err
        assert "--out" in err
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_where_one_file_cannot_be_written_none_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, out = put(tmp_path / "one"), tmp_path / "out"
    (out / "comparison.svg").mkdir(parents=True)
    (out / "comparison.csv").write_text("of another day", encoding="utf-8")
    assert cli._guarded(["compare", str(one), "--out", str(out)]) == 5
    assert capsys.readouterr().err == f"{out}/comparison.svg: found Is a directory, expected to write here\n"
    assert sorted(path.name for path in out.iterdir()) == ["comparison.csv", "comparison.svg"]
    assert (out / "comparison.csv").read_text(encoding="utf-8") == "of another day"
