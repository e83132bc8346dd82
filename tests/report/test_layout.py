"""Boxes in rows: everything below what it reads, nothing on top of another, the same picture each time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aha.report.layout import BEND, MAX_BOXES, place, rows_of

GRAPHS = st.integers(1, 16).flatmap(
    lambda size: st.tuples(
        st.just([f"s{index}" for index in range(size)]),
        st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))).map(
            lambda found: [(f"s{a}", f"s{b}") for a, b in sorted(found) if a < b]
        ),
    )
)


@given(GRAPHS)
@settings(max_examples=60, deadline=None)
def test_any_graph_is_drawn_without_overlap_and_downwards(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    names, edges = graph
    boxes, bends = place(names, edges)
    assert set(boxes) == set(names)
    assert set(bends) == set(edges)
    for start, end in edges:
        assert boxes[start][1] < boxes[end][1]
        assert len(bends[start, end]) == boxes[end][1] - boxes[start][1] - 1
    for row in range(1 + max(row for _, row in boxes.values())):
        items = [(x, 1.0) for x, at in boxes.values() if at == row]
        assert len(items) <= MAX_BOXES
        items += [
            (bends[edge][row - boxes[edge[0]][1] - 1], BEND)
            for edge in edges
            if boxes[edge[0]][1] < row < boxes[edge[1]][1]
        ]
        for (x, width), (after, width_after) in pairwise(sorted(items)):
            assert after - x >= (width + width_after) / 2 - 1e-9
        assert min(x - width / 2 for x, width in items) >= -1e-9
    assert place(names, edges) == (boxes, bends)


def test_a_chain_is_straight_and_a_diamond_does_not_cross() -> None:
    boxes, _ = place(["a", "b", "c"], [("a", "b"), ("b", "c")])
    assert [x for x, _ in boxes.values()] == [0.5, 0.5, 0.5]
    names, edges = ["a", "b", "c", "d", "e"], [("a", "c"), ("b", "d"), ("c", "e"), ("d", "e")]
    boxes, _ = place(["b", "a", *names[2:]], edges)
    assert (boxes["a"][0] < boxes["b"][0]) == (boxes["c"][0] < boxes["d"][0])


def test_a_full_row_goes_on_below_and_foreign_edges_are_passed_over() -> None:
    names = [f"s{index}" for index in range(MAX_BOXES + 1)]
    assert rows_of(names, [("nobody", "s0")]) == dict.fromkeys(names[:-1], 0) | {names[-1]: 1}
    assert place([], []) == ({}, {})
