"""A search on figures whose answer is known, and what it says it knows."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.study.laplace import MOST, Laplace, laplace_of, place_of, values_at
from sim.study.search import GRAIN, LOOKS, Slopes, both_ways, converge, one_way
from sim.study.targets import Target

Floats = NDArray[np.float64]

STRAIGHT = np.array([[1.0, 0.5], [-0.3, 2.0], [0.7, 0.7]])
NAMES = ("sensitivity", "stickiness")


def target(name: str, aim: float | None, low: float, high: float, scale: float = 0.1) -> Target:
    return Target(name, name, aim, low, high, scale, "made up")


def curved(place: Floats) -> Floats:
    """Figures that bend, so that slopes taken at the start mislead."""
    return np.array([np.exp(place[0]), np.exp(place[0] + place[1] / 2), place[1] ** 3 + place[1]])


def aims_at(figures: Floats) -> tuple[Target, ...]:
    return tuple(target(f"f{n}", f, f - 1, f + 1) for n, f in enumerate(figures.tolist()))


# -- the search --------------------------------------------------------------------------------------------


def test_a_search_on_bent_figures_comes_to_where_they_are_met() -> None:
    true = np.array([1.1, -1.3])
    found = converge(curved, aims_at(curved(true)), np.zeros(2))
    assert found.settled
    assert found.squares < GRAIN
    assert found.place == pytest.approx(true, abs=0.02)
    assert found.figures == pytest.approx(curved(found.place))


def test_grain_does_not_keep_it_from_settling_nor_from_coming_near() -> None:
    """Figures in steps of 0.01, a tenth of their scale, as counts of children are."""
    true = np.array([0.8, 0.9])
    found = converge(lambda z: np.round(curved(z), 2), aims_at(curved(true)), np.array([-0.5, 0.2]))
    assert found.settled
    assert found.place == pytest.approx(true, abs=0.05)


def test_places_are_remembered_and_rounds_are_bounded() -> None:
    seen: list[bytes] = []

    def look(place: Floats) -> Floats:
        seen.append(place.tobytes())
        return curved(place)

    found = converge(look, aims_at(np.array([40.0, -3.0, 9.0])), np.zeros(2), rounds=2)
    assert len(seen) - len(set(seen)) <= 1  # a careful round looks again at where it begins
    assert len(set(seen)) <= 1 + 2 * (2 + LOOKS - 1) + 2
    assert found.rounds <= 2
    assert not converge(curved, aims_at(curved(np.array([1.5, 1.5]))), np.zeros(2), rounds=1).settled


def test_a_range_without_an_aim_is_kept_within_and_else_says_nothing() -> None:
    free = (target("a", None, 0.0, 9.0), target("b", 1.0, 0.0, 2.0))
    found = converge(lambda z: np.array([z[0] + 5, z[1]]), free, np.array([0.3, -1.0]))
    assert found.place == pytest.approx([0.3, 1.0], abs=0.02)
    beyond = converge(
        lambda z: np.array([z[0] + 5, z[1]]), (target("a", None, 6.0, 9.0), free[1]), np.array([0.3, -1.0])
    )
    assert 6.0 <= beyond.figures[0] <= 6.2


def test_a_place_that_grain_flattered_does_not_hold_it() -> None:
    """The first look at the start shows what the targets want by chance; the second shows the truth."""
    true, start = np.array([0.6, -0.5]), np.array([0.2, 0.1])
    first = [True]

    def look(place: Floats) -> Floats:
        flattered = first[0] and bool((place == start).all())
        first[0] = first[0] and not flattered
        return curved(true) + 0.05 if flattered else curved(place)

    found = converge(look, aims_at(curved(true)), start)
    assert found.place == pytest.approx(true, abs=0.05)


def test_a_figure_that_is_no_number_stops_nothing() -> None:
    def look(place: Floats) -> Floats:
        return np.array([np.nan, np.nan]) if place[0] > 0.9 else place

    found = converge(look, aims_at(np.array([0.6, 0.5])), np.zeros(2))
    assert found.place == pytest.approx([0.6, 0.5], abs=0.03)


def test_the_slope_of_a_residual_is_its_slope() -> None:
    for one in (target("a", None, 0.0, 1.0), target("b", 0.4, 0.0, 1.0)):
        for figure in (-0.5, 0.05, 0.5, 0.95, 2.0):
            measured = (one.residual(figure + 1e-6) - one.residual(figure - 1e-6)) / 2e-6
            assert one.slope(figure) == pytest.approx(measured, abs=1e-6)
    assert target("b", 0.4, 0.0, 1.0).slope(float("nan")) == 0


def test_differences_of_straight_figures_are_their_slopes() -> None:
    for ways in (one_way, both_ways):
        assert ways(lambda z: STRAIGHT @ z + 3, np.array([0.3, 0.4])) == pytest.approx(STRAIGHT)
    bent = np.array([2.0, 1.0])
    assert both_ways(lambda z: z**2, bent) == pytest.approx(np.diag(2 * bent))  # exact to the second order


def test_slopes_to_one_side_serve_where_the_other_has_no_figures() -> None:
    def look(place: Floats) -> Floats:
        return np.full(3, np.nan) if place[0] > 0.3 else STRAIGHT @ place

    assert both_ways(look, np.array([0.2, 0.4])) == pytest.approx(STRAIGHT)


def test_slopes_are_fresh_where_a_round_begins_and_then_agree_with_each_step() -> None:
    place, aims = np.array([0.5, 1.0]), aims_at(np.zeros(3))
    slopes = Slopes(curved, aims, place, one_way)
    scale = aims[0].scale
    assert slopes(np.zeros(2)) * scale == pytest.approx(one_way(curved, place))
    for move in (np.array([0.3, -0.4]), np.array([0.7, -0.1])):
        before = move - np.array([0.3, -0.4]) if move[0] > 0.5 else move
        changed = curved(place + move) - curved(place + move - before)
        assert slopes(move) @ before * scale == pytest.approx(changed)


def test_a_search_that_has_far_to_go_takes_its_slopes_again() -> None:
    for true in (np.array([2.2, 2.0]), np.array([-2.0, 2.0])):
        found = converge(curved, aims_at(curved(true)), np.zeros(2))
        assert found.squares < GRAIN
        assert found.place == pytest.approx(true, abs=0.05)


def test_slopes_of_figures_that_are_no_numbers_are_nought() -> None:
    slopes = Slopes(lambda z: np.array([z[0], np.nan]), aims_at(np.zeros(2)), np.zeros(2), one_way)
    assert np.isfinite(slopes(np.zeros(2))).all()


# -- what is known -----------------------------------------------------------------------------------------


def law_of_three() -> Laplace:
    targets = (target("a", 0.0, -1.96, 1.96), target("b", None, -0.98, 0.98), target("c", 1.0, -1.0, 2.92))
    return laplace_of(NAMES, place_of({"sensitivity": 0.002, "stickiness": 2.0}), STRAIGHT, targets)


def test_the_covariance_of_straight_figures_is_that_of_least_squares() -> None:
    """Ranges of 3.92 standard deviations: figures known to 1, 0.5 and 1; weights are their inverse squares."""
    by_hand = np.linalg.inv(STRAIGHT.T @ np.diag([1.0, 4.0, 1.0]) @ STRAIGHT)
    assert law_of_three().covariance == pytest.approx(by_hand, rel=1e-4)
    ends = (place_of({"stickiness": end}) for end in law_of_three().interval("stickiness"))
    low, high = (float(end[0]) for end in ends)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(by_hand[1, 1]), rel=1e-4)  # the other constant unknown too


def test_an_interval_of_what_one_figure_pins_is_the_figures_range() -> None:
    """The figure is the constant's log, its range a factor e either way."""
    one = laplace_of(
        ("sensitivity",), place_of({"sensitivity": 0.002}), np.array([[1.0]]), [target("a", 0.0, -1.0, 1.0)]
    )
    assert one.interval("sensitivity") == pytest.approx((0.002 / np.e, 0.002 * np.e), rel=0.01)


