"""Nearest sites of many points at once.

Points are split into halves, box by box, until few are left in a box. Each half keeps only sites possibly among the
nearest of one of its points; the final shortlist is barely longer than k, and all points of a box are compared with it
in vectorised loops.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner

POINTS = 32  # points compared at once: a multiple of the vector length
DEEPEST = 48  # most halvings of a box


def nearest(
    points: NDArray[np.float64], sites: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Return the k nearest sites of each point, (n, k), nearest first, and their distances; fewer if m < k.

    Ties go to the site with the lower index.
    points, sites : float64 (n, 2), (m, 2), with m at most 32767
    """
    k = min(k, len(sites))
    index, distance = np.zeros((len(points), k), np.int16), np.zeros((len(points), k), np.float32)
    if k > 0:
        find_nearest(np.ascontiguousarray(points), np.ascontiguousarray(sites), index, distance)
    return index, distance


@entry
def find_nearest(points: Any, sites: Any, index: Any, distance: Any) -> None:
    """Write the nearest sites of each point, nearest first, and their distances; see `nearest`."""
    k, n, m = index.shape[1], points.shape[0], sites.shape[0]
    x, y, rows = np.zeros(n + POINTS), np.zeros(n + POINTS), np.arange(n).astype(np.int32)  # padded: boxes are full
    x[:n], y[:n] = points[:, 0], points[:, 1]
    aside_x, aside_y, aside = np.empty(n), np.empty(n), np.empty(n, np.int32)
    some, number = np.empty((DEEPEST + 1, m), np.int16), np.empty(DEEPEST + 1, np.int64)  # shortlisted sites, by depth
    for j in range(m):
        some[0, j] = j
    number[0] = m
    least, most, within = np.empty(m), np.empty(m), np.empty(k)
    away, which, new = np.empty((k, POINTS)), np.empty((k, POINTS), np.int64), np.empty(POINTS)
    waiting, boxes = np.empty((DEEPEST + 2, 3), np.int64), 0  # first point, one after the last, depth
    if n > 0:
        waiting[0, 0], waiting[0, 1], waiting[0, 2], boxes = 0, n, 1, 1
    while boxes > 0:  # last in, first out: shortlists at lesser depths belong to boxes around this one
        boxes -= 1
        begin, end, depth = waiting[boxes, 0], waiting[boxes, 1], waiting[boxes, 2]
        low_x, high_x, low_y, high_y = x[begin], x[begin], y[begin], y[begin]
        for i in range(begin, end):
            low_x, high_x = min(low_x, x[i]), max(high_x, x[i])
            low_y, high_y = min(low_y, y[i]), max(high_y, y[i])
        number[depth] = _shortlist(
            low_x, high_x, low_y, high_y, sites, some[depth - 1, : number[depth - 1]], least, most, within, some[depth]
        )
        middle = begin
        if end - begin > POINTS and number[depth] > k and depth < DEEPEST:
            if high_x - low_x > high_y - low_y:
                middle = _part(x, (low_x + high_x) / 2, x, y, rows, begin, end, aside_x, aside_y, aside)
            else:
                middle = _part(y, (low_y + high_y) / 2, x, y, rows, begin, end, aside_x, aside_y, aside)
        if begin < middle < end:
            waiting[boxes, 0], waiting[boxes, 1], waiting[boxes, 2] = begin, middle, depth + 1
            waiting[boxes + 1, 0], waiting[boxes + 1, 1], waiting[boxes + 1, 2] = middle, end, depth + 1
            boxes += 2
            continue
        listed = some[depth, : number[depth]]
        for first in range(begin, end, POINTS):
            last, full = min(first + POINTS, end), first + POINTS
            _rank(x[first:full], y[first:full], sites, listed, away, which, new)
            for p in range(last - first):
                i = rows[first + p]
                for c in range(k):
                    index[i, c], distance[i, c] = which[c, p], np.float32(math.sqrt(away[c, p]))


@inner
def _shortlist(
    low_x: float, high_x: float, low_y: float, high_y: float, sites: Any, some: Any, least: Any, most: Any, within: Any,
    out: Any,
) -> int:  # fmt: skip
    """Write the sites possibly among the k nearest of some point of a box, in their order; return their number.

    Rank sites by their largest distance from the box: the k-th such distance bounds the k nearest of every point. A
    site farther from the whole box is ruled out. Rounding is monotone, so the bound is exact.

    least, most : float64 (m,), within : float64 (k,)  work space
    """
    k = within.size
    for c in range(some.size):
        sx, sy = sites[some[c], 0], sites[some[c], 1]
        near_x, near_y = max(low_x - sx, sx - high_x, 0.0), max(low_y - sy, sy - high_y, 0.0)
        far_x, far_y = max(high_x - sx, sx - low_x), max(high_y - sy, sy - low_y)
        least[c], most[c] = near_x * near_x + near_y * near_y, far_x * far_x + far_y * far_y
    for c in range(k):
        within[c] = math.inf
    for c in range(some.size):
        if most[c] < within[k - 1]:
            at = k - 1
            while at > 0 and within[at - 1] > most[c]:
                within[at] = within[at - 1]
                at -= 1
            within[at] = most[c]
    n = 0
    for c in range(some.size):
        out[n] = some[c]
        n += 1 if least[c] <= within[k - 1] else 0
    return n


@inner
def _part(
    along: Any, middle: float, x: Any, y: Any, rows: Any, begin: int, end: int, aside_x: Any, aside_y: Any, aside: Any
) -> int:
    """Partition points so that coordinates up to `middle` come first; return the index of the first one beyond it."""
    front, back = begin, 0
    for i in range(begin, end):
        beyond = 1 if along[i] > middle else 0
        px, py, row = x[i], y[i], rows[i]
        x[front], y[front], rows[front] = px, py, row
        aside_x[back], aside_y[back], aside[back] = px, py, row
        front, back = front + 1 - beyond, back + beyond
    for b in range(back):
        x[front + b], y[front + b], rows[front + b] = aside_x[b], aside_y[b], aside[b]
    return front


@inner
def _rank(x: Any, y: Any, sites: Any, some: Any, away: Any, which: Any, new: Any) -> None:
    """Write the nearest of some sites for each of a few points.

    away : float64 (k, POINTS), which : int64 (k, POINTS)  written: squared distance, and site
    new : float64 (POINTS,)  work space
    """
    k = away.shape[0]
    away[:] = math.inf
    for c in range(some.size):
        site, sx, sy = np.int64(some[c]), sites[some[c], 0], sites[some[c], 1]
        for p in range(x.size):
            dx, dy = x[p] - sx, y[p] - sy
            new[p] = dx * dx + dy * dy
        for place in range(min(c, k - 1), 0, -1):  # farther sites move down one rank
            for p in range(x.size):
                before, here, mine = away[place - 1, p], away[place, p], new[p]
                site_before, site_here = which[place - 1, p], which[place, p]
                if mine < here:
                    here, site_here = mine, site
                if mine < before:
                    here, site_here = before, site_before
                away[place, p] = here
                which[place, p] = site_here
        for p in range(x.size):
            if new[p] < away[0, p]:
                away[0, p], which[0, p] = new[p], site
