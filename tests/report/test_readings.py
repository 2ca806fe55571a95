"""What a figure's marks say: the numbers that are drawn, at the places where they are drawn."""

import itertools
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from sim.report import canvas, figures, frontier, names, words
from sim.report.figures import DRAWINGS, DRAWN_MONTHLY, QUINTILES, SIDES, Scene
from sim.report.numerals import DASH, MINUS, in_unit, show, spread
from sim.report.readings import Wording
from sim.report.series import gather
from sim.report.tables import Results, split_head
from sim.study.estimate import Estimate

from .made_up import build

OVER_TIME = ("take_up", "public_cost", "market", "pass_through")


def told(path: Path) -> list[dict[str, Any]]:
    """Everything that a figure's file says, panel by panel."""
    (said,) = (one.text or "" for one in ElementTree.parse(path).iter() if one.get("id") == "readings")
    panels: list[dict[str, Any]] = json.loads(said)
    return panels


@pytest.fixture(scope="module")
def said(written: list[Path]) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: told(path) for path in written if path.suffix == ".svg"}


def number(shown: str) -> float:
    return float(re.sub(r"[,% +]|points", "", shown).replace(MINUS, "-"))


def digit(shown: str) -> float:
    """Half of what the last digit shown stands for."""
    return 0.5 * 10.0 ** -len(re.sub(r"[^\d.]", "", shown).partition(".")[2])


def test_every_figure_says_something_inside_its_own_axes(said: dict[str, list[dict[str, Any]]]) -> None:
    assert set(said) == set(DRAWINGS)
    for stem, panels in said.items():
        for panel in panels:
            left, top, right, bottom = panel["box"]
            assert 0 <= left < right <= canvas.WIDTH * 72
            assert panel["readings"], stem
            for head, (a, b, c, d), lines in panel["readings"]:
                assert head
                assert left - 0.2 <= a <= c <= right + 0.2, (stem, head)
                assert top - 0.2 <= b <= d <= bottom + 0.2, (stem, head)
                assert lines
                assert all(line[3] not in ("", DASH) for line in lines)


@pytest.mark.parametrize("stem", [*OVER_TIME, "response"])
def test_a_line_says_at_each_height_the_number_of_that_height(said: dict[str, list[dict[str, Any]]], stem: str) -> None:
    """Axes are straight: number and height of any mark lie on one line, to the last digit shown."""
    for panel in said[stem]:
        marks = [(line[2], line[3]) for _, _, lines in panel["readings"] for line in lines]
        heights = np.array([height for height, _ in marks])
        shown = np.array([number(value) for _, value in marks])
        slope, nought = np.polyfit(heights, shown, 1)
        assert slope < 0, "what lies higher is more"
        off = np.abs(nought + slope * heights - shown)
        # a height is written to a tenth of a point
        assert (off <= 2 * np.array([digit(value) for _, value in marks]) + 0.12 * abs(slope)).all(), panel["quantity"]


def test_a_month_says_the_mean_of_the_months_replications(
    study: Results, said: dict[str, list[dict[str, Any]]]
) -> None:
    means = study.monthly.filter((pl.col("metric") == "take_up_under_36") & (pl.col("group") == "all"))
    means = means.group_by("policy", "month").agg(pl.col("value").mean())
    value = {(policy, month): mean for policy, month, mean in means.iter_rows()}
    months = sorted({month for _, month in value})
    panel = said["take_up"][0]
    assert [head for head, _, _ in panel["readings"]] == [f"{month:%b %Y}" for month in months]
    for (_, _, lines), month in zip(panel["readings"], months, strict=True):
        assert len(lines) == len(study.policies)
        for order, name, _, level, interval, *change in lines:
            own, usual = value[study.policies[order], month], value[study.policies[0], month]
            assert (name, level) == ("", show(own, "take_up"))
            assert re.fullmatch(r"[\d.]+ to [\d.]+ %", interval)
            if order == 0 or own == usual:
                assert not change
            elif change:
                assert number(change[0]) == pytest.approx(100 * (own - usual), abs=1.01 * digit(change[0]))
        assert sum(len(line) > 5 for line in lines) in (0, len(study.policies) - 1)


