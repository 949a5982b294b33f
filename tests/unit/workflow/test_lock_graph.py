"""A lock as a graph: what is reached, how it is drawn, and the shortest ways."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from eka.workflow.lock_graph import (
    MOST_COUNTED,
    MOST_DEPTH,
    PROJECT,
    LockGraph,
    distances,
    drawn,
    graph_of,
    ways_to,
    within,
)
from tests.fakes.few_locks import a_lock, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.workflow.lock_graph import Edges

DIAMOND = a_lock("a 1.0.0 > b 1.0.0, c 1.0.0", "b 1.0.0 > d 1.0.0", "c 1.0.0 > d 1.0.0",
                 "d 1.0.0 > e 1.0.0")  # fmt: skip


def name(graph: LockGraph, number: int) -> str:
    found = graph.key(number)
    return f"{found.label.text} {found.version.text}" if found else "project"


def text(
    graph: LockGraph,
    edges: Edges,
    roots: Sequence[int],
    *,
    depth: int | None = None,
    is_deduped: bool = True,
) -> list[str]:
    """Return a tree as it is drawn."""
    steps = drawn(edges, roots, depth=depth, is_deduped=is_deduped)
    return [
        f"{each.lead}{name(graph, each.number)}"
        f"{' (*)' if each.is_repeated else ''}{' ...' if each.is_cut else ''}"
        for each in steps
    ]


def ladder(rungs: int) -> LockGraph:
    """Return a lock with 2 ** rungs ways to its last atom."""
    lines: list[str] = []
    for rung in range(rungs):
        lines += [f"n{rung} 1.0.0 > l{rung} 1.0.0, r{rung} 1.0.0"]
        lines += [f"{side}{rung} 1.0.0 > n{rung + 1} 1.0.0" for side in "lr"]
    return graph_of(a_lock(*lines))


@st.composite
def acyclic(draw: st.DrawFn) -> Edges:
    """Draw edges that lead to larger numbers only, every number reachable from 0."""
    count = draw(st.integers(1, 8))
    others = [
        draw(st.frozensets(st.integers(number + 1, count), max_size=4))
        if number < count
        else frozenset[int]()
        for number in range(count + 1)
    ]
    return tuple(tuple(sorted(each)) for each in others)


def every_way(edges: Edges, start: int, end: int) -> Iterable[tuple[int, ...]]:
    """Yield all ways, as naively as can be."""
    if start == end:
        yield (end,)
    for each in edges[start]:
        for way in every_way(edges, each, end):
            yield (start, *way)


def test_atoms_are_ordered_as_people_look_for_them() -> None:
    lock = a_lock(
        "extra/b 1.0.0", "core/b 1.10.0", "core/b 2.0.0", "core/b 1.9.0", "extra/a 1.0.0"
    )

    graph = graph_of(lock)

    assert [graph.key(number) for number in range(6)] == [
        None,
        key("extra/a 1.0.0"),
        key("extra/b 1.0.0"),
        key("b 1.9.0"),
        key("b 1.10.0"),
        key("b 2.0.0"),
    ]
    assert graph.needed_by[1:] == ((PROJECT,),) * 5
    assert list(graph.duplicates()) == [(3, 4, 5)]


def test_a_tree_shows_what_is_below_an_atom_once() -> None:
    graph = graph_of(DIAMOND)

    lines = text(graph, graph.needs, [PROJECT])

    assert lines == [
        "project",
        "└── a 1.0.0",
        "    ├── b 1.0.0",
        "    │   └── d 1.0.0",
        "    │       └── e 1.0.0",
        "    └── c 1.0.0",
        "        └── d 1.0.0 (*)",
    ]


def test_a_tree_can_show_it_again_and_again() -> None:
    graph = graph_of(DIAMOND)

    lines = text(graph, graph.needs, [PROJECT], is_deduped=False)

    assert lines[-2:] == ["        └── d 1.0.0", "            └── e 1.0.0"]


def test_a_tree_is_cut_at_a_depth() -> None:
    graph = graph_of(DIAMOND)

    assert text(graph, graph.needs, [PROJECT], depth=0) == ["project ..."]
    assert text(graph, graph.needs, [PROJECT], depth=2)[2:] == [
        "    ├── b 1.0.0 ...",
        "    └── c 1.0.0 ...",
    ]


def test_what_was_cut_is_shown_where_there_is_room_for_it() -> None:
    graph = graph_of(a_lock("project > a 1.0.0, c 1.0.0", "a 1.0.0 > b 1.0.0",
                            "b 1.0.0 > c 1.0.0", "c 1.0.0 > d 1.0.0"))  # fmt: skip

    lines = text(graph, graph.needs, [PROJECT], depth=3)

    assert lines[3:] == ["│       └── c 1.0.0 ...", "└── c 1.0.0", "    └── d 1.0.0"]


def test_a_tree_the_other_way_round_shows_who_needs_an_atom() -> None:
    graph = graph_of(DIAMOND)
    number = graph.numbers[key("d 1.0.0")]

    lines = text(graph, graph.needed_by, [number])

    assert lines == [
        "d 1.0.0",
        "├── b 1.0.0",
        "│   └── a 1.0.0",
        "│       └── project",
        "└── c 1.0.0",
        "    └── a 1.0.0 (*)",
    ]


def test_a_chain_is_drawn_only_so_deep() -> None:
    names = [f"n{number:04} 1.0.0" for number in range(3 * MOST_DEPTH)]
    lines = [f"{one} > {other}" for one, other in pairwise(names)]
    graph = graph_of(a_lock(*lines))

    steps = list(drawn(graph.needs, [PROJECT]))

    assert len(steps) == MOST_DEPTH + 1
    assert steps[-1].is_cut


@given(acyclic())
def test_a_deduped_tree_has_one_line_for_each_edge(edges: Edges) -> None:
    kept = distances(edges, [0])
    count = sum(len(edges[number]) for number in kept)

    steps = list(drawn(edges, [0]))

    assert len(steps) == count + 1
    assert {each.number for each in steps} == set(kept)


@given(acyclic(), st.integers(0, 4))
def test_a_cut_tree_shows_all_that_is_so_near(edges: Edges, depth: int) -> None:
    near = {number for number, far in distances(edges, [0]).items() if far <= depth}

    shown = {each.number for each in drawn(edges, [0], depth=depth)}

    assert shown == near == set(distances(edges, [0], depth))


@given(acyclic())
def test_the_shortest_ways_are_those_that_are_found_naively(edges: Edges) -> None:
    needed_by = tuple(
        tuple(one for one, others in enumerate(edges) if number in others)
        for number in range(len(edges))
    )
    target = len(edges) - 1
    graph = LockGraph((), edges, needed_by, {})

    ways = ways_to(graph, target)

    for start in range(len(edges)):
        naive = sorted(every_way(edges, start, target), key=lambda way: (len(way), way))
        shortest = [way for way in naive if len(way) == len(naive[0])]
        found = list(ways.starting_at(start)) if start in ways.distances else []
        assert found == shortest
        assert ways.counts.get(start, 0) == len(shortest)


def test_exponentially_many_ways_are_counted_and_read_one_by_one() -> None:
    graph = ladder(200)
    target = graph.numbers[key("n200 1.0.0")]

    ways = ways_to(graph, target)
    first = list(islice(ways.starting_at(PROJECT), 3))

    assert ways.counts[PROJECT] == MOST_COUNTED
    assert ways.distances[PROJECT] == 401
    assert len({*first}) == 3
    assert {len(way) for way in first} == {402}


def test_edges_can_be_kept_within_some_atoms() -> None:
    graph = graph_of(DIAMOND)
    kept = distances(graph.needs, [graph.numbers[key("b 1.0.0")]])

    edges = within(graph.needed_by, kept)

    assert text(graph, edges, [graph.numbers[key("e 1.0.0")]]) == [
        "e 1.0.0",
        "└── d 1.0.0",
        "    └── b 1.0.0",
    ]
