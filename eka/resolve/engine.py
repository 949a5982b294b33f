"""PubGrub over bitsets: unit propagation, conflict-driven learning, backjumping.

Knows nodes and bits only; what they stand for, and where edges come from, is its caller's matter.
Nothing here depends on hash order: nodes are numbered as they are added, and ties go to the lower
number.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace

from eka.checking import TYPE_CHECKING
from eka.resolve.conflict import Lesson, analyse
from eka.resolve.incompatibility import (
    ABSENT,
    NOBODY,
    Edge,
    Incompatibility,
    Learned,
)
from eka.resolve.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.resolve.facts import Fact

TROUBLE = 5
"""From this many conflicts on a node is decided before all others."""

FIRST = 1 << 32
"""The trouble of nodes that are decided first in any case."""


_NODE_BITS = 32
_NODE = (1 << _NODE_BITS) - 1


class _Row:
    """The edges of one dependant towards one dependency, by version of the dependant.

    ``more`` holds the further edges of versions that need the dependency more than once.
    """

    __slots__ = ("by_allowed", "by_bit", "dependant", "known", "more")

    def __init__(self, dependant: int) -> None:
        self.dependant = dependant
        self.known = 0
        self.by_bit: dict[int, Edge] = {}
        self.by_allowed: dict[int, Edge] = {}
        self.more: _Row | None = None


class Engine:
    """The state of one search; raises Contradiction when there is no solution."""

    def __init__(self) -> None:
        self.trail = Trail()
        self.state = self.trail.state
        self.conflicts = 0
        self._decided: list[bool] = []
        self._trouble: list[int] = []
        self._needs: list[dict[int, list[Edge]]] = []  # per node, by version bit
        self._needed_by: list[list[_Row]] = []  # per node
        self._rows: list[dict[int, _Row]] = []  # per node, by dependency
        self._watchers: list[list[Learned]] = []  # per node
        self._imposed: list[Edge] = []  # by the root
        self._queue: list[int] = []  # nodes to decide, with stale entries
        self._pending: dict[int, None] = {}  # nodes whose state changed

    def add_node(self, full: int, *, goes_first: bool = False) -> int:
        """Add a node whose states are the bits of ``full``; returns its number."""
        self._decided.append(False)
        self._trouble.append(FIRST if goes_first else 0)
        self._needs.append({})
        self._needed_by.append([])
        self._rows.append({})
        self._watchers.append([])
        return self.trail.add(full)

    def needs(self, node: int, bit: int) -> Sequence[Edge]:
        """Return the edges of one version, as far as they were added."""
        return self._needs[node].get(bit, ())

    def edges(self) -> list[Edge]:
        """Return all edges so far: those of the root, then by dependant, each once."""
        found = {id(edge): edge for edge in self._imposed}
        for needs in self._needs:
            found.update((id(edge), edge) for edges in needs.values() for edge in edges)
        return list(found.values())

    def add_edge(
        self, dependant: int, bit: int, dependency: int, allowed: int, fact: Fact
    ) -> None:
        """Say that a version needs a node to be in ``allowed``."""
        row = self._row(dependant, bit, dependency)
        edge = row.by_allowed.get(allowed)
        if edge is None:
            full = 0 if dependency == NOBODY else self.trail.full[dependency]
            edge = row.by_allowed[allowed] = Edge(dependant, dependency, allowed, full)
        edge.mask |= bit
        edge.facts[bit] = fact
        row.known |= bit
        row.by_bit[bit] = edge
        needs = self._needs[dependant]
        if bit in needs:
            needs[bit].append(edge)
        else:
            needs[bit] = [edge]

    def _row(self, dependant: int, bit: int, dependency: int) -> _Row:
        """Return the first row towards a dependency that holds nothing of one version yet."""
        row = self._rows[dependant].get(dependency)
        if row is None:
            row = self._rows[dependant][dependency] = self._new_row(dependant, dependency)
        while row.known & bit:
            if row.more is None:
                row.more = self._new_row(dependant, dependency)
            row = row.more
        return row

    def _new_row(self, dependant: int, dependency: int) -> _Row:
        row = _Row(dependant)
        if dependency != NOBODY:
            self._needed_by[dependency].append(row)
        return row

    def adopt(self, edge: Edge) -> None:
        """Take over a whole edge, for all versions in its mask."""
        row = _Row(edge.dependant)
        row.known = left = edge.mask
        while left:
            bit = left & -left
            left ^= bit
            row.by_bit[bit] = edge
            self._needs[edge.dependant].setdefault(bit, []).append(edge)
        if edge.dependency != NOBODY:
            self._needed_by[edge.dependency].append(row)

    def require(self, node: int, allowed: int, fact: Fact) -> None:
        """Say that the root needs ``node`` to be in ``allowed``; before the first decision."""
        edge = Edge(NOBODY, node, allowed, self.trail.full[node])
        edge.facts[0] = fact
        self.impose(edge)

    def impose(self, edge: Edge) -> None:
        """Take over an edge of the root; before the first decision."""
        self._imposed.append(edge)
        state = self.state[edge.dependency]
        if not state & edge.allowed:
            self._recover(edge)
        elif state & ~edge.allowed:
            self._assign(edge.dependency, edge.allowed, edge)
        self._propagate()

    def pick(self) -> int | None:
        """Return the node to decide next; None when nothing is left to decide.

        Nodes in trouble come first, then those with the fewest candidates, then the oldest.
        """
        queue, state, decided = self._queue, self.state, self._decided
        while queue:
            top = queue[0]
            node = top & _NODE
            if decided[node] or state[node] & ABSENT:
                heappop(queue)
            elif top != (entry := self._entry(node)):
                heapreplace(queue, entry)
            else:
                return node
        return None

    def undecided(self) -> list[int]:
        """Return the nodes that are needed and not decided, ascending."""
        waiting = {entry & _NODE for entry in self._queue}
        return sorted(
            node for node in waiting if not self._decided[node] and not self.state[node] & ABSENT
        )

    def admits(self, node: int, bit: int) -> bool:
        """Whether a version may be decided; if not, what its edges imply is now known."""
        for edge in self.needs(node, bit):
            if edge.dependency == NOBODY or not self.state[edge.dependency] & edge.allowed:
                if not self._goes_first(node, edge):
                    self._strike(node, edge)
                    self._propagate()
                return False
        return True

    def decide(self, node: int, bit: int) -> None:
        """Select one version, and derive what follows."""
        self._decided[node] = True
        if self.state[node] != bit:  # Where only one version is left, no choice is made.
            self.trail.level += 1
        # A step even then: rewinding must undo the decision with what was derived from it.
        self._assign(node, bit, None)
        self._propagate()

    def _strike(self, node: int, edge: Edge) -> None:
        """Give up the versions of ``node`` whose common need cannot be filled."""
        if self.state[node] & ~edge.mask:
            self._assign(node, self.trail.full[node] & ~edge.mask, edge)
        else:
            self._recover(edge)

    def _goes_first(self, node: int, edge: Edge) -> bool:
        """Whether ``node`` lost so many versions that it is now decided before its opponent.

        An early choice of the opponent would otherwise push it down to its oldest version.
        """
        self._trouble[node] += 1
        if self._trouble[node] != TROUBLE or edge.dependency == NOBODY:
            return False
        level = self.trail.last_level(edge.dependency) - 1
        if level < 0:
            return False
        self._rewind(level)
        self._enqueue_if_needed(node)
        return True

    def _assign(self, node: int, kept: int, cause: Incompatibility | None) -> None:
        state = self.trail.assign(node, kept, cause)
        self._pending[node] = None
        if not state & ABSENT and not self._decided[node]:
            heappush(self._queue, self._entry(node))

    def _enqueue_if_needed(self, node: int) -> None:
        if not self.state[node] & ABSENT and not self._decided[node]:
            heappush(self._queue, self._entry(node))

    def _entry(self, node: int) -> int:
        """Return a number for the queue, which holds the node and orders as `pick` says."""
        trouble = self._trouble[node]
        entry = self.state[node].bit_count() << _NODE_BITS | node
        return entry if trouble < TROUBLE else entry - (trouble << 2 * _NODE_BITS)

    def _propagate(self) -> None:
        pending = self._pending
        while pending:
            node, _ = pending.popitem()
            conflict: Incompatibility | None = None
            if self._watchers[node]:
                conflict = self._visit_learned(node)
            if conflict is None and self._needs[node]:
                conflict = self._visit_needs(node)
            if conflict is None and self._needed_by[node]:
                conflict = self._visit_needed_by(node)
            if conflict is not None:
                self._recover(conflict)

    def _visit_needs(self, node: int) -> Edge | None:
        """Derive what all versions left of ``node`` need; only the highest can show it."""
        state = self.state[node]
        if state & ABSENT:
            return None
        for edge in self._needs[node].get(1 << (state.bit_length() - 1), ()):
            if state & edge.mask == state:
                if edge.dependency == NOBODY:
                    return edge
                theirs = self.state[edge.dependency]
                if not theirs & edge.allowed:
                    return edge
                if theirs & ~edge.allowed:
                    self._assign(edge.dependency, edge.allowed, edge)
        return None

    def _visit_needed_by(self, node: int) -> Edge | None:
        """Strike the versions of dependants whose need ``node`` can no longer fill."""
        state = self.state[node]
        decided = self._decided
        for row in self._needed_by[node]:
            if decided[row.dependant]:  # and so met: its needs were derived when it was decided
                continue
            theirs = self.state[row.dependant]
            live = theirs & row.known
            while live:
                edge = row.by_bit[live & -live]
                live &= ~edge.mask
                if not state & edge.allowed:
                    if not theirs & ~edge.mask:
                        return edge
                    kept = self.trail.full[row.dependant] & ~edge.mask
                    self._assign(row.dependant, kept, edge)
                    theirs &= kept
        return None

    def _visit_learned(self, node: int) -> Learned | None:
        """Derive from learned incompatibilities, two terms of each of which are watched."""
        state = self.state
        watchers = self._watchers[node]
        kept: list[Learned] = []
        for at, learned in enumerate(watchers):
            nodes, masks = learned.nodes, learned.masks
            mine = 0 if nodes[0] == node else 1
            other = nodes[1 - mine]
            theirs, mask = state[other], masks[1 - mine]
            if not state[node] & ~masks[mine] and theirs & mask:
                if self._watch_elsewhere(learned, mine):
                    continue
                if not theirs & ~mask:
                    self._watchers[node] = kept + watchers[at:]
                    return learned
                self._assign(other, self.trail.full[other] & ~mask, learned)
            kept.append(learned)
        self._watchers[node] = kept
        return None

    def _watch_elsewhere(self, learned: Learned, place: int) -> bool:
        """Watch a term that is not true yet instead of the one at ``place``, if there is one."""
        nodes, masks = learned.nodes, learned.masks
        for at in range(2, len(nodes)):
            if self.state[nodes[at]] & ~masks[at]:
                nodes[at], nodes[place] = nodes[place], nodes[at]
                masks[at], masks[place] = masks[place], masks[at]
                self._watchers[nodes[place]].append(learned)
                return True
        return False

    def _recover(self, conflict: Incompatibility) -> None:
        """Learn from a conflict, go back to before it, and avoid it."""
        self.conflicts += 1
        lesson = analyse(self.trail, conflict)
        learned, node = lesson.incompatibility, lesson.node
        terms = learned.terms
        self._pending.clear()
        self._rewind(lesson.far if self._is_worth_a_jump(lesson) else lesson.near)
        for each in terms:
            self._enqueue_if_needed(each)
        if isinstance(learned, Learned) and not learned.nodes and lesson.second >= 0:
            learned.watch(node, lesson.second)
            self._watchers[node].append(learned)
            self._watchers[lesson.second].append(learned)
        self._assign(node, self.trail.full[node] & ~terms[node], learned)

    def _is_worth_a_jump(self, lesson: Lesson) -> bool:
        """Whether to go back as far as the lesson allows, not just before the conflict.

        Going far throws away decisions that were not to blame, thousands of them in a large
        search. It pays for what will never be undone, and to decide nodes in trouble first.
        """
        jump = lesson.far == 0
        for node in lesson.incompatibility.terms:
            self._trouble[node] += 1
            jump = jump or self._trouble[node] == TROUBLE
        return jump

    def _rewind(self, level: int) -> None:
        for node in self.trail.rewind(level):
            self._decided[node] = False
            self._enqueue_if_needed(node)
