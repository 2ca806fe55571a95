"""Pairing equals a plain reckoning, bill by bill, whatever the two records hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from reckoning import bills_of, reckon
from town import Town

from sim import dates
from sim.engine.recorder import BUDGETS, CITY_TOTALS, ROW, Record
from sim.study.compare import outcome

CHILDREN, HOUSES, TIERS = 24, 6, 2
NOWHERE = -1


@dataclass(frozen=True)
class People:
    """What children keep in every world: birthdays, decision days, groups."""

    birth: NDArray[np.int32]
    day: NDArray[np.int8]
    cells: NDArray[np.int16]


def people(rng: np.random.Generator, town: Town) -> People:
    """Children of any band, each of three groups beside "all"."""
    first = dates.date_in(town.baseline.first).toordinal()
    groups = np.tile(np.arange(1, len(town.baseline.groups)), (CHILDREN, 1))
    return People(
        birth=(first - rng.integers(100, 1000, CHILDREN)).astype(np.int32),
        day=rng.integers(1, dates.DECISION_DAYS + 1, CHILDREN).astype(np.int8),
        cells=rng.permuted(groups, axis=1)[:, :3].astype(np.int16),
    )


def attendance(rng: np.random.Generator, children: int, months: int) -> NDArray[np.int64]:
    """Institution of each child in each month, NOWHERE for none, int64 (children, months).

    Changes are rare, and a third of the children stay away.
    """
    at = rng.integers(NOWHERE, HOUSES, (children, months))
    keep = rng.random((children, months)) < 0.7
    for m in range(1, months):
        at[:, m] = np.where(keep[:, m], at[:, m - 1], at[:, m])
    at[rng.random(children) < 0.35] = NOWHERE
    return at


def stays_in(rng: np.random.Generator, at: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The stays of an attendance, by child and first month; some cut in two, some begun before the window."""
    rows = []
    for child, houses in enumerate(at.tolist()):
        begin = 0
        for m in range(1, len(houses) + 1):
            if m == len(houses) or houses[m] != houses[begin] or rng.random() < 0.1:
                if houses[begin] != NOWHERE:
                    rows.append((child, houses[begin], begin or -int(rng.integers(0, 3)), m - 1))
                begin = m
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    kinds = (np.int32, np.int16, np.int16, np.int16)
    return {n: c.astype(k) for n, c, k in zip(("child", "at", "first", "last"), columns, kinds, strict=True)}