def test_places_and_constants_are_each_others_reverse() -> None:
    values = {name: 0.3 * most for name, most in MOST.items()}
    assert values_at(tuple(values), place_of(values)) == pytest.approx(values)
    far = place_of({"sensitivity": 0.002})
    assert values_at(("sensitivity",), far + 0.1)["sensitivity"] == pytest.approx(0.002 * np.exp(0.1), rel=1e-3)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.7, float("nan")])
def test_a_constant_at_an_end_has_no_place(value: float) -> None:
    with pytest.raises(
        ValueError, match=r"city\.families\.open_share: found .*, expected a number above 0 and below 1"
    ):
        place_of({"open_share": value})


def test_draws_are_the_same_every_time_and_fewer_are_the_first_of_more() -> None:
    law = law_of_three()
    assert (law.draws(16, 7) == law.draws(16, 7)).all()
    assert (law.draws(5, 7) == law.draws(8, 7)[:5]).all()
    assert not np.isclose(law.draws(16, 7), law.draws(16, 8)).any()


def test_draws_have_the_laws_mean_and_covariance() -> None:
    law = law_of_three()
    drawn = law.draws(1024, 3)
    sd = np.sqrt(np.diag(law.covariance))
    assert np.abs((drawn.mean(axis=0) - law.centre) / sd).max() < 0.05
    assert np.cov(drawn.T) == pytest.approx(law.covariance, rel=0.1, abs=0.05 * float(sd.min()) ** 2)
    few = law.draws(16, 3)
    assert np.abs((few.mean(axis=0) - law.centre) / sd).max() < 0.5


