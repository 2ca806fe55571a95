"""The tariff: what each family group would pay at each offer, from the instruments in force."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels.columns import AMOUNT, BAND_OF_PART, CEILING, CLOSED, MOST, RATE, Tariff
from sim.policy.instrument import Columns, Groups, Instrument, Offered, Relief

MOST_GROUPS = 512
MOST_CELLS = 1_000_000


class TooManyGroups(ValueError):
    """The instruments distinguish more family groups than a tariff can hold."""


def family_groups(
    instruments: Sequence[Instrument], income: NDArray[np.float64], birth_order: NDArray[np.int8], institutions: int
) -> tuple[Groups, NDArray[np.uint16]]:
    """The groups that the instruments distinguish, and each child's, uint16 (n,).

    Raises TooManyGroups above 512 groups or a million cells.
    """
    limits = np.array(sorted({x for i in instruments for x in i.incomes_told_apart()}))
    orders = np.array(sorted({x for i in instruments for x in i.orders_told_apart()}), np.int64)
    upper = np.append(limits, np.inf)
    kinds = np.append(orders, 0)
    size = len(upper) * len(kinds)
    if size > MOST_GROUPS or size * 3 * institutions > MOST_CELLS:
        raise TooManyGroups(f"{size} family groups at {institutions} institutions")
    if size == 1:
        return Groups(upper, kinds), np.zeros(len(income), np.uint16)
    bracket = np.searchsorted(limits, income, side="left")
    matches = birth_order[:, None] == orders[None, :]
    order = np.where(matches.any(axis=1), matches.argmax(axis=1), len(orders)) if len(orders) else 0
    groups = Groups(np.repeat(upper, len(kinds)), np.tile(kinds, len(upper)))
    return groups, (bracket * len(kinds) + order).astype(np.uint16)


def in_force(instrument: Instrument, day: date) -> bool:
    """Whether a day is within the instrument's window."""
    assert instrument.start is not None, "the window is filled in before the run"
    assert instrument.until is not None, "the window is filled in before the run"
    return instrument.start <= day <= instrument.until


def _net(posted: NDArray[np.float64], reliefs: Sequence[Relief]) -> NDArray[np.float64]:
    """What remains of a fee after a chain of reliefs, as the bill kernel computes it."""
    net = posted
    for r in reliefs:
        net = net - np.minimum(net, np.minimum(r.ceiling, r.amount + r.rate * net))
    return net


def write_tariff(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    spent_out: NDArray[np.bool_],
    offered: Offered,
    groups: Groups,
    own_fee: NDArray[np.float64],
    value: NDArray[np.float32],
    day: date,
    commitment: int,
) -> Tariff:
    """Write the tariff of a day.

    spent_out : bool (instruments,)  budgets that have run dry
    own_fee : float64 (J, 3)  what institutions would ask [yuan a month]
    value : float32 (4, J)  of the offers, by part
    commitment : months over which an entrant weighs relief; a relief that ends within them counts in part
    """
    n, g = len(own_fee), len(groups.income_to)
    speaks = [in_force(i, day) and not dry for i, dry in zip(instruments, spent_out, strict=True)]
    posted = own_fee
    for instrument, columns, on in zip(instruments, declared, speaks, strict=True):
        if on:
            posted = instrument.posted_fee(posted, offered, columns)
    posted = np.ascontiguousarray(posted.T)

    shape = (g, 3, n)
    stages, pools, tiers = [], 0, 0
    for q, (instrument, columns) in enumerate(zip(instruments, declared, strict=True)):
        relief = instrument.relief(offered, groups, columns)
        # vouchers in hand outlive their pool's window: only their face, not the window, decides
        if relief is not None and (relief.voucher or speaks[q]):
            stages.append((q, relief, pools if relief.voucher else -1, tiers))
        pools += relief is not None and relief.voucher
        tiers += instrument.tiers()
    flat = [(q, r) for q, r, voucher, _ in stages if voucher < 0]
    full = np.broadcast_to(posted, shape)
    net = np.broadcast_to(_net(full, [r for _, r in flat]), shape)

    entry = _spread(full, net, flat, instruments, day, commitment)
    relieved = np.zeros((3, len(stages), *shape))
    for s, (_, relief, _, _) in enumerate(stages):
        relieved[RATE, s], relieved[AMOUNT, s], relieved[CEILING, s] = relief.rate, relief.amount, relief.ceiling
    terms = np.array([(voucher, q, tier) for q, _, voucher, tier in stages], np.int16).reshape(-1, 3)
    prices = np.stack([entry, net]).astype(np.float32)
    bounds = np.empty((3, len(value)), np.float32)
    bounds[:MOST] = prices.min(axis=(1, 3), initial=np.inf)[:, BAND_OF_PART]
    bounds[MOST] = value.max(axis=1, initial=CLOSED)
    return Tariff(
        prices=prices.reshape(2, -1),
        bounds=bounds,
        posted=posted,
        stages=relieved,
        terms=np.ascontiguousarray(terms.T),
        commitment=float(commitment),
    )


def _spread(
    full: NDArray[np.float64],
    net: NDArray[np.float64],
    flat: Sequence[tuple[int, Relief]],
    instruments: Sequence[Instrument],
    day: date,
    commitment: int,
) -> NDArray[np.float64]:
    """The fee an entrant weighs: posted less the mean relief of the months it commits to.

    Reliefs in force today count for the months before their window ends; nobody foresees new ones.
    """
    if not flat:
        return net
    days = [date.fromordinal(dates.months_before(day, -h)) for h in range(commitment)]
    lasting = [tuple(in_force(instruments[q], d) for q, _ in flat) for d in days]
    entry = full
    for pattern in sorted(set(lasting), reverse=True):
        rest = net if all(pattern) else _net(full, [r for (_, r), on in zip(flat, pattern, strict=True) if on])
        entry = entry - (full - rest) * (lasting.count(pattern) / commitment)
    return np.broadcast_to(entry, full.shape)
