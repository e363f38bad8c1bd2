"""The best one-to-one assignment: which truth visit is which replayed visit.

Must not: know what the weights mean. Weights are integers, so that the answer is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping

Pair = tuple[int, int]


def best_pairs(weights: Mapping[Pair, int]) -> list[Pair]:
    """Pairs (row, column) with the largest possible sum of weights, each row and column at most once.

    Pairs that are not in `weights` (or weigh 0 or less) are never made. Groups that share nothing are solved apart.
    """
    useful = {pair: weight for pair, weight in weights.items() if weight > 0}
    found: list[Pair] = []
    for rows, columns in _groups(useful):
        cost = [[-useful.get((row, column), 0) for column in columns] for row in rows]
        turned = len(rows) > len(columns)
        for row, column in _assign([list(line) for line in zip(*cost, strict=True)] if turned else cost):
            pair = (rows[column], columns[row]) if turned else (rows[row], columns[column])
            if pair in useful:
                found.append(pair)
    return sorted(found)


def _groups(weights: Mapping[Pair, int]) -> list[tuple[list[int], list[int]]]:
    rows_of: dict[int, set[int]] = {}
    columns_of: dict[int, set[int]] = {}
    for row, column in weights:
        rows_of.setdefault(column, set()).add(row)
        columns_of.setdefault(row, set()).add(column)
    groups, done = [], set[int]()
    for start in sorted(columns_of):
        if start in done:
            continue
        rows, columns, waiting = {start}, set[int](), [start]
        while waiting:
            fresh = columns_of[waiting.pop()] - columns
            columns |= fresh
            more = {row for column in fresh for row in rows_of[column]} - rows
            rows |= more
            waiting += more
        done |= rows
        groups.append((sorted(rows), sorted(columns)))
    return groups


def _assign(cost: list[list[int]]) -> list[Pair]:
    """Least total cost, every row gets a column; rows <= columns. Hungarian method with potentials (Kuhn 1955)."""
    height, width = len(cost), len(cost[0])
    row_potential, column_potential = [0] * (height + 1), [0] * (width + 1)
    owner = [0] * (width + 1)  # 1-based row that holds a column, 0 = free; column 0 holds the row being placed
    for row in range(1, height + 1):
        owner[0] = row
        column = 0
        least: list[int | None] = [None] * (width + 1)
        came_from = [0] * (width + 1)
        used = [False] * (width + 1)
        while owner[column]:
            used[column] = True
            at_row = owner[column]
            best, step = 0, None
            for other in range(1, width + 1):
                if used[other]:
                    continue
                slack = cost[at_row - 1][other - 1] - row_potential[at_row] - column_potential[other]
                known = least[other]
                if known is None or slack < known:
                    least[other], came_from[other] = slack, column
                    known = slack
                if step is None or known < step:
                    best, step = other, known
            assert step is not None
            for other in range(width + 1):
                known = least[other]
                if used[other]:
                    row_potential[owner[other]] += step
                    column_potential[other] -= step
                elif known is not None:
                    least[other] = known - step
            column = best
        while column:
            owner[column] = owner[came_from[column]]
            column = came_from[column]
    return [(owner[column] - 1, column - 1) for column in range(1, width + 1) if owner[column]]