def test_dots_and_bars_say_the_summarys_numbers(study: Results, said: dict[str, list[dict[str, Any]]]) -> None:
    found = {
        (panel["quantity"], line[0], head): line[3:5]
        for stem in ("who_gains", "incidence", "funnel")
        for panel in said[stem]
        for head, _, lines in panel["readings"]
        for line in lines
    }

    def words_of(policy: str, key: str, form: str, group: str = "all") -> list[str]:
        own = study.entry(policy, key, group).own
        return [show(own.value, form), spread(own.low, own.high, form, like=own.value)]

    gain = in_unit(words.text("axis.incidence"), "money", words.DEFAULT)
    for order, policy in enumerate(study.policies[1:], start=1):
        for quintile in QUINTILES:
            head = words.text("reading.fifth", fifth=words.text(f"quintile.{quintile}"))
            for key in figures.BY_FIFTHS:
                form = words.form(key)
                shown = found.pop((split_head(key, form, words.DEFAULT), order, head))
                assert shown == words_of(policy, key, form, f"quintile={quintile}")
        for key in SIDES:
            shown = found.pop((gain, order, words.metric(key).label))
            assert shown == words_of(policy, key, "money")
    for (quantity, order, step), shown in found.items():
        key = next(key for key in figures.FUNNEL if words.metric(key).label == step)
        assert quantity == words.text("axis.funnel")
        assert shown == words_of(study.policies[order], key, "count")
    assert len(found) == 3 * len(figures.FUNNEL)


def test_the_frontier_says_both_numbers_of_each_arm(study: Results, said: dict[str, list[dict[str, Any]]]) -> None:
    (panel,) = said["frontier"]
    shown = {head: [line[3] for line in lines] for head, _, lines in panel["readings"]}
    arms = frontier.arms(study)
    assert shown == {arm.label: [show(arm.x * 1e6, "money"), show(arm.y, "count")] for arm in arms}
    places = {head: place for head, place, _ in panel["readings"]}
    for one, two in itertools.pairwise(sorted(arms, key=lambda arm: arm.x)):
        assert places[one.label][0] <= places[two.label][0]


def test_bars_are_read_where_they_are_drawn(said: dict[str, list[dict[str, Any]]]) -> None:
    """A bar to the right of nought is as wide as its number says, on one scale for all policies."""
    (panel,) = said["incidence"]
    bars = [(right - left, number(lines[0][3])) for _, (left, _, right, _), lines in panel["readings"] if right > left]
    wide, largest = max(bars)
    for width, shown in bars:
        assert width == pytest.approx(abs(shown) * wide / abs(largest), abs=0.01 * wide)


def test_every_language_says_the_same_numbers(study: Results, said: dict[str, list[dict[str, Any]]]) -> None:
    """Month, quantity and form are the language's own."""
    with canvas.style(figures._foreign_words(study, "zh")):
        pens = canvas.pens(study.policies, "zh")
        figure = figures.take_up(Scene(study, gather(study, DRAWN_MONTHLY), pens, "zh"))
    assert figure is not None
    quantity, readings = next(iter(figure.told.values()))  # type: ignore[attr-defined]
    assert quantity == words.text("axis.take_up", "zh")
    for theirs, (head, _, lines) in zip(readings, said["take_up"][0]["readings"], strict=True):
        assert re.fullmatch(r"20\d\d年\d+月", theirs.head)
        assert head[-4:] == theirs.head[:4]
        by_order = {line.policy: line for line in theirs.lines}
        for order, _, _, value, *_ in lines:
            assert by_order[order].value == value.replace(" %", "%")


def test_what_is_undefined_is_not_said() -> None:
    wording = Wording("take_up", "en")
    assert wording.words(Estimate()) == wording.words(Estimate(float("nan"), 0.1, 0.2)) == ("", "")
    assert wording.words(Estimate(0.1234)) == ("12.34 %", "")
    assert wording.of_changes.words(Estimate(0.0123)) == ("+1.23 points", "")
    assert Wording("money", "en", scaled=True).words(Estimate(7.1)) == Wording("money", "en").words(Estimate(7.1e6))
    alone = build(names=("baseline", "fee"), replications=1, count=14, sweep=False)
    with canvas.style([]):
        scene = Scene(alone, gather(alone, DRAWN_MONTHLY), canvas.pens(alone.policies, "en"), "en")
        for draw in (figures.take_up, figures.market):
            figure = draw(scene)
            assert figure is not None
            lines = [one for _, said in figure.told.values() for r in said for one in r.lines]  # type: ignore[attr-defined]
            assert lines
            assert not any(one.interval or one.change_interval for one in lines)


def test_a_heading_breaks_between_its_phrases_only() -> None:
    heads = [entry["zh"] for key, entry in words.TEXTS.items() if key.startswith("column.") and "meaning" not in key]
    for head in heads:
        parts = names.phrases(head)
        assert "".join(parts) == head
        assert not [part for part in parts[1:] if part[0] in "，：；、）"], head
        assert not [part for part in parts if part[-1] == "（"], head
    assert max(len(part) for head in heads for part in names.phrases(head) if "{" not in part) <= 10
    assert names.phrases("净增入托儿童月数") == ["净增入托", "儿童月数"]
    assert names.phrases("voucher_pool.per_round") == names.parts("voucher_pool.per_round")
