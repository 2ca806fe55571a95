"""Addressed random numbers: a draw depends on entity, stream and time only, never on call order.

So policies share common random numbers. Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC 2011) is keyed by a 128-bit hash of program, seed, replication and stream name: two words are the key,
two fill the counter beside entity and time. One block serves a child for an epoch; a 64-bit mixer (Stafford's variant
13 of the MurmurHash3 finaliser, 2011) spreads it over alternatives.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inlined, inner

PROGRAM = "childcare-sim"

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF_WORD = np.uint64(32)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_UNIT = 2.0**-52  # 52 bits and a half: with 53 the largest would round to 1

# fdlibm's logarithm: ln 2 in two parts, and the polynomial of log((1 + s)/(1 − s))
_S52 = np.int64(52)
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)  # √½ as bits
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_L1, _L2, _L3 = 6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01
_L4, _L5 = 2.222219843214978396e-01, 1.818357216161805012e-01
_L6, _L7 = 1.531383769920937332e-01, 1.479819860511658591e-01


@dataclass(frozen=True)
class Luck:
    """Random streams of one replication, independent by name.

    seed, replication : address of the replication's draws; any non-negative integers
    """

    seed: int
    replication: int

    def stream(self, name: str) -> NDArray[np.uint32]:
        """Return the key of a stream, uint32 (4,): two words of key, two of counter."""
        text = f"{PROGRAM}\x1f{self.seed}\x1f{self.replication}\x1f{name}".encode()
        return np.frombuffer(hashlib.blake2b(text, digest_size=16).digest(), dtype="<u4").copy()

    def uniforms(self, name: str, entities: NDArray[np.uint32], when: int = 0) -> NDArray[np.float64]:
        """Return four independent uniforms in (0, 1) per entity, float64 (n, 4), each column contiguous in memory."""
        out = np.empty((4, len(entities)))
        fill_uniforms(self.stream(name), np.ascontiguousarray(entities, np.uint32), np.uint32(when), out)
        return out.T


@inlined
def philox(entity: Any, when: Any, stream: Any) -> Any:
    """Return the Philox4x32-10 block of an entity at a time in a stream, as two uint64.

    Words are held in 64 bits with the upper half unused: loops over entities vectorise.

    entity, when : uint32, the address
    stream : uint32 (4,), from `Luck.stream`
    """
    c0, c1, c2, c3 = np.uint64(entity), np.uint64(when), np.uint64(stream[2]), np.uint64(stream[3])
    k0, k1 = np.uint64(stream[0]), np.uint64(stream[1])
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c2 = (p1 >> _HALF_WORD) ^ c1 ^ k0, (p0 >> _HALF_WORD) ^ c3 ^ k1
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return (c0 << _HALF_WORD) | c1, (c2 << _HALF_WORD) | c3


@inner
def mix(block: Any, alternative: Any) -> Any:
    """Return a 64-bit word for one alternative of a block (uint64); different alternatives get different words."""
    z = block + (np.uint64(alternative) + np.uint64(1)) * _ODD
    z = (z ^ (z >> _S30)) * _MIX_A
    z = (z ^ (z >> _S27)) * _MIX_B
    return z ^ (z >> _S31)


@inner
def unit(word: Any) -> Any:
    """Return a uniform in the open interval (0, 1) from a 64-bit word, float64."""
    return (np.float64(word >> _S12) + 0.5) * _UNIT


@inner
def log(x: Any) -> Any:
    """Return the natural logarithm of a positive normal float64, exact to one unit in the last place.

    The algorithm is fdlibm's (Sun, 1993), made branch-free, so that loops over it vectorise: one call of libm's
    logarithm takes as long as eight of these.
    """
    bits = np.float64(x).view(np.int64)
    e = (bits - _ROOT_HALF) >> _S52  # x = 2^e · (1 + f) with 1 + f between √½ and √2
    f = np.int64(bits - (e << _S52)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    series = z * (_L1 + w * (_L3 + w * (_L5 + w * _L7))) + w * (_L2 + w * (_L4 + w * _L6))
    half, power = 0.5 * f * f, np.float64(e)
    return power * _LN2_HIGH - ((half - (s * (half + series) + power * _LN2_LOW)) - f)


@inner
def gumbel(word: Any) -> Any:
    """Return a standard Gumbel (type I extreme value) draw from a 64-bit word, float64."""
    return -log(-log(unit(word)))


@entry
def fill_uniforms(stream: Any, entities: Any, when: Any, out: Any) -> None:
    """Write four uniforms per entity, float64 (4, n): 32 bits each, centred in their cell."""
    cell = 2.0**-32
    first, second, third, fourth = out[0], out[1], out[2], out[3]
    for i in range(entities.size):
        a, b = philox(entities[i], when, stream)
        first[i] = (np.float64(a >> _HALF_WORD) + 0.5) * cell
        second[i] = (np.float64(a & _LOW) + 0.5) * cell
        third[i] = (np.float64(b >> _HALF_WORD) + 0.5) * cell
        fourth[i] = (np.float64(b & _LOW) + 0.5) * cell
