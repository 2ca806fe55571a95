"""Counts at a month's end against plain counting, child by child."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from plain import passes_uncompiled

from sim.kernels import census, columns, prepayment

DAYS, PER_DAY, HOUSES, GROUPS, CELLS = 28, 90, 5, 14, 3
AGES = columns.Ages(toddler=700, mixed=600, older=400)
BORN = (150, 900)  # whoever sits or waits is born after the first and by the second
UNDER_36 = 300
Columns = dict[str, NDArray[Any]]


def children(seed: int, per_day: int = PER_DAY) -> Columns:
    """Children of 28 days, sorted by birth within each; a tenth sit, some wait, some of these inside."""
    luck, n = np.random.default_rng(seed), DAYS * per_day
    birth = np.sort(luck.integers(0, 1200, (DAYS, per_day)), axis=1).ravel().astype(np.int32)
    may = (birth > BORN[0]) & (birth <= BORN[1])
    return {
        "slices": np.arange(DAYS + 1) * per_day,
        "birth": birth,
        "cells": luck.integers(7, GROUPS, (n, CELLS)).astype(np.int16),
        "kind_cell": luck.integers(4, 7, HOUSES).astype(np.int16),
        "full_time": luck.integers(10, 61, HOUSES),
        "at": np.where(may & (luck.random(n) < 0.1), luck.integers(0, HOUSES, n), -1).astype(np.int16),
        "on_list": np.where(may & (luck.random(n) < 0.05), luck.integers(0, 3 * HOUSES, n), -1).astype(np.int32),
    }


def seated(c: Columns) -> census.Seated:
    born = np.array([BORN[0], UNDER_36, AGES.older, AGES.toddler, BORN[1]])
    by_age, rows = np.zeros((DAYS, census.AGES + 1), np.int64), np.zeros(len(c["birth"]), np.int32)
    ends = np.zeros(DAYS * census.AGES, np.int64)
    census.by_age(c["slices"], born, c["birth"], by_age)
    return census.Seated(rows[: census.find_seated(by_age, c["at"], rows, ends)], ends)


def lists(c: Columns) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Head of each waiting list, and whoever comes after each child."""
    first, after = np.full(3 * HOUSES, -1, np.int32), np.full(len(c["birth"]), -1, np.int32)
    for i in np.flatnonzero(c["on_list"] >= 0):
        first[c["on_list"][i]], after[i] = i, first[c["on_list"][i]]
    return first, after


def band(birth: int) -> int:
    return int(birth <= AGES.toddler) + int(birth <= AGES.older)


def kin_of(c: Columns) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Number of each child's groups, and which these are."""
    cells_of, kin = np.unique(c["cells"], axis=0, return_inverse=True)
    return kin.astype(np.int16), cells_of


def plain_heads(c: Columns) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Every child of the city is looked at."""
    out = np.zeros((census.HEADS, GROUPS), np.int64)
    enrolled, waiting = np.zeros((HOUSES, 3), np.int64), np.zeros((HOUSES, 3), np.int32)
    for birth, cells, j, offer in zip(c["birth"], c["cells"], c["at"], c["on_list"], strict=True):
        if offer >= 0:
            waiting[offer // 3, offer % 3] += 1
        if j >= 0:
            enrolled[j, band(birth)] += 1
            for cell in (0, 1 + band(birth), c["kind_cell"][j], *cells):
                out[census.ENROLLED, cell] += 1
                out[census.ENROLLED_UNDER_36, cell] += birth > UNDER_36
                out[census.FULL_TIME, cell] += c["full_time"][j]
        elif offer >= 0:
            for cell in (0, 1 + band(birth), *cells):
                out[census.WAITING, cell] += 1
    return out, enrolled, waiting


@pytest.mark.parametrize("seed", range(4))
def test_heads_are_counted_as_one_by_one(seed: int) -> None:
    c = children(seed, PER_DAY if seed else 0)
    expected = plain_heads(c)
    counts = tuple(np.zeros_like(part) for part in expected)
    census.heads(seated(c), AGES, c["birth"], *kin_of(c), c["kind_cell"], c["full_time"], c["at"], *lists(c), *counts)
    for found, wanted in zip(counts, expected, strict=True):
        assert np.array_equal(found, wanted)
    assert seed == 0 or (expected[0].sum(axis=1) > 0).all()
    assert seed == 0 or (c["at"] >= 0)[c["on_list"] >= 0].any(), "some wait for the next band where they sit"


@pytest.mark.parametrize("seed", range(3))
def test_whoever_sits_is_listed(seed: int) -> None:
    c = children(seed)
    assert np.array_equal(seated(c).rows, np.flatnonzero(c["at"] >= 0))


@pytest.mark.parametrize("seed", range(3))
def test_children_by_offer_are_those_of_the_heads(seed: int) -> None:
    c = children(seed)
    out = np.zeros((HOUSES, 3), np.int64)
    census.by_offer(seated(c), c["at"], out)
    assert np.array_equal(out, plain_heads(c)[1])


@pytest.mark.parametrize("n", [0, 5, 8, 403])
def test_live_vouchers_are_counted_by_pool_and_tranche(n: int) -> None:
    """Children that are no multiple of eight; some hold vouchers of two pools."""
    luck, sizes = np.random.default_rng(n), (2, 3)
    face = np.where(luck.random((2, n)) < 0.15, 50_000, 0).astype(np.int32)
    tranche = np.stack([luck.integers(0, size, n) for size in sizes]).astype(np.int8)
    held = (face > 0).sum(axis=0).astype(np.uint8)
    expected = np.concatenate([np.bincount(tranche[v][face[v] > 0], minlength=sizes[v]) for v in range(2)])
    out = np.zeros(sum(sizes), np.int64)
    census.live(held, face, tranche, np.array([0, 2, 5]), out)
    assert np.array_equal(out, expected)
    assert n < 400 or ((held == 2).any() and (expected > 0).all())
    assert n != 5 or expected.sum() > 0, "no whole eight"


@pytest.mark.parametrize("seed", range(3))
def test_unused_fees_are_listed_child_by_child(seed: int) -> None:
    """Of some institutions: as many months as are paid ahead, each at what it was paid with."""
    c, luck = children(seed), np.random.default_rng(seed)
    n, e = len(c["birth"]), np.zeros(0)
    town = columns.Children.at_home(n)
    town.at[:] = c["at"]
    town.counts[columns.MONTHS_AHEAD], town.links[columns.PAID] = luck.integers(0, 4, n), luck.integers(0, 9**6, n)
    inputs = columns.ChoiceInputs(*[town if f == "children" else e for f in columns.ChoiceInputs._fields])
    of = np.arange(HOUSES) != seed
    ahead, paid = town.counts[columns.MONTHS_AHEAD].astype(int), town.paid
    expected = [(i, ahead[i] * int(paid[i])) for i in np.flatnonzero(c["at"] >= 0) if of[c["at"][i]]]
    rows, fen = np.zeros(n, np.int32), np.zeros(n, np.int64)
    count = prepayment.unused(of, seated(c), inputs, rows, fen)
    assert list(zip(rows[:count].tolist(), fen[:count].tolist(), strict=True)) == expected
    assert 0 < sum(f > 0 for _, f in expected) < len(expected)


def test_uncompiled_they_count_the_same() -> None:
    passes_uncompiled(__file__)
