"""The score card: every figure has a range, a source and a cause; a miss stands there like a hit."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import MAY, record

from sim.engine.recorder import ROW
from sim.scenario.schema import Scenario, load
from sim.study import scorecard
from sim.study.moments import Window
from sim.study.scorecard import CAUSES, CHECKS, Line, as_markdown, at_end_of, score, share_of
from sim.study.targets import BANDS_PINNED_BY, TARGETS, targets_of
from sim.world.institutions import PARTS_OF_A_PLACE


@pytest.fixture(scope="module")
def hamlet() -> Scenario:
    return load(Path(__file__).parents[1] / "hamlet.toml", ["run.until=2025-06-30"])


@pytest.fixture(scope="module")
def lines(hamlet: Scenario) -> list[Line]:
    return score(hamlet, 1.0, 2)


def test_every_figure_stands_on_the_card_once_with_all_draws(hamlet: Scenario, lines: list[Line]) -> None:
    assert [line.wanted for line in lines] == [*targets_of(hamlet), *CHECKS]
    assert all(len(line.reached) == 2 for line in lines)
    assert share_of(hamlet, 10**9) == 1.0
    assert share_of(hamlet, 30) == pytest.approx(30 / (3 * hamlet.city.births.by_year["2025"]))


def test_every_check_has_a_range_a_source_and_a_cause() -> None:
    for check in CHECKS:
        assert check.low < check.high
        assert check.source
        assert check.cause
    assert set(CAUSES) <= {t.name for t in TARGETS} | set(BANDS_PINNED_BY)


def test_barriers_are_shares_of_those_who_want_care(lines: list[Line]) -> None:
    for name in ("too_far", "too_poor"):
        (line,) = (x for x in lines if x.wanted.name == name)
        assert all(0 < share < 1 for share in line.reached)


def test_a_miss_is_bold_in_its_row_and_said_below_with_its_cause() -> None:
    check = CHECKS[0]
    hit, miss = Line(check, (check.low, check.high)), Line(check, (check.high + 1, check.high + 1))
    assert (hit.met, miss.met) == (True, False)
    said = list(as_markdown({"A": [hit], "B": [miss]}))
    assert said[2].count("**") == 2
    assert sum(row.startswith(f"- {check.words}: B. Likely cause: {check.cause}") for row in said) == 1
    aimed = Line(replace(TARGETS[0], name="unheard of", low=0.0, high=0.1), (0.5,))
    assert aimed.cause == "not known"


def test_a_range_that_is_a_citys_own_stands_in_its_cell() -> None:
    one, other = (Line(replace(TARGETS[0], low=low), (0.3,)) for low in (0.1, 0.2))
    row = list(as_markdown({"A": [one], "B": [other]}))[2]
    assert "by city" in row
    assert f"0.3 (0.1 to {one.wanted.high:.3g})" in row


def test_stocks_are_those_of_octobers_end() -> None:
    counted = {"enrolled": 10, "enrolled_under_36": 9, "place_thirds": 60, "full_time_sixtieths": 8 * PARTS_OF_A_PLACE}
    year = record(12, **{name: [value] * 9 for name, value in counted.items()})
    october = (9 - MAY) % 12
    year.totals[:, :october] = 0
    year.totals[:, october + 1 :] = 0
    seen = at_end_of(scorecard.OCTOBER, year)
    assert seen == pytest.approx({"utilisation": 8 / 20, "past_three": 0.1})
    spring = record(3, **{name: [value] * 9 for name, value in counted.items()})
    assert at_end_of(scorecard.OCTOBER, spring) == pytest.approx(seen)


def test_a_miss_that_rounds_to_the_end_of_its_range_has_more_digits() -> None:
    check = replace(CHECKS[0], low=0.95, high=1.05)
    (row,) = (r for r in as_markdown({"A": [Line(check, (1.0501,))]}) if r.startswith("| check"))
    assert "**1.0501**" in row


def test_places_are_those_of_the_first_months_end(lines: list[Line], hamlet: Scenario) -> None:
    (line,) = (one for one in lines if one.wanted.name == "places")
    records = (Window.of(hamlet, 1.0).replication(number).baseline() for number in (0, 1))
    ends = [float(record.totals[ROW["place_thirds"], 0, 0]) / 3 / hamlet.city.supply.places for record in records]
    assert line.reached == pytest.approx(ends)


def test_a_year_without_births_is_refused(hamlet: Scenario) -> None:
    births = hamlet.city.births.model_copy(update={"by_year": {"2020": 5}})
    with pytest.raises(ValueError, match="no births of 2025"):
        share_of(replace(hamlet, city=hamlet.city.model_copy(update={"births": births})), 10)
