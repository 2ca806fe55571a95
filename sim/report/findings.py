"""What each policy does, in sentences, and the doubts that no sentence leaves out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.report.grids import named
from sim.report.numerals import show, spread, unbroken
from sim.report.series import gather
from sim.report.tables import HeadlineRow, Results
from sim.report.words import form, text
from sim.study.estimate import Estimate

_NOTICED = 0.005  # of the mean fee: a smaller move is in the table
PARTS_OF_ADDED = ("by_new_children", "brought_forward", "lengthened")
CLOSURES = ("institutions_closed", "displaced_children", "prepaid_lost", "prepaid_refunded", "unpaid_wages")


@dataclass(frozen=True)
class Finding:
    """What is said of one policy: its name and place in the file, and the sentences."""

    policy: str
    number: int
    said: str


def findings(rows: Sequence[HeadlineRow], results: Results, language: str) -> list[Finding]:
    """Say what each policy does; what closures cost is said of the baseline, and again only where luck is not why."""
    differ = {row.policy for row in rows if not row.baseline and _closures_differ(row.policy, results)}
    found = []
    for number, row in enumerate(rows):
        said: list[str] = []
        if row.added_child_months.defined and not row.baseline:
            said += _effect_said(row, results, language)
            said += _fees_moved(row.policy, results, language)
        if row.baseline or row.policy in differ:
            said += _closed(row.policy, results, language)
        if row.baseline and said and len(differ) < len(rows) - 1:
            said.append(text("finding.closures_alike", language))
        if said:
            found.append(Finding(named(row.policy), number, unbroken(text("list.sentence", language).join(said))))
    return found


def effect(row: HeadlineRow) -> str:
    """Name what the policy does to enrolment: added, lost, unclear, no_effect, or undefined.

    no_effect : nothing is spent and nobody moves, in any draw; where luck was not measured, in what was drawn
    """
    added = row.added_child_months
    if not added.defined or added.value is None:
        return "undefined"
    if row.public_cost.value == 0 and all(number in (None, 0) for number in (added.value, added.low, added.high)):
        return "no_effect"
    if added.holds_zero:
        return "unclear"
    return "added" if added.value >= 0 else "lost"


def wording(row: HeadlineRow) -> str:
    """Name the words for the effect: no_effect claims no more than what was drawn where luck was not measured."""
    does = effect(row)
    return "no_effect_drawn" if does == "no_effect" and not row.added_child_months.bounded else does


def _effect_said(row: HeadlineRow, results: Results, language: str) -> Iterator[str]:
    """Say what the policy does; no number that hangs on assumptions without its range."""
    added, does = row.added_child_months, effect(row)
    # a loss is said without its sign, and so is its interval
    shown = mirrored(added) if does == "lost" else added
    yield text(
        f"finding.{wording(row)}",
        language,
        added=show(shown.value, "count", language=language),
        luck=_luck(shown, "count", language),
        cost=show(row.public_cost.value, "money", language=language),
    )
    if does == "added":
        yield from _new(row.policy, results, language)
    for name, sentence in (
        ("cost_per_added_child_month", "finding.per_added"),
        ("inframarginal_share", "finding.inframarginal"),
        ("mvpf", "finding.mvpf"),
    ):
        estimate = getattr(row, name)
        # where months are lost, none is bought
        if estimate.defined and not (does == "lost" and name.startswith("cost")):
            value = show(estimate.value, form(name), language=language)
            yield text(sentence, language, value=value, doubts=_doubts(row, name, language))
    yield from _passed(row, language)


def mirrored(estimate: Estimate) -> Estimate:
    """Turn a fall into a number that is said without its sign."""
    value, low, high = (None if end is None else -end for end in (estimate.value, estimate.high, estimate.low))
    return Estimate(value, low, high)


def _new(policy: str, results: Results, language: str) -> Iterator[str]:
    """Say how many of the added months are of children who would not have come, who come earlier, who stay longer."""
    new, forward, longer = (results.entry(policy, f"added_{part}").own for part in PARTS_OF_ADDED)
    if new.defined and forward.defined and longer.defined:
        shown = {
            key: show(one.value, "count", language=language) for key, one in (("forward", forward), ("longer", longer))
        }
        value = show(new.value, "count", language=language)
        yield text("finding.new", language, value=value, luck=_luck(new, "count", language), **shown)


def _passed(row: HeadlineRow, language: str) -> Iterator[str]:
    """Say what part of the money ended in higher fees, where institutions set any."""
    passed = row.pass_through
    if passed.value is None or not passed.defined:
        return
    falls = passed.value < 0 and not passed.holds_zero
    key = "fees_unclear" if passed.holds_zero else "fees_fall" if falls else "pass_through"
    shown = mirrored(passed) if falls else passed
    value = show(shown.value, "plain", language=language)
    yield text(f"finding.{key}", language, value=value, luck=_luck(shown, "plain", language))


def _fees_moved(policy: str, results: Results, language: str) -> Iterator[str]:
    """Say how far the mean posted fee moves over the window and by its last month, where it moves beyond luck."""
    entry = results.entry(policy, "mean_fee")
    usual = results.entry(results.baseline or "", "mean_fee").own.value
    moved = entry.change
    if moved.value is None or not moved.bounded or moved.holds_zero or not usual:
        return
    if abs(moved.value) < _NOTICED * usual:
        return
    monthly = gather(results, ["mean_fee"])
    change, level = monthly.change(policy, "mean_fee"), monthly.level(monthly.baseline or "", "mean_fee")
    if change is None or level is None or not monthly.counted.any():
        return
    falls = moved.value < 0
    shown, sign = (mirrored(moved), -1) if falls else (moved, 1)
    last = sign * float(np.nanmean(change[:, monthly.counted][:, -1]))
    before = float(np.nanmean(level[:, monthly.counted][:, -1]))
    yield text(
        f"finding.mean_fee_{'falls' if falls else 'rises'}",
        language,
        value=show(shown.value, "yuan", language=language),
        share=show((shown.value or 0.0) / usual, "share", language=language),
        luck=_luck(shown, "yuan", language),
        last=show(last, "yuan", language=language),
        last_share=show(last / before, "share", language=language),
    )


def _closed(policy: str, results: Results, language: str) -> Iterator[str]:
    """Say what closures cost, where any institution closed."""
    said = {key: results.entry(policy, key).own.value for key in CLOSURES}
    if said["institutions_closed"] and None not in said.values():
        shown = {key: show(value, form(key), language=language) for key, value in said.items()}
        yield text("finding.closures", language, **shown)


def _closures_differ(policy: str, results: Results) -> bool:
    """Say whether anything about closures differs from the baseline beyond luck."""
    changes = (results.entry(policy, key).change for key in CLOSURES)
    return any(change.defined and change.bounded and not change.holds_zero for change in changes)


def _luck(estimate: Estimate, kind: str, language: str) -> str:
    between = spread(estimate.low, estimate.high, kind, like=estimate.value, language=language)
    return text("finding.luck", language, spread=between) if between else text("finding.no_luck", language)


def _doubts(row: HeadlineRow, name: str, language: str) -> str:
    known = row.known_range(name)
    luck = _luck(getattr(row, name), form(name), language)
    if known is None:
        moved = text("finding.no_knowledge", language)
    else:
        key = "finding.knowledge_open" if row.known_open(name) else "finding.knowledge"
        moved = text(key, language, spread=spread(*known, form(name), language=language))
    return text("list.semicolon", language).join((luck, moved))
