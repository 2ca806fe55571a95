"""Added child-months in three parts: of children who would not have come, who come earlier, who stay longer."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest
from records import GROUPS, record
from town import NOBODY, Town, billed, instrument

from sim import dates
from sim.engine.recorder import CITY_TOTALS, TRANCHE_TOTALS, Record
from sim.study.compare import outcome
from sim.study.metrics import METRICS

PARTS = ("added_by_new_children", "added_brought_forward", "added_lengthened")
HEADS = ("new_children", "lost_children")
NAMES = (*PARTS, *HEADS)
QUINTILE = GROUPS.index("quintile=1")
MONTHS, HOUSES = 6, 2
Stays = tuple[tuple[int, int], ...]  # first and last month of each


def world(
    stays: Stays | tuple[tuple[int, int, int, int], ...],
    months: int = MONTHS,
    former: tuple[int, ...] = (),
    born: date = date(2024, 6, 1),
) -> Record:
    """A record of stays, of child 0 at house 0 unless child and house are given; child c is of quintile c + 1."""
    rows = tuple(one if len(one) == 4 else (0, 0, *one) for one in stays)
    plain = record(months, rows)
    child = plain.stays["child"]
    return replace(
        plain,
        tranche=np.zeros((len(TRANCHE_TOTALS), months, 0), np.int64),
        city=np.zeros((len(CITY_TOTALS), months), np.int64),
        unaided=np.zeros(months, np.int64),
        fee=np.zeros((months, 3, HOUSES)),
        offer_enrolled=np.zeros((months, 3, HOUSES), np.int32),
        offer_open=np.ones((months, 3, HOUSES), bool),
        bill_fees=np.zeros((1, 3, HOUSES), np.int64),
        stay_cells=(QUINTILE + child[:, None]).astype(np.int16),
        stay_birth=np.full(len(child), born.toordinal(), np.int32),
        former=np.array(former, np.int32),
    )


def told(policy: Record, baseline: Record) -> dict[str, int]:
    """What is told of all children over the window, without what is 0; the parts add up in every month and group."""
    one = outcome(policy, baseline)
    assert (sum(one.monthly[name] for name in PARTS) == one.monthly["added"]).all()
    window = {name: int(one.window[name][0]) for name in NAMES}
    assert all(int(one.monthly[name][:, 0].sum()) == window[name] for name in NAMES)
    return {name: value for name, value in window.items() if value}


def parts(new: int = 0, forward: int = 0, longer: int = 0, come: int = 0, lost: int = 0) -> dict[str, int]:
    return {name: n for name, n in zip(NAMES, (new, forward, longer, come, lost), strict=True) if n}


BY_HAND: list[tuple[str, Stays, Stays, dict[str, int]]] = [  # under the policy, in the baseline, what is told
    ("comes, and never would", ((1, 3),), (), parts(new=3, come=1)),
    ("the same, at two houses with a gap", ((0, 0), (4, 5)), (), parts(new=3, come=1)),
    ("the same, begun before the window", ((-3, 2),), (), parts(new=3, come=1)),
    ("never comes, and would", (), ((2, 5),), parts(new=-4, lost=1)),
    ("the same, begun before the window", (), ((-2, 1),), parts(new=-2, lost=1)),
    ("comes earlier", ((2, 5),), ((4, 5),), parts(forward=2)),
    ("comes earlier, with a gap", ((0, 1), (4, 5)), ((4, 5),), parts(forward=2)),
    ("comes earlier and leaves earlier", ((1, 3),), ((3, 5),), parts(forward=2, longer=-2)),
    ("comes earlier and is gone before it would come", ((0, 1),), ((4, 5),), parts(forward=2, longer=-2)),
    ("comes earlier and stays longer", ((1, 5),), ((3, 4),), parts(forward=2, longer=1)),
    ("stays longer", ((0, 4),), ((0, 2),), parts(longer=2)),
    ("stays longer, begun before the window", ((-4, 4),), ((-4, 2),), parts(longer=2)),
    ("comes back in a gap", ((0, 5),), ((0, 1), (4, 5)), parts(longer=2)),
    ("comes back in a gap behind the first month", ((0, 5),), ((0, 0), (4, 5)), parts(longer=3)),
    ("comes later", ((3, 4),), ((1, 4),), parts(longer=-2)),
    ("leaves earlier", ((0, 1),), ((0, 4),), parts(longer=-3)),
    ("comes only after the baseline's child has left", ((3, 4),), ((0, 1),), parts()),
    ("comes all the same", ((1, 4),), ((1, 4),), parts()),
]


@pytest.mark.parametrize(("policy", "baseline", "expected"), [one[1:] for one in BY_HAND], ids=[c for c, *_ in BY_HAND])
def test_by_hand(policy: Stays, baseline: Stays, expected: dict[str, int]) -> None:
    assert told(world(policy), world(baseline)) == expected


@pytest.mark.parametrize(
    ("policy", "baseline", "former", "former_before", "expected"),
    [
        (((2, 3),), (), (), (0,), parts(longer=2)),  # was there before the window, and comes back
        ((), ((2, 3),), (0,), (), parts(longer=-2)),  # does not come back
        (((2, 3),), (), (), (1, 7), parts(new=2, come=1)),  # others were there
        ((), ((2, 3),), (1, 7), (), parts(new=-2, lost=1)),
    ],
)
def test_who_was_there_before_the_window_is_neither_new_nor_lost(
    policy: Stays,
    baseline: Stays,
    former: tuple[int, ...],
    former_before: tuple[int, ...],
    expected: dict[str, int],
) -> None:
    assert told(world(policy, former=former), world(baseline, former=former_before)) == expected


def test_who_would_come_after_the_window_is_new_in_it() -> None:
    """The baseline's child comes in the seventh month: brought forward where eight are counted, new where six are."""
    assert told(world(((3, 7),), 8), world(((6, 7),), 8)) == parts(forward=3)
    assert told(world(((3, 5),), 6), world((), 6)) == parts(new=3, come=1)


