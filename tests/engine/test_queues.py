"""Seats and waiting lists against the closed forms of queueing theory, in continuous time.

One centre, families arrive as a Poisson process, stays have a given distribution, c seats. Blocking is Erlang's B
whatever that distribution is; the wait of those who must wait is Erlang's C for exponential stays (Erlang 1917;
Kleinrock, Queueing Systems I, 1975, sections 3.5 and 3.6). What is tested are the program's seats and lists: a family
that finds none free joins the list, and whoever leaves hands its seat to the list's head.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray
from town import HAMLET, NOBODY, SETTLED, Child, House, lay_out, settle

from sim.engine.replication_cache import ages_on
from sim.kernels import places
from sim.scenario.schema import load

SEATS = 8
DAY = date(2025, 1, 1)
FAMILIES = 400  # far more than are ever there or waiting at once
Stay = Callable[[np.random.Generator], float]


@dataclass(frozen=True)
class Seen:
    """What happened to the families that arrived, in order: whether all seats were taken, and the wait [mean stays]."""

    blocked: NDArray[np.bool_]
    waited: NDArray[np.float64]


def blocking(c: int, load: float) -> float:
    """Erlang's B: the share that finds c seats taken, at an offered load of arrivals × mean stay."""
    share = 1.0
    for n in range(1, c + 1):
        share = load * share / (n + load * share)
    return share


def delay(c: int, load: float) -> float:
    """Erlang's C: the share that must wait where all wait."""
    lost = blocking(c, load)
    return lost / (1 - load / c * (1 - lost))


def watch(load_offered: float, arrivals: int, stay: Stay, patient: bool, seed: int = 1) -> Seen:
    """Let families arrive; those who find no seat wait, or else go away for good.

    Time is counted in mean stays. The days the lists are told are whole arrivals, so first come is first served.
    """
    facts = load(HAMLET, SETTLED).city
    world, _ = lay_out(facts, [Child(date(2022, 6, 1), keen=-1000.0)] * FAMILIES, [House(classes=(0, 0, 1, 0))])
    town = settle(*SETTLED, "run.burn_in_months=1", standing=(), world=world)
    inputs, state = town.replication.baseline_city.inputs, town.replication.baseline_city.state
    inputs.epochs.shocked[:] = 1000.0  # from now on all want it
    state.offers.places[0] = (0, 0, SEATS, 0)
    ages, luck = ages_on(DAY), np.random.default_rng(seed)
    at = state.children.at
    assert (at == NOBODY).all()

    free, leaves = list(range(FAMILIES)), list[tuple[float, int]]()
    came, waited, blocked = {}, [], []
    now, none = 0.0, np.zeros(0, np.int64)

    def seated(i: int) -> None:
        waited.append(now - came[i])
        heapq.heappush(leaves, (now + stay(luck), i))

    while len(blocked) < arrivals:
        arrives = now + luck.exponential(1 / load_offered)
        while leaves and leaves[0][0] < arrives:
            now, gone = heapq.heappop(leaves)
            inside = set(np.flatnonzero(at != NOBODY))
            places.remove_children(np.array([gone], np.int32), places.AGED_OUT, none, len(blocked), ages, inputs)
            free.append(gone)
            for i in set(np.flatnonzero(at != NOBODY)) - inside:
                seated(int(i))
        now, i = arrives, free.pop(0)
        came[i] = now
        blocked.append(bool(state.offers.taken[0, 2] == SEATS))
        places.serve(np.array([i], np.int32), len(blocked), ages, inputs)
        if at[i] != NOBODY:
            assert not blocked[-1]
            seated(i)
        elif not patient:
            places.remove_children(np.array([i], np.int32), places.LAPSED, none, len(blocked), ages, inputs)
            free.append(i)
    return Seen(np.array(blocked), np.array(waited))


def exponential(luck: np.random.Generator) -> float:
    return float(luck.exponential(1.0))


def same(luck: np.random.Generator) -> float:
    del luck
    return 1.0


def batches(values: NDArray[np.float64], number: int = 20) -> tuple[float, float]:
    """Mean and its standard error by the means of consecutive batches, the first left out."""
    means = np.array([batch.mean() for batch in np.array_split(values, number + 1)[1:]])
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(number))


@pytest.mark.parametrize("stay", [exponential, same], ids=["exponential stays", "equal stays"])
@pytest.mark.parametrize("offered", [5.0, 9.0])
def test_who_finds_no_seat_is_erlangs_b(offered: float, stay: Stay) -> None:
    seen = watch(offered, 12_000, stay, patient=False)
    share, error = batches(seen.blocked.astype(float))
    assert abs(share - blocking(SEATS, offered)) < 4 * error
    assert error < 0.02


def test_who_waits_and_how_long_is_erlangs_c() -> None:
    offered = 6.0
    seen = watch(offered, 20_000, exponential, patient=True)
    share, error = batches(seen.blocked.astype(float))
    assert abs(share - delay(SEATS, offered)) < 4 * error
    wait, error = batches(seen.waited)
    assert abs(wait - delay(SEATS, offered) / (SEATS - offered)) < 4 * error
    assert error < 0.02


def test_equal_stays_make_shorter_waits() -> None:
    """M/D/c: with many seats the wait is a little more than half of M/M/c's (Cosmetatos 1975)."""
    offered = 6.0
    wait, error = batches(watch(offered, 20_000, same, patient=True).waited)
    exponential_wait = delay(SEATS, offered) / (SEATS - offered)
    assert 0.45 * exponential_wait - 4 * error < wait < 0.75 * exponential_wait + 4 * error