def fees(rng: np.random.Generator, record: Record) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Days from which posted fees hold, and these [fen]."""
    first = dates.date_in(record.first).toordinal()
    later = np.sort(rng.choice(np.arange(1, 28 * record.months()), rng.integers(0, 5), replace=False))
    since = np.append(first - 9, first + later).astype(np.int32)
    return since, rng.integers(50_000, 300_000, (len(since), *record.fee.shape[1:]))


def claims(rng: np.random.Generator, at: NDArray[np.int64], in_order: bool) -> dict[str, NDArray[Any]]:
    """Claims on some of the bills, by month and child or in any order, some of standing instruments only."""
    month, child = np.nonzero(at.T != NOWHERE)
    kept = np.flatnonzero(rng.random(len(month)) < rng.random())
    if not in_order:
        rng.shuffle(kept)
    fen = rng.integers(1, 100_000, len(kept)) * (rng.random(len(kept)) < 0.8)
    return {
        "claim_child": child[kept].astype(np.int32),
        "claim_month": month[kept].astype(np.int16),
        "claim_fen": fen.astype(np.int32),
        "claim_relief": rng.integers(0, 50_000, len(kept)).astype(np.int32),
        "claim_tranche": rng.integers(-1, TIERS, len(kept)).astype(np.int8),
    }


def gone_before(child: NDArray[Any]) -> NDArray[np.int32]:
    """Some of the children who have no stay in the window: those of even rows, or of odd ones, as it falls."""
    rows = np.setdiff1d(np.arange(CHILDREN), child)
    return rows[rows % 2 == len(rows) % 2].astype(np.int32)


def made_up(town: Town, who: People, stays: dict[str, NDArray[Any]], **fields: Any) -> Record:
    """A record of these stays whose totals agree with its bills: institutions keep all that families pay."""
    old = town.baseline
    months, child = old.months(), stays["child"]
    record = replace(
        old, stays=stays, stay_cells=who.cells[child], stay_birth=who.birth[child], stay_day=who.day[child],
        children=CHILDREN, former=gone_before(child),
        own=np.ones(1, bool), instrument_kinds=("voucher_pool",), instrument_tiers=np.array([TIERS]),
        tranche=np.zeros((len(old.tranche), months, TIERS), np.int64), claims=np.zeros((months, 1), np.int64),
        turned_away=np.zeros((months, 1), np.int64), budgets=np.full((len(BUDGETS), 1), -1),
        totals=np.zeros_like(old.totals), city=np.zeros_like(old.city), **fields,
    )  # fmt: skip
    bills = bills_of(record)
    paid = np.zeros(months, np.int64)
    np.add.at(paid, bills.month, bills.posted - bills.relief)
    record.totals[ROW["net_fen"], :, 0] = paid
    record.city[CITY_TOTALS.index("profit_fen")] = paid
    return record


def two_worlds(seed: int, town: Town) -> tuple[Record, Record]:
    """A policy and its baseline, alike in most children and fees; any offers open in the baseline."""
    rng = np.random.default_rng(seed)
    who, months = people(rng, town), town.baseline.months()
    before = attendance(rng, CHILDREN, months)
    after = before.copy()
    moved = np.flatnonzero(rng.random(CHILDREN) < rng.random())
    after[moved] = attendance(rng, len(moved), months)
    after[rng.random(CHILDREN) < 0.2, rng.integers(1, months) :] = NOWHERE  # some only leave earlier
    since, posted = fees(rng, town.baseline)
    dearer = posted.copy()
    dearer[rng.integers(len(since)) :, :, rng.random(posted.shape[2]) < 0.3] += rng.integers(-9_000, 9_000)
    if rng.random() < 0.3:
        since_after, dearer = fees(rng, town.baseline)
    else:
        since_after = since
    made = []
    for at, since_day, fee in ((after, since_after, dearer), (before, since, posted)):
        fields = {"bill_from": since_day, "bill_fees": fee} | claims(rng, at, in_order=rng.random() < 0.7)
        same = bool(made) and (at == after).all()
        stays = made[0].stays if same else stays_in(np.random.default_rng(seed), at)
        opened = rng.random(town.baseline.offer_open.shape) < 0.2
        made.append(made_up(town, who, stays, offer_open=opened, **fields))
    return made[0], made[1]


def assert_as_reckoned(record: Record, baseline: Record) -> dict[str, NDArray[Any]]:
    """Every part of the outcome that pairing gives is the reckoning's, to the bit; returns the reckoning."""
    found, expected = outcome(record, baseline), reckon(record, baseline)
    for name, part in expected.items():
        if name.startswith("incidence_"):
            assert (found.monthly[name][:, 0] == part / 100).all(), name
        else:
            one = "vouchers_redeemed_marginal" if name == "marginal" else name
            got = found.monthly[one] if part.ndim == 2 else found.window[one]
            assert np.array_equal(got, part), name
    return expected


@given(st.integers(0, 2**32 - 1))
def test_pairing_is_a_reckoning_child_by_child(town: Town, seed: int) -> None:
    assert_as_reckoned(*two_worlds(seed, town))


def test_the_worlds_made_up_differ_in_everything_that_is_paired(town: Town) -> None:
    """So that the law above says something."""
    many = [reckon(*two_worlds(seed, town)) for seed in range(20)]
    assert all(sum(bool(one[name].any()) for one in many) > 5 for name in many[0])


@pytest.mark.parametrize("nobody", [(0,), (1,), (0, 1)])
def test_worlds_in_which_nobody_is_billed_pair_too(town: Town, nobody: Sequence[int]) -> None:
    rng = np.random.default_rng(1)
    who, (since, posted) = people(rng, town), fees(rng, town.baseline)
    worlds = []
    for n in range(2):
        at = attendance(rng, CHILDREN, town.baseline.months())
        if n in nobody:
            at[:] = NOWHERE
        rows = {"bill_from": since, "bill_fees": posted} | claims(rng, at, in_order=True)
        worlds.append(made_up(town, who, stays_in(rng, at), **rows))
    assert_as_reckoned(*worlds)