def test_who_moves_is_neither_new_nor_lost() -> None:
    """At another institution in the same months; with a month more, that month alone is told."""
    assert told(world(((0, 1, 0, 3),)), world(((0, 0, 0, 3),))) == parts()
    assert told(world(((0, 1, 0, 3),)), world(((0, 0, 1, 3),))) == parts(forward=1)
    assert told(world(((0, 0, 0, 1), (0, 1, 2, 4))), world(((0, 0, 0, 3),))) == parts(longer=1)


def test_who_grows_old_enough_within_the_window_counts_from_the_first_bill() -> None:
    """A child born a month before it who comes in the fifth month, and would in the sixth or not at all."""
    born = date(2026, 4, 1)
    policy = world(((4, 5),), born=born)
    assert told(policy, world(((5, 5),), born=born)) == parts(forward=1)
    assert told(policy, world((), born=born)) == parts(new=2, come=1)


def test_each_child_counts_once_in_its_groups_and_in_its_first_month() -> None:
    """One new, one lost, one earlier, one as before, one new since before the window: of five fifths of income."""
    policy = world(((0, 0, 1, 2), (0, 1, 4, 5), (2, 0, 1, 5), (3, 0, 2, 4), (4, 0, -2, 0)))
    baseline = world(((1, 0, 3, 5), (2, 0, 2, 5), (3, 0, 2, 4)))
    monthly = outcome(policy, baseline).monthly

    def seen(name: str) -> dict[int, list[int]]:
        """By number of the fifth from 0, what is not all 0."""
        rows = monthly[name][:, QUINTILE : QUINTILE + 5].T.astype(int).tolist()
        return {fifth: row for fifth, row in enumerate(rows) if any(row)}

    assert seen("new_children") == {0: [0, 1, 0, 0, 0, 0], 4: [1, 0, 0, 0, 0, 0]}
    assert seen("lost_children") == {1: [0, 0, 0, 1, 0, 0]}
    assert seen("added_by_new_children") == {0: [0, 1, 1, 0, 1, 1], 1: [0, 0, 0, -1, -1, -1], 4: [1, 0, 0, 0, 0, 0]}
    assert seen("added_brought_forward") == {2: [0, 1, 0, 0, 0, 0]}
    assert seen("added_lengthened") == {}


