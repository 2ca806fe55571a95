"""Tables of institutions against plain NumPy."""

import numpy as np
import pytest
from plain import passes_uncompiled

from sim.kernels import supply
from sim.kernels.columns import CLOSED, ENROLLED, ENTRY, LEAST, SLOPES

HOUSES, GROUPS = 9, 12


@pytest.mark.parametrize("seed", range(3))
def test_offers_are_worth_taste_and_institution_where_they_admit(seed: int) -> None:
    luck = np.random.default_rng(seed)
    places = luck.integers(0, 2, (HOUSES, 4)).astype(np.int32)
    own, shaken = luck.normal(0, 300, HOUSES), luck.random(HOUSES).astype(np.float32)
    appeal, taste, out = luck.normal(0, 50, (HOUSES, 3)), luck.normal(0, 1, 3), np.empty((4, HOUSES), np.float32)
    supply.value_offers(places, own, shaken, appeal, taste, 0.002, np.float32(200), out)
    mixed = places[:, 3] > 0
    for part, (band, takes_mixed) in enumerate(((0, False), (1, False), (1, True), (2, True))):
        worth = taste[band] + 0.002 * (own - np.float32(200) * shaken) + 0.002 * appeal[:, band]
        admits = (places[:, band] > 0) | (mixed & takes_mixed)
        assert np.array_equal(out[part], np.where(admits, worth, CLOSED).astype(np.float32))


