"""Addressed chance: the published words, the open interval, and independence of everything from everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from sim.draws import Luck, fill_uniforms, gumbel, mix, unit

N = 100_000
ENTITIES = np.arange(N, dtype=np.uint32)
WORDS = np.random.default_rng(1).integers(0, 2**64, N, np.uint64)

# Random123's kat_vectors for philox4x32-10: counter, key, result
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> NDArray[np.uint32]:
    return np.array([int(word, 16) for word in text.split()], np.uint32)


@njit
def _spread(blocks, alternatives, out):
    for b in range(blocks.size):
        for a in range(alternatives.size):
            out[b, a] = mix(blocks[b], alternatives[a])


@njit
def _ends(words, units, gumbels):
    for n in range(words.size):
        units[n], gumbels[n] = unit(words[n]), gumbel(words[n])


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_philox_gives_the_published_words(counter: str, key: str, result: str) -> None:
    c, k, out = words(counter), words(key), np.empty((4, 1))
    fill_uniforms(np.concatenate([k, c[2:]]), c[:1], c[1], out)
    assert (out[:, 0] * 2.0**32 - 0.5).astype(np.uint64).tolist() == words(result).tolist()


def test_a_uniform_is_never_0_or_1() -> None:
    extremes = np.array([0, 1, 2**12 - 1, 2**63, 2**64 - 2, 2**64 - 1], np.uint64)
    units, gumbels = np.empty(6), np.empty(6)
    _ends(extremes, units, gumbels)
    assert (units > 0).all()
    assert (units < 1).all()
    assert np.isfinite(gumbels).all()
    assert units[0] == 1 - units[-1], "the cells lie evenly about one half"


def test_uniforms_are_uniform() -> None:
    u = Luck(1, 0).uniforms("shape", ENTITIES)
    assert u.min() > 0
    assert u.max() < 1
    counts = np.stack([np.bincount((u[:, k] * 256).astype(int), minlength=256) for k in range(4)])
    chi2 = ((counts - N / 256) ** 2 / (N / 256)).sum(axis=1)
    assert (np.abs(chi2 - 255) < 5 * np.sqrt(2 * 255)).all()
    assert (np.abs(np.corrcoef(u.T) - np.eye(4)) < 5 / np.sqrt(N)).all()


def test_gumbels_have_the_moments_of_a_gumbel() -> None:
    drawn = np.empty(N)
    _ends(WORDS, np.empty(N), drawn)
    assert abs(drawn.mean() - np.euler_gamma) < 4 * np.pi / np.sqrt(6 * N)
    assert drawn.var() == pytest.approx(np.pi**2 / 6, rel=0.03)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, 0, "a", 0), (1, 0, "b", 0)),
        ((1, 0, "a", 0), (1, 1, "a", 0)),
        ((1, 0, "a", 0), (2, 0, "a", 0)),
        ((1, 0, "a", 0), (1, 0, "a", 1)),
        ((0, 1, "a", 0), (1, 0, "a", 0)),
        ((1, 11, "a", 0), (11, 1, "a", 0)),
        ((1, 0, "pool 1", 1), (1, 0, "pool 11", 1)),
    ],
)
def test_streams_seeds_replications_and_times_are_independent(one: tuple, other: tuple) -> None:
    def draw(seed: int, replication: int, name: str, when: int) -> NDArray[np.float64]:
        return Luck(seed, replication).uniforms(name, ENTITIES, when)

    u, v = draw(*one), draw(*other)
    assert not (u == v).all(axis=1).any()
    across = np.corrcoef(u.T, v.T)[:4, 4:]
    assert (np.abs(across) < 5 / np.sqrt(N)).all()


def test_neighbours_are_independent() -> None:
    u = Luck(1, 0).uniforms("shape", ENTITIES)[:, 0]
    for lag in (1, 2, 28, 1 << 10):
        assert abs(np.corrcoef(u[lag:], u[:-lag])[0, 1]) < 5 / np.sqrt(N - lag)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20, unique=True), st.randoms())
def test_a_draw_depends_on_nobody_else(entities: list[int], order) -> None:
    luck, shuffled = Luck(5, 3), entities.copy()
    order.shuffle(shuffled)
    alone = {e: luck.uniforms("who", np.array([e], np.uint32), 9)[0].tolist() for e in entities}
    together = luck.uniforms("who", np.array(shuffled, np.uint32), 9)
    assert {e: u.tolist() for e, u in zip(shuffled, together, strict=True)} == alone


@given(st.integers(0, 2**70), st.integers(0, 2**70))
def test_any_seed_is_a_seed_and_zero_is_none_like_another(seed: int, replication: int) -> None:
    stream = Luck(seed, replication).stream("s")
    assert stream.dtype == np.uint32
    assert stream.shape == (4,)
    assert (stream == Luck(seed, replication).stream("s")).all()
    assert (stream != Luck(seed + 1, replication).stream("s")).any()
    assert (stream != Luck(seed, replication + 1).stream("s")).any()


def test_the_mixer_keeps_alternatives_apart() -> None:
    """Neighbouring institutions of a district, the same of another, and staying out, on the same block."""
    alternatives = np.array([0, 1, 2, 3, 1 << 16, 1 << 24, (1 << 24) | 1, 0xFFFFFFFE, 0xFFFFFFFF], np.uint32)
    out = np.empty((N, len(alternatives)), np.uint64)
    _spread(WORDS, alternatives, out)
    u = out.astype(float) / 2.0**64
    assert abs(u.mean(axis=0) - 0.5).max() < 5 / np.sqrt(12 * N)
    assert (np.abs(np.corrcoef(u.T) - np.eye(len(alternatives))) < 5 / np.sqrt(N)).all()
    # and in the tails that decide a choice: both best in a thousand no more often than chance has it
    top = (u > 0.99).astype(float)
    joint = top.T @ top
    np.fill_diagonal(joint, N * 1e-4)
    assert (np.abs(joint - N * 1e-4) < 6 * np.sqrt(N * 1e-4)).all()


def test_the_mixer_keeps_blocks_apart() -> None:
    """Blocks that differ in one bit, on the same alternative, share no bit by more than chance."""
    blocks = WORDS[:4000]
    out = np.empty((4000, 1), np.uint64)
    _spread(blocks, np.array([7], np.uint32), out)
    for bit in range(0, 64, 7):
        flipped = np.empty_like(out)
        _spread(blocks ^ np.uint64(1 << bit), np.array([7], np.uint32), flipped)
        changed = np.unpackbits((out ^ flipped).view(np.uint8), axis=1).mean()
        assert changed == pytest.approx(0.5, abs=0.01)
