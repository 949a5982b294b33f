"""What to start next: of the actions whose inputs are there, the head of the longest path.

Pure: it is told what was done, and never looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from statistics import median

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Seconds, for actions like none before; only their proportions matter.
UNKNOWN_S = {"run": 10.0, "unpack": 2.0, "fetch": 2.0}
_ENOUGH = 0.5  # of the actions left, those whose time is known, before a guess is told


@dataclass(frozen=True, slots=True)
class Task:
    """One action to perform."""

    kind: str
    needs: Collection[str]  # tasks that must be done before
    expected_s: float | None  # None when nobody knows


@dataclass(slots=True)
class _State:
    task: Task
    index: int  # in the order of the plan
    missing: int  # needs that are not done
    expected_s: float
    path_s: float = 0.0  # from the start of this to the end of the last that waits for it
    above: list[str] = field(default_factory=list[str])
    is_settled: bool = False  # done, failed or skipped


class Schedule:
    """The tasks of one realisation.

    Args:
        tasks: By action id, each after those it needs.

    Source: atom-spec/build.md [build-order], [build-keep-going].
    """

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        guesses = _guesses(tasks.values())
        self._states: dict[str, _State] = {}
        for index, (name, task) in enumerate(tasks.items()):
            expected_s = guesses[task.kind] if task.expected_s is None else task.expected_s
            self._states[name] = _State(task, index, len(set(task.needs)), expected_s)
            for below in set(task.needs):
                self._states[below].above.append(name)
        for state in reversed(self._states.values()):
            after_s = max((self._states[name].path_s for name in state.above), default=0.0)
            state.path_s = state.expected_s + after_s
        self._ready: dict[bool, list[tuple[float, int, str]]] = {True: [], False: []}
        for name, state in self._states.items():
            if not state.missing:
                self._offer(name)
        self._left = len(self._states)

    @property
    def left(self) -> int:
        """How many tasks are neither done, failed nor skipped."""
        return self._left

    def take(self, *, fetch: bool) -> str | None:
        """Return the next download, or the next of all other tasks; None when none is ready."""
        ready = self._ready[fetch]
        return heappop(ready)[2] if ready else None

    def done(self, name: str) -> None:
        """Note that a task is done; those it held up may be ready now."""
        self._settle(name)
        for above in self._states[name].above:
            state = self._states[above]
            state.missing -= 1
            if not state.missing and not state.is_settled:
                self._offer(above)

    def failed(self, name: str) -> list[str]:
        """Note a failure; return what cannot be done without the task, in order of the plan."""
        self._settle(name)
        lost: set[str] = set()
        pending = [name]
        while pending:
            for above in self._states[pending.pop()].above:
                if not self._states[above].is_settled:
                    self._settle(above)
                    lost.add(above)
                    pending.append(above)
        return sorted(lost, key=lambda each: self._states[each].index)

    def left_s(self, running: Mapping[str, float], jobs: int) -> float | None:
        """Guess how long the rest takes: its longest path, or all of it shared by the jobs.

        Args:
            running: For how many seconds each running task has run.
            jobs: How many run at once.

        Returns:
            Seconds; None when too little is known.
        """
        rest = [(name, state) for name, state in self._states.items() if not state.is_settled]
        known = sum(state.task.expected_s is not None for _, state in rest)
        if known < len(rest) * _ENOUGH:
            return None
        longest = total = 0.0
        for name, state in rest:
            gone_s = min(running.get(name, 0.0), state.expected_s)
            longest = max(longest, state.path_s - gone_s)
            total += state.expected_s - gone_s
        return max(longest, total / jobs)

    def _settle(self, name: str) -> None:
        self._states[name].is_settled = True
        self._left -= 1

    def _offer(self, name: str) -> None:
        state = self._states[name]
        # Of equally long paths the first of the plan goes first: the same in every run.
        entry = (-state.path_s, state.index, name)
        heappush(self._ready[state.task.kind == "fetch"], entry)


def _guesses(tasks: Collection[Task]) -> dict[str, float]:
    """Return what a task of each kind is taken to last when nobody knows."""
    found: dict[str, float] = {}
    for kind, unknown_s in UNKNOWN_S.items():
        known = [
            each.expected_s for each in tasks if each.kind == kind and each.expected_s is not None
        ]
        found[kind] = median(known) if known else unknown_s
    return found
