"""The best one-to-one assignment, and the cheapest ways to depart from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Order = NDArray[np.int64]


def best_assignment(gain: Floats) -> Order:
    """Give each row a column of its own, so that the sum of ``gain`` (n, n), finite, is greatest.

    Shortest augmenting paths, O(n^3): Jonker and Volgenant 1987, A Shortest Augmenting Path
    Algorithm for Dense and Sparse Linear Assignment Problems.
    """
    n, cost = len(gain), gain.max() - gain
    row_price, column_price = np.zeros(n), np.zeros(n + 1)
    row_of = np.full(n + 1, -1)  # of each column; the last is where a path begins
    for row in range(n):
        row_of[n] = row
        came_from, end = _shortest_path(cost, row_price, column_price, row_of)
        while end != n:
            row_of[end] = row_of[came_from[end]]
            end = int(came_from[end])
    columns = np.empty(n, np.int64)
    columns[row_of[:n]] = np.arange(n)
    return columns


def _shortest_path(
    cost: Floats, row_price: Floats, column_price: Floats, row_of: Order
) -> tuple[Order, int]:
    """From the last column to one that no row has; the prices follow (Dijkstra's algorithm)."""
    n = len(cost)
    distance, came_from = np.full(n, np.inf), np.full(n, n)
    is_done, column = np.zeros(n + 1, np.bool_), n
    while row_of[column] >= 0:
        is_done[column] = True
        row = row_of[column]
        reduced = cost[row] - row_price[row] - column_price[:n]
        is_nearer = ~is_done[:n] & (reduced < distance)
        distance[is_nearer], came_from[is_nearer] = reduced[is_nearer], column
        reachable = np.where(is_done[:n], np.inf, distance)
        column = int(np.argmin(reachable))
        step = reachable[column]
        row_price[row_of[is_done]] += step
        column_price[is_done] -= step
        distance[~is_done[:n]] -= step
    return came_from, column


def cheapest_cycles(cost: Floats) -> list[tuple[int, ...]]:
    """For each node the cycle through it with the least sum of ``cost`` (n, n), n > 1.

    ``cost[i, j]`` is that of the step from i to j; no cycle may have a negative sum. Floyd and
    Warshall, O(n^3).
    """
    n = len(cost)
    distance, step = cost.copy(), np.tile(np.arange(n), (n, 1))
    np.fill_diagonal(distance, np.inf)
    for via in range(n):
        through = distance[:, [via]] + distance[[via], :]
        is_shorter = through < distance - 1e-12
        distance = np.where(is_shorter, through, distance)
        step = np.where(is_shorter, step[:, [via]], step)
    return [_walk(step, start) for start in range(n)]


def _walk(step: Order, start: int) -> tuple[int, ...]:
    cycle, at = [start], int(step[start, start])
    while at != start and len(cycle) < len(step):
        cycle.append(at)
        at = int(step[at, start])
    return tuple(cycle)
