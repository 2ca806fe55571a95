"""Compile every kernel before it is needed, in two halves that two processes can do at once.

Each kernel is called once on a city without children: it does nothing, but must be compiled for it,
and lands in the cache for every later process.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim import draws, nearest
from sim.kernels import (
    applications,
    bills,
    census,
    choice,
    day,
    demand,
    pairing,
    passing,
    places,
    prepayment,
    supply,
    welfare,
)
from sim.kernels.columns import Ages, Children, ChoiceInputs, Epochs, Offers, Tariff, Terms, Ties, Vouchers

HALVES = 2


class _Empty(NamedTuple):
    """Arguments of the kernels for a city without children."""

    ages: Ages
    inputs: ChoiceInputs
    payers: bills.Payers
    log: bills.Log
    days: day.Days
    work: day.Work
    stream: Any
    uint32s: Any
    int64s: Any
    int32s: Any
    int16s: Any
    int8s: Any
    uint8s: Any


def _empty() -> _Empty:
    def of(dtype: Any, *shape: int) -> Any:
        return np.zeros(shape or (0,), dtype)

    i8, i16, i32, i64, u8, f32, f64 = np.int8, np.int16, np.int32, np.int64, np.uint8, np.float32, np.float64
    tariff = Tariff(
        of(f32, 3, 0), of(f32, 3, 4), of(f64, 3, 0), of(f64, 3, 0, 1, 3, 0), of(i16, 3, 0), of(f64, 3, 0), of(f64, 1),
        of(f32, 3, 0),
    )  # fmt: skip
    children = Children.at_home(0)
    inputs = ChoiceInputs(
        birth=of(i32),
        candidate=of(i16, 0, 0),
        fixed=of(f32, 0, 0),
        outside=of(f32),
        lasting=of(f32),
        cells=of(i16, 0, 3),
        kind_cell=of(i16),
        epochs=Epochs.of(0, 0),
        children=children,
        offers=Offers(of(f64, 0, 3), of(f32, 4, 0), of(i32, 2, 0, 4), of(i32, 4, 0)),
        vouchers=Vouchers(of(i32, 0, 0), of(i8, 0, 0), of(i32, 0, 0)),
        tariff=tariff,
        ties=Ties(np.float32(0), np.float32(0), of(f32), of(f32), children.links, children.counts),
        prepaid=Terms(of(i64), of(f32), of(i64), of(i64, 1)),
        site=of(i32),
        events=of(i64, places.EVENTS),
        lists=of(i64, places.LISTS, 3),
    )
    payers = bills.Payers(of(i64), of(i64, 4, 0), of(i64, 3, 0), of(i64, 0, 3, 0), of(u8, 0, 0), of(i64, 2, 0), of(i64))
    log = bills.Log(of(i32), of(i32), of(i32), of(i8), of(i32), of(i16), of(i16), of(i16), of(u8), of(u8), of(i64, 2))
    days = day.Days(
        when=of(i64, 2), today=of(i64), edges=of(i64, 0, 5), ages=of(i64, 0, 3), fresh=of(i32), fresh_at=of(i64, 1),
        epoch=of(i64), drawn=of(f32, 0, 1), aged=of(i64, 0, 0, 3), alpha=of(f32),
        grown=of(i64, 0, 0, 2),
    )  # fmt: skip
    work = day.Work(
        rows=of(i32), at=of(i16), face=of(i32, 0, 0), sunk=of(f32), free=of(np.bool_, 4, 0), last=of(i16),
        left=passing.Sorted.of(0), before=of(i64, 4, 0), weighed=of(i64, 1),
    )  # fmt: skip
    return _Empty(
        Ages(0, 0, 0),
        inputs,
        payers,
        log,
        days,
        work,
        of(np.uint32, 4),
        of(np.uint32),
        of(i64),
        of(i32),
        of(i16),
        of(i8),
        of(u8),
    )


def _seat(e: _Empty) -> None:
    """Kernels of places, which take as long to compile as all others."""
    none = e.int32s
    places.remove_children(none, places.AGED_OUT, e.int64s, 0, e.ages, e.inputs)
    places.serve(none, 0, e.ages, e.inputs)
    flows, gains = np.zeros((bills.FLOWS, 1), np.int64), np.zeros(1, np.int64)
    luck, work = day.Luck(e.uint32s, e.stream, e.stream), e.work
    month, free, there, reach = day.nothing_beside(e.inputs, work)
    day.run_days(
        e.days, day.Mode(False, False, False, False), luck, e.inputs, e.payers, e.log, flows, month, there, free, reach,
        work, gains,
    )  # fmt: skip
    day.set_digits(np.zeros((0, 0), np.bool_), 1, e.int16s)


def _all_else(e: _Empty) -> None:
    """All other kernels."""
    inputs, none = e.inputs, e.int32s
    draws.fill_uniforms(e.stream, e.uint32s, np.uint32(0), np.zeros((4, 0)))
    nearest.find_nearest(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 1), np.int16), np.zeros((0, 1), np.float32))
    fresh = np.zeros((0, 1), np.float32)
    drawn = (
        none, e.uint32s, e.uint32s, e.uint32s, e.uint32s, e.stream, inputs.candidate, inputs.fixed, inputs.outside
    )  # fmt: skip
    choice.draw_epochs(*drawn, fresh)
    choice.draw_and_begin(*drawn, 0, inputs.epochs)
    passing.mark_exposed(inputs.candidate, np.zeros(0, np.bool_), e.uint8s)
    tariff, value, nothing = inputs.tariff, inputs.offers.value, passing.Reach.nothing()
    passing.compare(tariff, value, tariff, value, np.zeros(0, np.bool_), nothing)
    demand.expect(
        np.zeros((0, 5), np.int64), inputs.offers.value, np.zeros(0), np.zeros(0), none, none, inputs,
        demand.Weighed.nothing(tariff), np.zeros((2, 3, 0)), np.zeros((3, 0, 0)),
    )  # fmt: skip
    applications.eligible(np.zeros(29, np.int64), none, 0, 0, np.zeros((28, 2), np.int32), none)
    found = none.copy()
    found.flags.writeable = False  # nobody may write to the children found eligible: another type to the compiler
    aware = np.zeros(0, bool)
    applications.learn(found, np.zeros(0), e.int16s, 0.0, 0.0, none, aware, aware.copy(), none)
    applications.meet_redeemers(e.int16s, inputs.candidate, none, np.zeros(0, np.bool_), none, np.zeros(0))
    applications.hear(found, np.zeros(0), e.int16s, 0.0, 0.0, np.zeros(0), aware)
    applications.count_children(none, none, e.ages, inputs.cells, np.zeros(4, np.int64))
    applications.gains(none, 0, 0, 0.0, 0.0, True, e.ages, inputs, np.zeros(0), np.zeros(0))
    groups = np.zeros(1, np.int64)
    faced = welfare.Faced(
        inputs.tariff, inputs.offers.value, np.zeros((4, 0), np.bool_), inputs.children.group, inputs.children.at,
        inputs.vouchers.face, inputs.children.at, np.zeros(0, np.float32), inputs.children.at,
    )  # fmt: skip
    welfare.add_gains(np.zeros(5, np.int64), e.ages, faced, faced, inputs, False, e.work.left, groups)
    census.births(none, inputs.cells, 0, np.zeros((0, 1), np.int64))
    enrolled, waiting = np.zeros((0, 3), np.int64), np.zeros((0, 3), np.int32)
    counted = np.zeros((census.HEADS, 1), np.int64)
    none_by_age, seated = np.zeros((0, census.AGES + 1), np.int64), census.Seated(none, e.int64s)
    census.by_age(np.zeros(29, np.int64), e.int64s, none, none_by_age)
    census.find_seated(none_by_age, e.int16s, none, e.int64s)
    census.heads(
        seated, e.ages, none, e.int16s, inputs.cells, e.int16s, e.int64s, e.int16s, none, none, counted, enrolled,
        waiting,
    )  # fmt: skip
    table, f64s, f32s, fees = np.zeros((0, 3)), np.zeros(0), np.zeros(0, np.float32), np.zeros((3, 0))
    places, kind, flags = inputs.offers.places, inputs.kind_cell, np.zeros(0, np.bool_)
    supply.value_offers(places, f64s, f32s, table, np.zeros(3), 1.0, np.float32(1), inputs.offers.value)
    supply.write_prices(
        np.zeros((1, 3, 0)), np.zeros((1, 1), np.int16), np.zeros((2, 0, 2), np.int16), np.zeros((2, 0, 2)),
        np.ones((1, 0), np.int64), groups, np.zeros(1, np.bool_), inputs.tariff.stages, np.zeros((3, 0, 1, 3)),
        np.zeros(0, np.bool_), inputs.offers.value, np.zeros((3, 1, 3, 0), np.float32), np.zeros((3, 1, 3, 0)),
        np.zeros((3, 4), np.float32),
    )  # fmt: skip
    expected = np.zeros((3, 0, 1, 3))
    supply.part_entrants(
        np.zeros((1, 3, 0)), np.zeros((1, 1), np.int16), np.zeros((2, 1, 2), np.int16), np.zeros((2, 1, 2)),
        np.zeros(1, np.bool_), inputs.tariff.stages, expected, expected, np.zeros(0, np.bool_), np.zeros(1),
        np.zeros((3, 1, 3, 0)), np.zeros((3, 1, 3, 0), np.float32), np.zeros((3, 1, 3, 0), np.float32),
        np.zeros((3, 4), np.float32),
    )  # fmt: skip
    supply.places_by_group(
        places, f64s, flags, flags, none, fees, kind, kind, np.zeros((supply.ROWS, 1), np.int64), groups,
        np.zeros((3, 0), np.bool_),
    )  # fmt: skip
    supply.sums_by_band(np.zeros((0, 0, 3)), np.zeros(3))
    supply.sums_by_band(np.zeros((0, 0, 3), np.int32), np.zeros(3, np.int64))
    census.by_offer(seated, e.int16s, enrolled)
    prepayment.unused(np.zeros(0, np.bool_), seated, inputs, none, e.int64s)
    census.live(e.uint8s, inputs.vouchers.face, inputs.vouchers.tranche, e.int64s, e.int64s)
    nobody = np.zeros((0, 28), np.int64)
    choice.find_renewals(e.uint32s, 0, 0.0, e.stream, nobody, nobody, none, nobody)
    stays = np.zeros((0, 6), np.int32)
    world = pairing.Billed(stays, inputs.cells, none, e.int64s, np.zeros((0, 3, 0), np.int64))
    table, cube, flags = (
        np.zeros((0, 1), np.int64),
        np.zeros((pairing.ADDED_PARTS, 0, 1), np.int64),
        np.zeros(0, np.bool_),
    )
    pairing.pair_bills(
        world, world, np.zeros((2, 0), np.int64), flags, np.zeros((0, 0), np.bool_),
        np.zeros((pairing.PARTS, 0), np.int64), cube, cube[:2].copy(), table,
    )  # fmt: skip
    claims = pairing.Claims(none, e.int16s, none, none, e.int8s)
    pairing.pair_claims(claims, stays, flags, np.zeros((2, 0), np.int64))
    pairing.count_claims(claims, flags, world, 0, np.zeros((2, 1), np.int64), np.zeros((2, 1)), table)


_WORK: tuple[Callable[[_Empty], None], ...] = (_seat, _all_else)


def compile_half(which: int) -> None:
    """Compile one half of the kernels into the cache; both together are all of them."""
    _WORK[which](_empty())


def compile_all() -> None:
    """Compile every kernel into the cache, one after another."""
    for which in range(HALVES):
        compile_half(which)
