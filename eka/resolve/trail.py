"""The partial solution: what is known of each node, in the order it became known."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.resolve.incompatibility import Incompatibility


class Trail:
    """States of nodes that only shrink along the trail, and rewind by decision level.

    Level 0 holds what follows from the root alone and is never undone.
    """

    def __init__(self) -> None:
        self.full: list[int] = []
        self.state: list[int] = []
        self.level = 0
        self._nodes: list[int] = []  # per step
        self._kept: list[int] = []  # per step: the mask that was applied
        self._causes: list[Incompatibility | None] = []  # per step; None is a decision
        self._levels: list[int] = []  # per step
        self._steps: list[list[int]] = []  # per node: its steps
        self._states: list[list[int]] = []  # per node: its state after each step

    def add(self, full: int) -> int:
        """Add a node whose states are the bits of ``full``; returns its number."""
        self.full.append(full)
        self.state.append(full)
        self._steps.append([])
        self._states.append([])
        return len(self.full) - 1

    def assign(self, node: int, kept: int, cause: Incompatibility | None) -> int:
        """Keep only the bits in ``kept`` of the state of ``node``; returns what is left."""
        state = self.state[node] & kept
        self.state[node] = state
        self._steps[node].append(len(self._nodes))
        self._states[node].append(state)
        self._nodes.append(node)
        self._kept.append(kept)
        self._causes.append(cause)
        self._levels.append(self.level)
        return state

    def rewind(self, level: int) -> list[int]:
        """Undo all steps above ``level``; returns the nodes that were touched, each once."""
        undone: dict[int, None] = {}
        while self._levels and self._levels[-1] > level:
            self._levels.pop()
            self._kept.pop()
            self._causes.pop()
            node = self._nodes.pop()
            self._steps[node].pop()
            states = self._states[node]
            states.pop()
            self.state[node] = states[-1] if states else self.full[node]
            undone[node] = None
        self.level = level
        return list(undone)

    def satisfier(self, node: int, mask: int, given: int = -1) -> int:
        """Return the first step after which ``node`` lies in ``mask``, ``given`` bits apart."""
        outside = ~mask & given
        states = self._states[node]
        low, high = 0, len(states) - 1
        while low < high:
            middle = (low + high) // 2
            if states[middle] & outside:
                low = middle + 1
            else:
                high = middle
        return self._steps[node][low]

    def last_level(self, node: int) -> int:
        """Return the decision level of the last step of a node."""
        return self._levels[self._steps[node][-1]]

    def level_at(self, step: int) -> int:
        """Return the decision level of a step."""
        return self._levels[step]

    def cause_at(self, step: int) -> Incompatibility | None:
        """Return why a step was taken; None for a decision."""
        return self._causes[step]

    def kept_at(self, step: int) -> int:
        """Return the mask that a step applied."""
        return self._kept[step]
