"""Compile every kernel before it is needed, in two halves that two processes can do at once.

Each kernel is called once on a city without children: it does nothing, but must be compiled for it,
and lands in the cache for every later process.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim import draws
from sim.kernels import applications, bills, census, choice, pairing, places
from sim.kernels.columns import Ages, Children, Offers, Scene, Tariff, Vouchers

HALVES = 2


class _Empty(NamedTuple):
    """Arguments of the kernels for a city without children."""

    ages: Ages
    scene: Scene
    payers: bills.Payers
    log: bills.Log
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
    tariff = Tariff(of(f32, 2, 0), of(f32, 3, 4), of(f64, 3, 0), of(f64, 3, 0, 1, 3, 0), of(i16, 3, 0), 1.0)
    scene = Scene(
        birth=of(i32),
        candidate=of(i16, 0, 0),
        fixed=of(f32, 0, 0),
        outside=of(f32),
        cells=of(i16, 0, 3),
        kind_cell=of(i16),
        children=Children.at_home(0, 0),
        offers=Offers(of(f64, 0, 3), of(f32, 4, 0), of(i32, 2, 0, 4), of(i32, 4, 0)),
        vouchers=Vouchers(of(i32, 0, 0), of(i8, 0, 0)),
        tariff=tariff,
        stickiness=np.float32(0),
        events=of(i64, places.EVENTS),
    )
    payers = bills.Payers(of(i64), of(i64, 3, 0), of(i64, 3, 0), of(i64, 0, 3, 0), of(u8, 0, 0), of(i64, 2, 0))
    log = bills.Log(of(i32), of(i32), of(i8), of(i32), of(i16), of(i16), of(i16), of(u8), of(u8), of(i64, 2))
    return _Empty(
        Ages(0, 0, 0), scene, payers, log, of(np.uint32, 4), of(np.uint32), of(i64), of(i32), of(i16), of(i8), of(u8)
    )


def _choose(e: _Empty) -> None:
    """Kernels of places and counts."""
    none, groups = e.int32s, np.zeros(1, np.int64)
    places.hand_over(none, e.int64s, e.ages, e.scene)
    census.population(none, e.scene.cells, 0, 0, e.ages, 0, groups)
    census.count_enrolled(e.ages, 0, none, e.scene.cells, e.int16s, e.int16s, none, np.zeros((3, 1), np.int64))
    census.count_by_offer(e.ages, none, e.int16s, np.zeros((0, 3), np.int64))
    choice.fill_renewals(e.uint32s, 0, 0, 0.0, e.stream, np.zeros((0, 0), np.uint8))


def _draw_and_bill(e: _Empty) -> None:
    """All other kernels."""
    scene, none = e.scene, e.int32s
    draws.fill_uniforms(e.stream, e.uint32s, np.uint32(0), np.zeros((0, 4)))
    choice.renew(
        0, 0, e.uint8s, e.uint32s, e.uint32s, e.uint32s, e.stream, scene.candidate, scene.fixed, scene.outside,
        scene.children.draws,
    )  # fmt: skip
    choice.screen(
        0, 0, 0, scene.children.draws, scene.children.shorts, scene.candidate, scene.offers.value, scene.tariff.prices,
        scene.tariff.bounds, e.int8s,
    )  # fmt: skip
    bills.bill(0, 0, 0, e.ages, scene, e.payers, e.log, np.zeros((bills.FLOWS, 1), np.int64))
    applications.eligible(np.zeros(29, np.int64), none, 0, 0, np.zeros((28, 2), np.int32), none)
    applications.gains(none, 0, 0, 0.0, 0.0, True, e.ages, scene, np.zeros(0))
    enrolled, groups = np.zeros((0, 0), np.uint8), np.zeros(1, np.int64)
    pairing.fill_enrolment(none, e.int16s, e.int16s, 0, 0, enrolled)
    pairing.compare_enrolment(enrolled, enrolled, scene.cells, groups, groups.copy())


_WORK: tuple[Callable[[_Empty], None], ...] = (_choose, _draw_and_bill)


def compile_half(which: int) -> None:
    """Compile one half of the kernels into the cache; both together are all of them."""
    _WORK[which](_empty())


def compile_all() -> None:
    """Compile every kernel into the cache, one after another."""
    for which in range(HALVES):
        compile_half(which)
