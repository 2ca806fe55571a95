"""Answers of families asked alone: known shares by hand, the owners' own survey, and better terms that lose nobody."""

import math
from itertools import pairwise

import numpy as np
import pytest
from town import BANDS, PLAIN_LOGIT, SETTLED, Town, instrument, settle

from sim import dates
from sim.kernels import demand
from sim.kernels.choice import OF_SERVICES
from sim.kernels.columns import CLOSED
from sim.study.moments import FeeRise
from sim.study.survey import Answers, Asked, Survey, _left_behind, by_institution

FEES = (0.0, 500.0, 1000.0, 2000.0, 4000.0)


def survey(town: Town, **change: float) -> Survey:
    return Survey(town.replication, town.span.counted, **change)


@pytest.fixture(scope="module")
def half_open() -> Town:
    """The hamlet where six families in ten are open to care."""
    return settle(*SETTLED, "city.families.open_share=0.6")


def test_one_fee_is_answered_by_the_logit_of_all_offers_that_admit_the_child() -> None:
    settings = ("city.families.quality_yuan=0", "city.families.open_share=0.25")
    town = settle(*SETTLED, *PLAIN_LOGIT, *settings, standing=())
    facts, answers = town.world.facts.families, survey(town).ask((Asked(fee=1000.0),))
    value = town.replication.city(town.replication.checkpoint(town.span.counted), ()).inputs.offers.value
    for band, part in ((0, 0), (2, 3)):  # toddlers are of two parts, which not the same classes admit
        odds = int((value[part] > CLOSED).sum()) * math.exp(facts.band_taste[band] - facts.sensitivity * 1000.0)
        mine = answers.share[answers.band == band]
        answering = mine > 1e-9
        assert mine[answering] == pytest.approx(odds / (1 + odds), rel=1e-5), BANDS[band]
        assert answering.mean() == pytest.approx(0.25, abs=0.12), BANDS[band]


def test_nobody_who_is_closed_to_care_answers_for_it(half_open: Town) -> None:
    paid_to_come = survey(half_open, keener=40.0).ask((Asked(fee=0.0),))
    assert paid_to_come.whole == pytest.approx(0.6, abs=0.04)
    assert set(np.round(paid_to_come.share, 6)) == {0.0, 1.0}


@pytest.mark.parametrize("where", ["half_open", "taught"])
def test_answers_are_those_that_owners_expect(where: str, request: pytest.FixtureRequest) -> None:
    """The compiled loop by which owners hear of families finds as many, of the same children on the same terms."""
    town: Town = request.getfixturevalue(where)
    month = town.span.counted
    city = town.replication.city(town.replication.checkpoint(month), ())
    families, size, runs = town.world.families, len(town.world.institutions), city.state.market.sites.runs
    days = [dates.date_in(month, d) for d in range(1, dates.DECISION_DAYS + 1)]
    edges = np.stack([city.cache.edges(day) for day in days])
    for n, day in enumerate(days):  # owners hear of older children too
        older = families.birth[edges[n, 0] : edges[n, 1]] <= dates.months_before(day, 36)
        edges[n, 0] += int(older.sum())
    expected = np.zeros((2, 3, size))
    demand.expect(
        edges, city.cache.market.value(city.state, city.appeal, if_open=True), runs.astype(np.float64),
        np.zeros(size), np.zeros(size, np.int32), np.arange(size, dtype=np.int32), city.inputs,
        demand.Weighed.nothing(city.inputs.tariff), expected, np.zeros((3, size, 0)),
    )  # fmt: skip
    answers = survey(town).ask()
    assert where != "taught" or len(city.inputs.ties.learnt) == size, "something was to be learnt"
    of_class_age = np.isin(answers.rows, np.concatenate([np.arange(first, end) for first, end in edges[:, [0, 4]]]))
    told = np.bincount(answers.band[of_class_age], answers.share[of_class_age], 3)
    assert told == pytest.approx((expected[0] * runs).sum(axis=1), rel=1e-3)
    assert not of_class_age.all()  # newborns are asked too