def test_draws_and_intervals_lie_within_what_constants_may_be_and_none_at_an_end() -> None:
    centre = place_of({"open_share": 0.97, "renewal": 0.93})
    wide = Laplace(("open_share", "renewal"), centre, np.diag([4.0, 4.0]), np.eye(2) / 2, np.ones(2))
    drawn = [values_at(wide.names, place) for place in wide.draws(256, 1)]
    for name in wide.names:
        values = np.array([one[name] for one in drawn])
        assert 0 < values.min() < values.max() < MOST[name]
        assert len(np.unique(values)) == len(values)  # a clipped one would come twice
        low, high = wide.interval(name)
        assert 0 < low < high < MOST[name]


def test_a_draw_is_moved_to_where_bent_figures_are_what_slopes_foretold() -> None:
    centre = np.array([0.4, -0.3])
    slopes = both_ways(curved, centre)
    law = laplace_of(NAMES, centre, slopes, [target(f"f{n}", f, f - 2, f + 2) for n, f in enumerate(curved(centre))])
    bent = []
    for drawn in law.draws(16, 5):
        foretold = curved(centre) + slopes @ (drawn - centre)
        moved = law.straightened(curved, curved(centre), drawn)
        before, after = (np.linalg.norm((curved(z) - foretold) / law.sd) for z in (drawn, moved))
        assert after <= before
        assert after < min(1.0, before) or before < 1
        bent.append(before)
    assert max(bent) > 2


def test_a_draw_of_straight_figures_stays() -> None:
    law = law_of_three()
    for drawn in law.draws(8, 5):
        assert (law.straightened(lambda z: STRAIGHT @ z, STRAIGHT @ law.centre, drawn) == drawn).all()
    lost = law.straightened(lambda _: np.full(3, np.nan), np.zeros(3), law.centre)
    assert (lost == law.centre).all()


def test_figures_that_do_not_tell_constants_apart_are_refused() -> None:
    two = [target("a", 0.0, -1.0, 1.0), target("b", 0.0, -1.0, 1.0)]
    alike = np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(ValueError, match="do not tell sensitivity, stickiness apart"):
        laplace_of(NAMES, np.zeros(2), alike, two)
    with pytest.raises(ValueError, match="no slope of b"):
        laplace_of(NAMES, np.zeros(2), np.array([[1.0, 2.0], [np.nan, 1.0]]), two)
