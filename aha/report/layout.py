"""Places the boxes of a graph in rows, so that arrows go down and cross little (Sugiyama and others, 1981)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import mean

Edge = tuple[str, str]
Bend = tuple[str, str, int]
"""Where an edge passes through a row: from, to, row."""
Item = str | Bend

MAX_BOXES = 4
"""Boxes in a row."""
BEND = 0.12
"""Width of a bend, in boxes."""
GAP = 0.14
SWEEPS = 12
STIFF = 12.0
"""How much harder the bends of one edge pull at each other than boxes do."""


def rows_of(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The row of each name, below all that it reads, at most MAX_BOXES in one. `names` in an order in which everything
    comes after what it reads; edges from anything else are passed over."""
    rows: dict[str, int] = {}
    for name in names:
        row = max((rows[start] + 1 for start, end in edges if end == name and start in rows), default=0)
        while list(rows.values()).count(row) >= MAX_BOXES:
            row += 1
        rows[name] = row
    return rows


def place(names: Sequence[str], edges: Sequence[Edge]) -> tuple[dict[str, tuple[float, int]], dict[Edge, list[float]]]:
    """Centre x (in boxes, from 0 on) and row of each name, and for each edge its x in every row that it passes through.

    The same graph gives the same picture.
    """
    rows = rows_of(names, edges)
    drawn = [edge for edge in dict.fromkeys(edges) if edge[0] in rows and edge[1] in rows]
    layers: list[list[Item]] = [[] for _ in range(max(rows.values(), default=-1) + 1)]
    for name in names:
        layers[rows[name]].append(name)
    links: list[tuple[Item, Item]] = []
    for start, end in drawn:
        bends: list[Item] = [(start, end, row) for row in range(rows[start] + 1, rows[end])]
        for row, bend in enumerate(bends, start=rows[start] + 1):
            layers[row].append(bend)
        chain: list[Item] = [start, *bends, end]
        links += pairwise(chain)
    x = _across(_ordered(layers, links), links)
    left = min((x[item] - _width(item) / 2 for item in x), default=0.0)
    boxes = {name: (x[name] - left, rows[name]) for name in names}
    return boxes, {
        (start, end): [x[start, end, row] - left for row in range(rows[start] + 1, rows[end])] for start, end in drawn
    }


def _ordered(layers: list[list[Item]], links: Sequence[tuple[Item, Item]]) -> list[list[Item]]:
    """The order within each row that crosses least, of those that sorting by neighbours' mean place finds."""
    above, below = _neighbours(links)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else layers[::-1]:
            spot = {item: place for row in layers for place, item in enumerate(row)}
            near = above if down else below
            layer.sort(key=lambda item: mean([spot[other] for other in near.get(item, [item])]))
        found = _crossings(layers, links)
        if found < fewest:
            best, fewest = [list(layer) for layer in layers], found
    return best


def _crossings(layers: Sequence[Sequence[Item]], links: Sequence[tuple[Item, Item]]) -> int:
    spot = {item: (row, place) for row, layer in enumerate(layers) for place, item in enumerate(layer)}
    ends = [(*spot[start], spot[end][1]) for start, end in links]
    return sum(
        row == other and (start - start2) * (end - end2) < 0
        for index, (row, start, end) in enumerate(ends)
        for other, start2, end2 in ends[:index]
    )


def _across(layers: Sequence[Sequence[Item]], links: Sequence[tuple[Item, Item]]) -> dict[Item, float]:
    """x of every item: pulled towards its neighbours, kept apart from the next in its row."""
    above, below = _neighbours(links)
    x: dict[Item, float] = {}
    for layer in layers:
        at = 0.0
        for item in layer:
            x[item] = at + _width(item) / 2
            at += _width(item) + GAP
        for item in layer:
            x[item] -= at / 2
    for sweep in range(2 * SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = [_pull(item, [*above.get(item, []), *below.get(item, [])], x) for item in layer]
            for item, at in zip(layer, _apart([_width(item) for item in layer], wanted), strict=True):
                x[item] = at
    return x


def _pull(item: Item, near: Sequence[Item], x: Mapping[Item, float]) -> float:
    """The mean place of its neighbours. Bends of one edge pull hard, so that long arrows are straight."""
    weights = [STIFF if not isinstance(item, str) and not isinstance(other, str) else 1.0 for other in near]
    if not near:
        return x[item]
    return sum(weight * x[other] for weight, other in zip(weights, near, strict=True)) / sum(weights)


def _apart(widths: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Places as near to the wanted ones as keeping apart allows: the mean of pushing right and pushing left."""
    right: list[float] = []
    for index, at in enumerate(wanted):
        least = right[-1] + (widths[index - 1] + widths[index]) / 2 + GAP if right else at
        right.append(max(at, least))
    left: list[float] = []
    for index in reversed(range(len(wanted))):
        most = left[-1] - (widths[index + 1] + widths[index]) / 2 - GAP if left else wanted[index]
        left.append(min(wanted[index], most))
    return [(one + other) / 2 for one, other in zip(right, reversed(left), strict=True)]


def _neighbours(links: Sequence[tuple[Item, Item]]) -> tuple[Mapping[Item, list[Item]], Mapping[Item, list[Item]]]:
    above: dict[Item, list[Item]] = {}
    below: dict[Item, list[Item]] = {}
    for start, end in links:
        above.setdefault(end, []).append(start)
        below.setdefault(start, []).append(end)
    return above, below


def _width(item: Item) -> float:
    return 1.0 if isinstance(item, str) else BEND
