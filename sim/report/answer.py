"""The answer in three sentences: what the policy did, what that cost, what else the money could buy.

The question's policy is the first after the baseline, in the order of the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan

from sim.report import names
from sim.report.findings import effect, mirrored, wording
from sim.report.numerals import show, spread, unbroken
from sim.report.tables import HeadlineRow
from sim.report.words import form, text

COST, SHARE = "cost_per_added_child_month", "inframarginal_share"
CENTRE = ("", "central")  # every assumption at its centre
NAME_COLUMNS = 40  # of a policy's name, so that three sentences stay on the first screen


@dataclass(frozen=True)
class Sentence:
    """One sentence: what is claimed, and behind it the doubts that belong to it."""

    claim: str
    doubts: str = ""


def answer(rows: Sequence[HeadlineRow], language: str) -> list[Sentence]:
    """Return the sentences: three, fewer where there is nothing to say; one if a baseline stands alone.

    rows : the headline, the baseline first
    """
    if not rows:
        return []
    policies = [row for row in rows if not row.baseline]
    if not policies:
        return [Sentence(text("answer.baseline_only", language), text("answer.end", language))]
    asked, *others = policies
    kept = _prepaid(asked, rows[0], language) if effect(asked) == "no_effect" else _cost(asked, language)
    found = [_did(asked, language), *kept, _else(asked, others, language)]
    return [Sentence(unbroken(one.claim), unbroken(one.doubts)) for one in found]


def _did(row: HeadlineRow, language: str) -> Sentence:
    does, added = effect(row), row.added_child_months
    # a fall is said without its sign, also where it may be luck
    falls = does == "lost" or (does == "unclear" and (added.value or 0.0) < 0)
    added = mirrored(added) if falls else added
    key = "unclear_fall" if falls and does == "unclear" else wording(row)
    claim = text(
        f"answer.{key}",
        language,
        policy=_called(row),
        added=show(added.value, "count", language=language),
        cost=show(row.public_cost.value, "money", language=language),
    )
    if does in ("no_effect", "undefined"):
        return Sentence(claim, text("answer.end", language))
    between = spread(added.low, added.high, "count", like=added.value, language=language)
    luck = text("answer.months.luck", language, spread=between) if between else text("answer.no_luck", language)
    return Sentence(claim, text("answer.doubts", language, doubts=luck))


def _cost(row: HeadlineRow, language: str) -> Iterator[Sentence]:
    """Say what an added child-month cost and what would have come anyway, with both sorts of doubt."""
    priced = getattr(row, COST).defined and effect(row) != "lost"
    given = [name for name, said in ((COST, priced), (SHARE, getattr(row, SHARE).defined)) if said]
    key = {(COST, SHARE): "both", (COST,): "cost", (SHARE,): "share", (): "neither"}[tuple(given)]
    shown = {name: show(getattr(row, name).value, form(name), language=language) for name in (COST, SHARE)}
    claim = text(f"answer.{key}", language, cost=shown[COST], share=shown[SHARE])
    yield Sentence(claim, _doubts(row, given, language) if given else text("answer.end", language))


def _prepaid(row: HeadlineRow, baseline: HeadlineRow, language: str) -> Iterator[Sentence]:
    """Say of a policy that moves no child what it does for fees paid in advance, where some policy gives any back."""
    lost, before = row.prepaid_lost, baseline.prepaid_lost
    if not lost.defined or not before.defined:
        return
    shown = {key: show(one.value, "money", language=language) for key, one in (("lost", lost), ("before", before))}
    claim = text("answer.prepaid", language, **shown)
    if lost.bounded and lost.low == lost.high:
        yield Sentence(claim, text("answer.end", language))
        return
    between = spread(lost.low, lost.high, "money", like=lost.value, language=language)
    luck = text("answer.money.luck", language, spread=between) if between else text("answer.no_luck", language)
    yield Sentence(claim, text("answer.doubts", language, doubts=luck))


def _else(asked: HeadlineRow, others: Sequence[HeadlineRow], language: str) -> Sentence:
    """Name the other policy that buys most for its money, among those whose addition luck does not explain."""
    sure = [row for row in others if _surely_adds(row)]
    if not sure:
        measured = any(row.added_child_months.bounded for row in others)
        key = "alone" if not others else "none_certain" if measured else "unmeasured"
        return Sentence(text(f"answer.{key}", language), text("answer.end", language))
    key, best = _compared(asked, sure)
    claim = text(
        f"answer.{key}",
        language,
        policy=_called(best),
        asked=_called(asked),
        value=show(best.cost_per_added_child_month.value, form(COST), language=language),
        cost=show(best.public_cost.value, "money", language=language),
    )
    # what the claim ranks: the best among the others, the asked one before all of them, or the two with each other
    pairs = {"only": [(best, row) for row in sure], "dearer": [(asked, row) for row in sure]}
    turned = any(_order_turns(*pair) for pair in pairs.get(key, [(asked, best)]))
    return Sentence(claim + (text("answer.turns", language) if turned else ""), _doubts(best, [COST], language))


def _surely_adds(row: HeadlineRow) -> bool:
    added = row.added_child_months
    return effect(row) == "added" and added.bounded and not added.holds_zero and row.cost_per_added_child_month.defined


def _compared(asked: HeadlineRow, sure: Sequence[HeadlineRow]) -> tuple[str, HeadlineRow]:
    """Say how the others that surely add stand to the policy asked about, and which of them is the one to name.

    cheaper : some surely buy more, and the best of these is named; dearer : all surely buy less
    alike : none surely buys more, and of some luck does not tell; only : the policy asked about has no sure price
    """
    mine = asked.cost_per_added_child_month
    if effect(asked) == "lost" or mine.low is None or mine.high is None:
        return "only", min(sure, key=_price)
    ends = [(row, row.cost_per_added_child_month) for row in sure]
    if cheaper := [row for row, price in ends if price.high is not None and price.high < mine.low]:
        return "cheaper", min(cheaper, key=_price)
    if alike := [row for row, price in ends if price.low is None or price.low <= mine.high]:
        return "alike", min(alike, key=_price)
    return "dearer", min(sure, key=_price)


def _price(row: HeadlineRow) -> float:
    return row.cost_per_added_child_month.value or 0.0


def _order_turns(asked: HeadlineRow, best: HeadlineRow) -> bool:
    """Say whether which of two policies is cheaper is another at some setting of what nobody knows.

    A policy that an assumption does not move stays at its centre; where a price is undefined the order is not sure.
    """
    mine, other = _settings(asked), _settings(best)
    if not mine or not other:
        return False
    cheaper = mine[CENTRE] < other[CENTRE]
    for setting in {**mine, **other}:
        one, two = mine.get(setting, mine[CENTRE]), other.get(setting, other[CENTRE])
        if isnan(one) or isnan(two) or (one < two) != cheaper:
            return True
    return False


def _settings(row: HeadlineRow) -> dict[tuple[str, str], float]:
    """Return the price of an added child-month at the ends of each assumption and at the centre of all, NaN for none.

    Empty where no assumption was moved or the centre has no price.
    """
    found: dict[tuple[str, str], float] = {}
    for line in row.knowledge:
        if line.metric == COST and line.central is not None:
            ends = {"low": line.low, "high": line.high}
            found |= {(line.assumption, end): nan if price is None else price for end, price in ends.items()}
            found[CENTRE] = line.central
    return found


def _doubts(row: HeadlineRow, given: Sequence[str], language: str) -> str:
    """Write luck's intervals and the ranges over the assumptions, of each number that was claimed."""
    luck = [_spread(row, name, (getattr(row, name).low, getattr(row, name).high), language) for name in given]
    known = [_known(row, name, language) for name in given]
    doubts = (_listed("luck", luck, language), _listed("knowledge", known, language))
    return text("answer.doubts", language, doubts=text("list.semicolon", language).join(doubts))


def _known(row: HeadlineRow, name: str, language: str) -> str:
    """Write the range of a number over the assumptions, and that some leave none."""
    between = _spread(row, name, row.known_range(name) or (None, None), language)
    return text("answer.open", language, spread=between) if between and row.known_open(name) else between


def _listed(doubt: str, spreads: Sequence[str], language: str) -> str:
    said = [one for one in spreads if one]
    if not said:
        return text(f"answer.no_{doubt}", language)
    return text(f"answer.{doubt}", language, spreads=text("list.and", language).join(said))


def _spread(row: HeadlineRow, name: str, ends: tuple[float | None, float | None], language: str) -> str:
    between = spread(*ends, form(name), like=getattr(row, name).value, language=language)
    return text("answer.yuan", language, spread=between) if between and name == COST else between


def _called(row: HeadlineRow) -> str:
    return names.shorten(names.tidy(row.policy), NAME_COLUMNS)