# -- in a town that runs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Two:
    """A policy and its baseline."""

    town: Town
    policy: Record
    baseline: Record


@pytest.fixture(scope="module")
def two(town: Town) -> Two:
    """Half of every fee, in a hamlet with too few places: some come, some are kept out."""
    return Two(town, town.run(instrument("fee_subsidy", rate=0.5)), town.baseline)


def test_the_parts_add_up_in_every_month_and_group(two: Two) -> None:
    one = outcome(two.policy, two.baseline)
    assert (sum(one.monthly[name] for name in PARTS) == one.monthly["added"]).all()
    assert all(one.window[name][0] for name in NAMES), "all of them are at stake"
    assert (one.monthly["added_brought_forward"] >= 0).all()


def test_the_parts_are_those_of_sets_of_children(two: Two) -> None:
    """Worked out over whole histories, all children at once."""
    here, there = ((billed(one) != NOBODY).T for one in (two.policy, two.baseline))
    came_here, came_there = here.any(axis=1), there.any(axis=1)
    came_here[two.policy.former] = came_there[two.baseline.former] = True
    new, lost = here.any(axis=1) & ~came_there, there.any(axis=1) & ~came_here
    before = np.cumsum(there, axis=1) == 0
    before &= there.any(axis=1)[:, None]
    of_both = came_here & came_there
    got = outcome(two.policy, two.baseline).monthly
    expected = {
        "added_by_new_children": here[new].sum(axis=0) - there[lost].sum(axis=0),
        "added_brought_forward": (here & before)[of_both].sum(axis=0),
        "added_lengthened": ((here & ~before).astype(int) - there)[of_both].sum(axis=0),
    }
    for name, by_month in expected.items():
        assert (got[name][:, 0] == by_month).all(), name
    for name, who, bills in (("new_children", new, here), ("lost_children", lost, there)):
        starts = np.bincount(bills[who].argmax(axis=1), minlength=bills.shape[1])
        assert (got[name][:, 0] == starts).all(), name
    birth = two.town.world.families.birth
    youngest = dates.months_before(two.town.day(0), 6)
    assert (birth[new] > youngest).any(), "some grow old enough within the window"


def test_in_a_mirror_new_are_lost_and_what_is_added_is_taken_away(two: Two) -> None:
    one, other = (outcome(*pair).monthly for pair in ((two.policy, two.baseline), (two.baseline, two.policy)))
    columns = len(two.baseline.groups)
    for name, mirrored, sign in (
        ("new_children", "lost_children", 1),
        ("lost_children", "new_children", 1),
        ("added", "added", -1),
        ("added_by_new_children", "added_by_new_children", -1),
    ):
        assert (one[name][:, :columns] == sign * other[mirrored][:, :columns]).all(), name


@pytest.mark.parametrize("which", ["policy", "baseline"])
def test_a_policy_against_itself_makes_nobody_new(two: Two, which: str) -> None:
    own = getattr(two, which)
    got = outcome(own, own).monthly
    assert not any(got[name].any() for name in (*NAMES, "added"))


def test_they_are_told_by_the_groups_of_added_child_months() -> None:
    found = {metric.name: metric for metric in METRICS}
    for name in NAMES:
        assert found[name].groups == found["added_child_months"].groups
        assert found[name].unit == ("children" if name in HEADS else "child-months")
        assert (found[name].kind == "signed") == (name in ("added_by_new_children", "added_lengthened"))