@pytest.mark.parametrize("stages", [0, 1, 3])
@pytest.mark.parametrize("kinds", [1, 3])
@pytest.mark.parametrize("classes", [1, 2])
def test_entrants_weigh_what_they_expect_to_be_billed(stages: int, kinds: int, classes: int) -> None:
    """Of every month to its group's horizon, whatever is in force then, and of vouchers by their odds."""
    luck, ages, months = np.random.default_rng(stages + 10 * kinds + 100 * classes), 2, 4
    groups = 3 * classes * ages  # three outlooks, of which the last expects what the second does
    foresees = np.repeat([False, True, True], classes * ages)
    posted = luck.uniform(500, 3000, (2, 3, HOUSES))
    patterns = np.hstack([luck.integers(0, 2, (kinds, 1)), luck.integers(0, 4, (kinds, stages))]).astype(np.int16)
    later = luck.integers(0, kinds, (2, months, 2)).astype(np.int16)
    weight = np.stack([luck.random((2, months))] * 2, axis=-1)
    weight[..., 1] = 1 - weight[..., 0]
    horizon = luck.integers(1, months + 2, (classes, HOUSES))
    # what a group is billed hangs on neither outlook nor horizon, and what it expects not on the horizon
    stages_of = luck.uniform(0, 1, (3, stages, ages, 3, HOUSES)) * np.array([1.0, 300.0, 900.0]).reshape(3, *[1] * 4)
    relief = np.tile(stages_of, (1, 1, 3 * classes, 1, 1))
    of_outlook = luck.uniform(0, 1, (3, stages, 2, 1, ages, 3)) * np.array([2.0, 1.0, 90.0]).reshape(3, *[1] * 5)
    of_outlook = of_outlook[:, :, [0, 1, 1]]
    expects, once = np.repeat(of_outlook, classes, axis=3).reshape(3, stages, groups, 3), luck.random(stages) < 0.5
    value = luck.normal(0, 1, (4, HOUSES)).astype(np.float32)
    prices, bounds = np.empty((3, groups, 3, HOUSES), np.float32), np.empty((3, 4), np.float32)
    spread = np.empty((3, groups, 3, HOUSES))
    supply.write_prices(
        posted, patterns, later, weight, horizon, np.array([0, 1, 1]), np.array([False, True, True]), stages_of,
        expects, once, value, prices, spread, bounds,
    )  # fmt: skip

    def net(p: int, more: float) -> np.ndarray:
        fee = np.broadcast_to(posted[patterns[p, 0]] + more, (groups, 3, HOUSES))
        for s in range(stages):
            (rate, amount, ceiling), mode = relief[:, s], patterns[p, 1 + s]
            face, odds, cost = (x[..., None] for x in expects[:, s])
            if mode == 1:
                fee = fee - np.minimum(fee, np.minimum(ceiling, amount + rate * fee))
            if mode >= 2:
                yet = (1 - odds) ** (mode - 2 if once[s] else 0)
                won = odds * np.minimum(fee, np.minimum(ceiling, amount * face + rate * fee))
                fee = fee - yet * np.maximum(won - cost, 0)
        return fee

    of_class = horizon[(np.arange(groups) // ages) % classes][:, None, :]
    bills = [np.rint(100 * net(p, 0)) for p in range(kinds)]
    rises = [net(p, 1.0) - net(p, 0) for p in range(kinds)]
    now, rise, tail, tail_rise = bills[0], rises[0], 0.0, 0.0
    for h in range(months):
        for which in range(2):
            for looks in (0, 1):
                share = weight[looks, h, which] * ((foresees == looks)[:, None, None] & (h < of_class - 1))
                tail = tail + share * bills[later[looks, h, which]]
                tail_rise = tail_rise + share * rises[later[looks, h, which]]
    expected = np.stack([(now + tail) / (100 * of_class), now / 100, (rise + tail_rise) / of_class])
    np.testing.assert_allclose(prices, expected, rtol=1e-6)
    np.testing.assert_allclose(
        spread, np.stack([np.broadcast_to(of_class, tail.shape), tail, tail_rise]), rtol=1e-9, atol=1e-9
    )
    least = prices[:2].min(axis=(1, 3))
    assert np.array_equal(bounds, np.vstack([least[:, [0, 1, 1, 2]], value.max(axis=1)]))


@pytest.mark.parametrize("comes_now", [False, True])
def test_new_families_weigh_odds_of_their_own(comes_now: bool) -> None:
    """Of the round before the first bill; for the next the enrolled's, and on top what it would be worth more as new.

    A voucher of 500 yuan at odds 1/5 and 4/5, hassle 20, of fees above and below it, redeemed at the first four.
    """
    fee, houses, months = np.array([2000.0, 1000.0, 300.0, 20.0, 900.0]), 5, 3
    posted = np.tile(fee, (1, 3, 1))
    patterns = np.array([[0, 2 if comes_now else 0], [0, 2], [0, 0]], np.int16)
    later = np.zeros((2, months, 2), np.int16)
    later[:, :, 0], later[:, :, 1] = 1, 2
    weight = np.tile(np.array([0.75, 0.25]), (2, months, 1))
    later[0], weight[0] = 2, (1.0, 0.0)  # whoever does not look ahead expects no round
    groups, foresees = 4, np.array([False, True, True, True])
    relief = np.zeros((3, 1, groups, 3, houses))
    relief[1, ..., :4], relief[2] = 1.0, np.inf
    expects = np.zeros((3, 1, groups, 3))
    expects[0], expects[1], expects[2] = 500.0, 0.2, 20.0
    new = expects.copy()
    new[1, :, :3] = 0.8  # the last group knows one odds
    value, once, horizon = np.zeros((4, houses), np.float32), np.zeros(1, bool), np.full((1, houses), months)
    prices, bounds = np.empty((3, groups, 3, houses), np.float32), np.empty((3, 4), np.float32)
    spread = np.empty((3, groups, 3, houses))
    supply.write_prices(
        posted, patterns, later, weight, horizon, np.arange(groups), foresees, relief[:, :, :1], expects, once, value,
        prices, spread, bounds,
    )  # fmt: skip
    before, bare, waits = prices.copy(), prices.copy(), np.array([1.0, 1.0, 0.5, 1.0])
    supply.part_entrants(
        posted, patterns, later, weight, foresees, relief[:, :, :1], expects, new, once, waits, spread, bare, prices,
        bounds,
    )  # fmt: skip
    worth = [np.maximum(odds * np.minimum(fee, 500.0) * (np.arange(5) < 4) - 20.0, 0) for odds in (0.2, 0.8)]
    first = (worth[1] - worth[0]) / months if comes_now else np.zeros(houses)
    for g in range(groups):
        apart, looks = g < 3, bool(foresees[g])
        expected = before[ENTRY, g] - first * apart
        np.testing.assert_allclose(bare[ENTRY, g], expected, atol=0.01)
        more = 0.75 * (worth[1] - worth[0]) * waits[g] * (apart and looks)
        np.testing.assert_allclose(prices[ENTRY, g] - bare[ENTRY, g], np.tile(more, (3, 1)), atol=0.01)
    assert np.array_equal(prices[ENROLLED], before[ENROLLED])
    assert np.array_equal(prices[:, 3], before[:, 3])
    assert (bounds[LEAST] == bare[ENTRY].min()).all()
    if not comes_now:
        assert np.array_equal(bare[:SLOPES], before[:SLOPES])


def test_places_are_counted_in_thirds_and_an_institution_once() -> None:
    luck = np.random.default_rng(0)
    places = luck.integers(0, 3, (HOUSES, 4)).astype(np.int32) * 10
    site = np.arange(HOUSES) % (HOUSES - 2)  # two have a second service
    places[[0, HOUSES - 2]], share = 0, np.where(site == np.arange(HOUSES), 1.0, 0.5)
    full_day, fees = share == 1, luck.integers(500, 900, (3, HOUSES)) / 1.0
    kind, district = (luck.integers(a, b, HOUSES).astype(np.int16) for a, b in ((4, 7), (7, GROUPS)))
    thirds, running = np.zeros((supply.ROWS, GROUPS), np.int64), np.zeros(GROUPS, np.int64)
    served = np.zeros((3, HOUSES), bool)
    inclusive = luck.random(HOUSES) < 0.5
    supply.places_by_group(
        places, share, full_day, inclusive, site.astype(np.int32), fees, kind, district, thirds, running, served
    )
    seats = (places * share[:, None]).astype(np.int64)
    by_band = 3 * seats[:, :3] + seats[:, 3:] * np.arange(3)
    all_day = by_band * full_day[:, None]
    counted_rows = (by_band, all_day, all_day * 100 * fees.T, by_band * inclusive[:, None])
    assert len(counted_rows) == supply.ROWS
    for row, counted in enumerate(counted_rows):
        expected = np.zeros(GROUPS)
        expected[0], expected[1:4] = counted.sum(), counted.sum(axis=0)
        for cell in (kind, district):
            expected += np.bincount(cell, counted.sum(axis=1), GROUPS)
        assert thirds[row].tolist() == expected.tolist()
    runs = np.array([seats[site == j].sum() > 0 for j in range(HOUSES)]) & full_day
    assert running[0] == runs.sum() == running[4:7].sum() == running[7:].sum()
    assert np.array_equal(served, ((places[:, :3] > 0) | ((places[:, 3:] > 0) & (np.arange(3) > 0))).T)


def test_sums_are_of_all_months_and_rows() -> None:
    table, out = np.arange(2 * 4 * 3).reshape(2, 4, 3), np.ones(3, np.int64)
    supply.sums_by_band(table, out)
    assert out.tolist() == (1 + table.sum(axis=(0, 1))).tolist()


def test_uncompiled_they_say_the_same() -> None:
    passes_uncompiled(__file__)