def test_who_has_been_in_care_answers_with_what_that_left(taught: Town) -> None:
    """Of the odds of each institution a habit makes e^(α̅ · habit) times as much, and knowing the last its own share."""
    month = taught.span.counted
    city = taught.replication.city(taught.replication.checkpoint(month), ())
    facts, inputs, last = taught.world.facts.families, city.inputs, city.state.children.stay_at
    worth = facts.sensitivity * facts.quality_yuan * (1 - facts.quality_seen) * taught.world.institutions.quality
    asked = Survey(taught.replication, month)
    for part in range(4):
        rows = np.flatnonzero(last != -1)[part::40]
        left = _left_behind(inputs, rows, inputs.candidate[rows])
        by_hand = np.full(left.shape, facts.sensitivity * facts.habit_yuan)
        by_hand += np.where(inputs.candidate[rows] == last[rows, None], worth[last[rows], None], 0.0)
        assert left == pytest.approx(by_hand, rel=1e-6)
        share = asked._chance(city, rows, part)
        bare = inputs._replace(ties=inputs.ties._replace(habit=np.float32(0), learnt=np.zeros(0, np.float32)))
        city.inputs = bare
        without = asked._chance(city, rows, part)
        city.inputs = inputs
        only_habit = (inputs.candidate[rows] != last[rows, None]).all(axis=1) & (share > 0)
        odds, before = share / (1 - share), without / (1 - without)
        assert odds[only_habit] == pytest.approx(before[only_habit] * np.exp(0.5))
        assert not np.allclose(odds, before)
    never = np.flatnonzero(last == -1)
    assert not _left_behind(inputs, never, inputs.candidate[never]).any()


def test_better_terms_lose_no_taker(half_open: Town) -> None:
    shares = [survey(half_open).ask((Asked(fee=fee),)).share for fee in FEES]
    for cheap, dear in pairwise(shares):
        assert (cheap >= dear).all()
        assert (cheap > dear).any()
    today = survey(half_open).ask().share
    helped = survey(half_open).ask((instrument("fee_subsidy", amount=300.0, standing="any"),)).share
    assert (helped >= today).all()
    assert (helped > today).mean() > 0.3


def test_terms_that_change_nothing_are_todays_to_the_bit(half_open: Town) -> None:
    today = survey(half_open).ask()
    same = survey(half_open).ask((FeeRise(rise=0.0),))
    assert np.array_equal(today.share, same.share)
    assert np.array_equal(today.band, same.band)


def test_a_relief_for_good_counts_whole() -> None:
    """500 off a fee of 2,000 is a fee of 1,500, over however many months a family commits itself."""
    for months in (1, 10):
        town = settle(*SETTLED, f"city.families.commitment_months={months}", standing=())
        fifteen = survey(town).ask((Asked(fee=1500.0),)).share
        relief = instrument("fee_subsidy", amount=500.0, standing="any")
        assert survey(town).ask((Asked(fee=2000.0), relief)).share == pytest.approx(fifteen, abs=1e-5)


def test_another_use_of_care_is_met(half_open: Town) -> None:
    for share in (0.02, 0.3):
        assert survey(half_open).used_by(share).ask().whole == pytest.approx(share, abs=1e-4)
    with pytest.raises(ValueError, match="no taste"):
        survey(half_open).used_by(0.7)


def test_the_rich_mind_a_yuan_less(half_open: Town) -> None:
    assert (survey(half_open, richer=2.0).ask().share >= survey(half_open).ask().share).all()


def test_services_of_an_institution_are_one_nest() -> None:
    """Two services that are the same add λ ln 2 to their institution's worth; apart they would add ln 2."""
    found = np.exp(by_institution(np.array([[1.0, 1.0, 0.5]]), np.array([[4, 4, 7]], np.int32))).sum()
    assert found == pytest.approx(math.exp(1.0 + OF_SERVICES * math.log(2)) + math.exp(0.5))


def test_shares_by_group_are_means() -> None:
    answers = Answers(
        np.arange(3), np.array([0.2, 0.4, 0.9]), np.array([0, 0, 2], np.int8), np.array([1, 1, 4], np.int8)
    )
    assert answers.whole == pytest.approx(0.5)
    assert answers.by_band[[0, 2]] == pytest.approx([0.3, 0.9])
    assert np.isnan(answers.by_band[1])
    assert answers.by_quintile[[1, 4]] == pytest.approx([0.3, 0.9])


def test_without_distance_where_an_institution_lies_does_not_matter(half_open: Town) -> None:
    """Families that differ in nothing but where they live and what lies near answer by the number of offers alone."""
    town = settle(*SETTLED, "city.families.distance_yuan=0", standing=())
    assert np.array_equal(survey(town, nearer=1.0).ask().share, survey(town).ask().share)
    assert (survey(half_open, nearer=1.0).ask().share >= survey(half_open).ask().share).all()
    far = settle(*SETTLED, "city.families.distance_yuan=400", standing=())
    terms = (Asked(fee=1000.0),)
    assert survey(far, nearer=1.0).ask(terms).share == pytest.approx(survey(town).ask(terms).share, abs=1e-4)
