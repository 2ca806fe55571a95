"""The answer: three sentences that follow from the headline, whatever it holds, with both doubts beside each claim."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sim.report.answer import answer
from sim.report.page import write_page
from sim.report.tables import HeadlineRow, Knowledge, Results, headline
from sim.report.words import LANGUAGES
from sim.study.estimate import Estimate

from .made_up import build
from .test_page import read

NOTHING = Estimate()


def row(policy: str, **given: object) -> HeadlineRow:
    """A policy that adds 600 child-months for 6 million yuan, save for what is given."""
    cost = Estimate(10_000.0, 9_000.0, 11_000.0)
    usual = HeadlineRow(
        policy=policy,
        baseline=False,
        take_up=Estimate(0.1, 0.09, 0.11),
        take_up_change=Estimate(0.001, 0.0005, 0.0015),
        added_child_months=Estimate(600.0, 550.0, 650.0),
        public_cost=Estimate(6e6, 5.9e6, 6.1e6),
        cost_per_added_child_month=cost,
        inframarginal_share=Estimate(0.9, 0.89, 0.91),
        pass_through=NOTHING,
        mvpf=NOTHING,
        prepaid_lost=NOTHING,
        poorest_share=0.2,
        replications=5,
        knowledge=(
            Knowledge("cost_per_added_child_month", "hassle", 4_000.0, 10_000.0, 20_000.0),
            Knowledge("inframarginal_share", "hassle", 0.7, 0.9, 0.95),
        ),
    )
    return replace(usual, **given)  # type: ignore[arg-type]


BASELINE = row("baseline", baseline=True, added_child_months=NOTHING, public_cost=Estimate(0.0, 0.0, 0.0), knowledge=())


def priced(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half)


def said(*rows: HeadlineRow, language: str = "en") -> list[str]:
    return [one.claim + one.doubts for one in answer([BASELINE, *rows], language)]


def test_three_sentences_hold_the_numbers_and_both_doubts() -> None:
    other = row("places", cost_per_added_child_month=priced(3_000.0, 200.0), public_cost=Estimate(8e6, 8e6, 8e6))
    did, cost, otherwise = said(row("vouchers"), other)
    for part in ("“vouchers” adds 600 child-months", "6.00 million yuan", "550 to 650"):
        assert part in did
    for part in ("10,000 yuan", "90.0", "9,000 to 11,000", "89.0 to 91.0", "4,000 to 20,000", "70.0 to 95.0"):
        assert part in cost
    for part in ("“places”", "3,000 yuan", "8.00 million yuan in all", "2,800 to 3,200", "4,000 to 20,000"):
        assert part in otherwise


def test_the_question_is_the_first_policy_after_the_baseline() -> None:
    first, second = row("first"), row("second", cost_per_added_child_month=priced(100.0, 1.0))
    assert "“first” adds" in said(first, second)[0]
    assert "“second” adds" in said(second, first)[0]


@pytest.mark.parametrize("cheapest", ["a", "b", "c"])
def test_the_other_named_is_the_cheapest_whose_addition_is_sure(cheapest: str) -> None:
    """Cheaper ones that luck may explain, or that lose children, are passed over."""
    others = [
        row(name, cost_per_added_child_month=priced(1_000.0 if name == cheapest else 2_000.0, 10.0)) for name in "abc"
    ]
    bait = priced(10.0, 1.0)
    unsure = row("unsure", cost_per_added_child_month=bait, added_child_months=Estimate(5.0, -1.0, 11.0))
    loser = row("loser", cost_per_added_child_month=bait, added_child_months=Estimate(-5.0, -9.0, -1.0))
    unpriced = row("unpriced", cost_per_added_child_month=NOTHING)
    assert f"“{cheapest}” buys more" in said(row("asked"), unsure, *others, loser, unpriced)[2]


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (priced(5_000.0, 100.0), "“other” buys more for its money"),
        (priced(10_500.0, 2_000.0), "luck does not tell “other”"),
        (
            priced(30_000.0, 100.0),
            "None of the other policies that surely add care buys more for its money: the next best, “other”",
        ),
    ],
)
def test_cheaper_dearer_and_alike_are_told_by_the_intervals(cost: Estimate, words: str) -> None:
    assert words in said(row("asked"), row("other", cost_per_added_child_month=cost))[2]


def test_who_surely_buys_more_is_named_before_a_lower_price_that_luck_may_explain() -> None:
    """A lowest price with a wide interval hides neither a sure one, nor, where none is sure, which are alike."""
    asked = row("asked", cost_per_added_child_month=priced(1_000.0, 100.0))
    wide = row("wide", cost_per_added_child_month=Estimate(500.0, 100.0, 1_200.0))
    sure = row("sure", cost_per_added_child_month=priced(600.0, 50.0))
    dearer = row("dearer", cost_per_added_child_month=priced(1_200.0, 50.0))
    skewed = row("skewed", cost_per_added_child_month=Estimate(1_500.0, 1_050.0, 3_000.0))
    assert "“sure” buys more for its money" in said(asked, wide, sure, dearer)[2]
    assert "luck does not tell “wide”" in said(asked, wide, dearer)[2]
    assert "luck does not tell “skewed”" in said(asked, skewed, dearer)[2]


def test_a_fall_that_may_be_luck_has_no_sign() -> None:
    fall = row("fall", added_child_months=Estimate(-300.0, -700.0, 100.0), cost_per_added_child_month=NOTHING)
    assert "whether the 300 child-months it takes away are more than luck" in said(fall)[0]
    assert "−100 to 700 child-months" in said(fall)[0]
    assert "入托减少 300 个儿童月" in said(fall, language="zh")[0]


def test_a_loss_has_no_price_and_no_sign() -> None:
    lost = row(
        "closing",
        added_child_months=Estimate(-600.0, -650.0, -550.0),
        cost_per_added_child_month=Estimate(-10_000.0, -11_000.0, -9_000.0),
    )
    did, cost, otherwise = said(lost, row("other"))
    assert "takes away 600 child-months" in did
    assert "550 to 650" in did
    assert "No cost of an added child-month can be given" in cost
    assert "Of the other policies that surely add care “other” adds most" in otherwise
    assert "−" not in did + cost


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    unclear = row("u", added_child_months=Estimate(3.0, -2.0, 8.0), cost_per_added_child_month=NOTHING)
    assert "cannot be told" in said(unclear)[0]
    assert "−2 to 8" in said(unclear)[0]
    supply = row("s", inframarginal_share=NOTHING)
    assert "is not defined for this policy" in said(supply)[1]
    neither = row("n", inframarginal_share=NOTHING, cost_per_added_child_month=NOTHING)
    assert said(neither)[1].startswith("Neither")
    assert said(row("x", added_child_months=NOTHING))[0] == "What “x” adds was not measured in this run."
    assert "assumptions were not varied" in said(row("k", knowledge=()))[1]
    assert "no other policy was compared" in said(row("alone"))[2]
    assert "None of the other policies" in said(row("asked"), unclear)[2]


def test_an_end_of_an_assumption_that_leaves_no_cost_is_not_left_out() -> None:
    """At it no child-month is bought at any price, which is worse than the dearest that is shown."""
    open_ended = row("o", knowledge=(Knowledge("cost_per_added_child_month", "a", None, 1000.0, 4000.0),))
    assert "1,000 to 4,000 yuan or, at an end of them, no figure at all" in said(open_ended)[1]
    closed = row("c", knowledge=(Knowledge("cost_per_added_child_month", "a", 900.0, 1000.0, 4000.0),))
    assert "no figure" not in said(closed)[1]


def test_a_policy_that_does_nothing_is_said_to_once() -> None:
    still = row("still", added_child_months=Estimate(0.0, 0.0, 0.0), public_cost=Estimate(0.0, 0.0, 0.0))
    assert len(said(still)) == 2
    assert "moves no child" in said(still)[0]


@pytest.mark.parametrize(("cost", "nothing"), [(0.0, True), (1.0, False), (None, False)])
def test_in_one_draw_nothing_is_claimed_beyond_it(cost: float | None, nothing: bool) -> None:
    still = row(
        "still",
        added_child_months=Estimate(0.0),
        public_cost=Estimate(cost),
        cost_per_added_child_month=NOTHING,
        inframarginal_share=NOTHING,
    )
    did = said(still)[0]
    assert did.startswith("In what was drawn “still” costs the public nothing") is nothing
    assert "luck was not measured" in did
    assert ("adds 0 child-months" in did) is not nothing


def test_a_policy_that_only_keeps_prepaid_fees_is_said_to() -> None:
    zero = Estimate(0.0, 0.0, 0.0)
    still = row("escrow", added_child_months=zero, public_cost=zero, prepaid_lost=Estimate(0.5e6, 0.4e6, 0.6e6))
    before = replace(BASELINE, prepaid_lost=Estimate(2e6, 1.9e6, 2.1e6))
    sentences = [one.claim + one.doubts for one in answer([before, still], "en")]
    assert "lose 0.500 million yuan of prepaid fees when institutions close, against 2.00 million" in sentences[1]
    assert "0.400 to 0.600" in sentences[1]
    assert "损失预付费 50.00 万元，基准情景下为 200.0 万元" in answer([before, still], "zh")[1].claim


@pytest.mark.parametrize(
    ("mine", "others", "turns"),
    [
        ((4_000.0, 20_000.0), (2_000.0, 5_000.0), False),
        ((4_000.0, 20_000.0), (4_500.0, 5_000.0), True),
        ((4_000.0, 20_000.0), (2_000.0, None), True),
        ((4_000.0, 20_000.0), None, False),
        ((2_500.0, 20_000.0), None, True),
    ],
)
def test_an_order_that_an_assumption_turns_is_not_claimed_everywhere(
    mine: tuple[float, float], others: tuple[float, float | None] | None, turns: bool
) -> None:
    """Setting by setting, as both policies meet it; without a line of its own, a policy stays at its centre."""
    name = "cost_per_added_child_month"
    asked = row("asked", knowledge=(Knowledge(name, "hassle", mine[0], 10_000.0, mine[1]),))
    moved = ("hassle", others[0], others[1]) if others else ("other", 3_000.0, 3_000.0)
    line = Knowledge(name, moved[0], moved[1], 3_000.0, moved[2])
    best = row("best", cost_per_added_child_month=priced(3_000.0, 10.0), knowledge=(line,))
    assert ("though not under every assumption" in said(asked, best)[2]) is turns


def under(policy: str, price: float, low: float, high: float) -> HeadlineRow:
    """A policy of that sure price, and what it is at the ends of one assumption."""
    line = Knowledge("cost_per_added_child_month", "hassle", low, price, high)
    return row(policy, cost_per_added_child_month=priced(price, 10.0), knowledge=(line,))


@pytest.mark.parametrize(("low", "turns"), [(3_500.0, False), (2_000.0, True)])
def test_where_the_asked_one_has_no_price_the_others_are_ranked_among_themselves(low: float, turns: bool) -> None:
    best, second = under("best", 3_000.0, 2_500.0, 3_200.0), under("second", 4_000.0, low, 5_000.0)
    lost = replace(under("lost", -9_000.0, -9_000.0, 9_000.0), added_child_months=Estimate(-600.0, -650.0, -550.0))
    for asked in (lost, replace(lost, cost_per_added_child_month=NOTHING)):
        assert "“best” adds most" in said(asked, best, second)[2]
        assert ("though not under every assumption" in said(asked, best, second)[2]) is turns
        assert "though not" not in said(asked, best)[2]


@pytest.mark.parametrize(("low", "turns"), [(6_000.0, False), (900.0, True)])
def test_that_none_buys_more_is_asked_of_all_that_surely_add(low: float, turns: bool) -> None:
    asked, best = under("asked", 1_000.0, 950.0, 1_050.0), under("best", 3_000.0, 2_500.0, 3_200.0)
    otherwise = said(asked, best, under("far", 9_000.0, low, 9_500.0))[2]
    assert "None of the other policies that surely add care buys more for its money: the next best, “best”" in otherwise
    assert ("though not under every assumption" in otherwise) is turns


def test_without_luck_no_policy_is_told_from_another() -> None:
    bare = row("bare", added_child_months=Estimate(600.0), cost_per_added_child_month=Estimate(10_000.0))
    did, cost, otherwise = said(bare, replace(bare, policy="other"))
    assert "luck was not measured" in did
    assert "4,000 to 20,000" in cost
    assert "cannot be said" in otherwise


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_baseline_alone_and_nothing_at_all(language: str) -> None:
    assert len(answer([BASELINE], language)) == 1
    assert answer([], language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_begins_with_the_answer(study: Results, folder: Path, language: str) -> None:
    words = " ".join(" ".join(read(write_page(study, folder, [], language)).words).split())
    rows = headline(study)
    places = []
    for sentence in answer(rows, language):
        places += [words.index(" ".join(part.split())) for part in (sentence.claim, sentence.doubts)]
    assert places == sorted(places)
    assert places[-1] < words.index("Policies shown" if language == "en" else "显示的政策")


def closing(**changes: tuple[float, float, float]) -> Results:
    """A study in which 42 institutions close under every policy; by how much each policy differs is given."""
    results = build(names=("baseline", *changes), count=2, sweep=False)
    keys = ("institutions_closed", "displaced_children", "prepaid_lost", "prepaid_refunded", "unpaid_wages")
    added = []
    for policy in results.policies:
        change, low, high = changes.get(policy, (0.0, 0.0, 0.0))
        own = dict.fromkeys(results.summary.columns) | {"policy": policy, "group": "all", "doubt": "luck", "unit": ""}
        moved = {"difference": change, "difference_low": low, "difference_high": high, "replications": 10}
        added += [own | moved | {"metric": key, "value": 42.0, "low": 40.0, "high": 44.0} for key in keys]
    extra = pl.DataFrame(added, schema=results.summary.schema)
    return replace(results, summary=pl.concat([results.summary, extra]))


def test_closures_are_told_of_the_baseline_and_where_luck_is_not_why(folder: Path) -> None:
    page = read(write_page(closing(vouchers=(2.0, -1.0, 5.0), mixed=(-3.0, -5.0, -1.0)), folder))
    words = " ".join(page.words)
    assert words.count("42 institutions closed") == 2
    assert words.index("In short") < words.index("as far as luck can tell") < words.rindex("42 institutions closed")
    everywhere = closing(vouchers=(2.0, 1.0, 5.0), mixed=(-3.0, -5.0, -1.0))
    words = " ".join(read(write_page(everywhere, folder)).words)
    assert words.count("42 institutions closed") == 3
    assert "as far as luck can tell" not in words


def test_the_poorest_fifths_share_is_of_all_public_money(study: Results) -> None:
    """The made-up money goes to fifths as 9, 14, 20, 26 and 31 per cent; where none is tied to families, a blank."""
    rows = headline(study)
    assert rows[1].poorest_share == pytest.approx(0.09)
    fifths = pl.col("group").str.starts_with("quintile")
    untied = study.summary.with_columns(value=pl.when(fifths).then(0.0).otherwise(pl.col("value")))
    assert all(row.poorest_share is None for row in headline(replace(study, summary=untied)))
    assert all(row.poorest_share is None for row in headline(replace(study, summary=study.summary.filter(~fifths))))
