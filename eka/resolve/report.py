"""A proof as sentences, each of which a reader can check from the ones before it.

The order follows the error reports of Dart's pub: a conclusion comes after what it rests on, and
one that is used far away or twice gets a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.resolve.facts import Glue
from eka.resolve.incompatibility import NOBODY, Edge, Incompatibility, Learned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.resolve.core import Core
    from eka.resolve.describe import Words

MAX_STEPS = 100
"""A proof of more steps is not told step by step; only the lines it rests on are listed."""

MAX_LISTED = 40


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One derivation that is told: from two facts or steps to a conclusion."""

    terms: Mapping[int, int]
    causes: tuple[_Step | Edge, _Step | Edge]


def report(core: Core, words: Words) -> list[str]:
    """Return the sentences that explain ``core``."""
    top = _told(core.proof)
    if isinstance(top, _Step) and len(_uses(top)) <= MAX_STEPS:
        lines = _Writer(top, words).lines
    else:
        facts = [words.edge(edge) for edge in core.edges if not _is_glue(edge)]
        lines = [f"{fact}." for fact in facts[:MAX_LISTED]]
        if len(facts) > MAX_LISTED:
            lines.append(f"… and {len(facts) - MAX_LISTED} more.")
    singles = words.singles()
    if singles:
        lines.append(f"Only one version is allowed of: {', '.join(singles)}.")
    return [line[0].upper() + line[1:] for line in lines]


def _told(proof: Incompatibility) -> _Step | Edge | None:
    """Return the derivation without what is true by construction; None if nothing is left."""
    told: dict[int, _Step | Edge | None] = {}
    waiting: list[Incompatibility] = [proof]
    while waiting:
        each = waiting[-1]
        if id(each) in told:
            waiting.pop()
        elif isinstance(each, Edge):
            told[id(each)] = None if _is_glue(each) else each
        elif missing := [parent for parent in each.parents if id(parent) not in told]:
            waiting += missing
        else:
            told[id(each)] = _step(each, told)
    return told[id(proof)]


def _step(learned: Learned, told: dict[int, _Step | Edge | None]) -> _Step | Edge | None:
    one, other = (told[id(parent)] for parent in learned.parents)
    if one is None or other is None or one is other:
        return one or other
    return _Step(learned.terms, (one, other))


def _is_glue(edge: Edge) -> bool:
    return any(isinstance(fact, Glue) for fact in edge.facts.values())


def _uses(top: _Step) -> dict[_Step, int]:
    """Return how often each step is used."""
    uses: dict[_Step, int] = {top: 1}
    waiting = [top]
    while waiting:
        for cause in waiting.pop().causes:
            if isinstance(cause, _Step):
                if cause not in uses:
                    waiting.append(cause)
                uses[cause] = uses.get(cause, 0) + 1
    return uses


class _Writer:
    """Writes the steps in order; numbers those that are needed again."""

    def __init__(self, top: _Step, words: Words) -> None:
        self.lines: list[str] = []
        self._uses = _uses(top)
        self._words = words
        self._numbers: dict[_Step, int] = {}
        self._top = top
        self._visit(top)

    def _visit(self, step: _Step, *, must_number: bool = False) -> None:
        steps = [cause for cause in step.causes if isinstance(cause, _Step)]
        edges = [cause for cause in step.causes if isinstance(cause, Edge)]
        is_numbered = must_number or self._uses[step] > 1
        if not steps:
            self._write(step, f"because {self._both(*edges)}", is_numbered=is_numbered)
        elif edges:
            self._visit_mixed(step, steps[0], edges[0], is_numbered=is_numbered)
        else:
            self._visit_two(step, steps[0], steps[1], is_numbered=is_numbered)

    def _visit_mixed(self, step: _Step, inner: _Step, edge: Edge, *, is_numbered: bool) -> None:
        """Tell a conclusion from one step and one fact."""
        if inner in self._numbers:
            because = f"because {self._words.edge(edge)} and {self._cite(inner)}"
        elif collapsed := self._collapsible(inner):
            deeper, other = collapsed
            self._visit(deeper)
            because = f"and because {self._both(other, edge)}"
        else:
            self._visit(inner)
            because = f"and because {self._words.edge(edge)}"
        self._write(step, because, is_numbered=is_numbered)

    def _visit_two(self, step: _Step, one: _Step, other: _Step, *, is_numbered: bool) -> None:
        """Tell a conclusion from two steps, the simpler one last."""
        cited = [each for each in (one, other) if each in self._numbers]
        if len(cited) == 2:  # noqa: PLR2004 - both
            because = f"because {self._cite(one)} and {self._cite(other)}"
        elif cited:
            self._visit(other if cited[0] is one else one)
            because = f"and because {self._cite(cited[0])}"
        else:
            is_last = _is_simple(one) and not _is_simple(other)
            first, last = (other, one) if is_last else (one, other)
            self._visit(first, must_number=True)
            if last in self._numbers:  # told on the way to the first
                first = last
            else:
                self._visit(last)
            because = f"and because {self._cite(first)}"
        self._write(step, because, is_numbered=is_numbered)

    def _collapsible(self, step: _Step) -> tuple[_Step, Edge] | None:
        """Return the parts of a step that needs no sentence of its own."""
        if self._uses[step] > 1:
            return None
        match step.causes:
            case (_Step() as deeper, Edge() as edge) | (Edge() as edge, _Step() as deeper):
                return None if deeper in self._numbers else (deeper, edge)
            case _:
                return None

    def _both(self, one: Edge, other: Edge) -> str:
        """Return two facts as a clause: what is needed before what needs it in turn."""
        if other.dependant == NOBODY or (
            one.dependant != NOBODY and other.dependency == one.dependant
        ):
            one, other = other, one
        return f"{self._words.edge(one)} and {self._words.edge(other)}"

    def _cite(self, step: _Step) -> str:
        return f"{self._words.conclusion(step.terms)} ({self._numbers[step]})"

    def _write(self, step: _Step, because: str, *, is_numbered: bool) -> None:
        line = f"{because}, {self._words.conclusion(step.terms)}."
        if is_numbered and step is not self._top:
            self._numbers[step] = len(self._numbers) + 1
            line = f"{line[0].upper()}{line[1:]} ({self._numbers[step]})"
        self.lines.append(line)


def _is_simple(step: _Step) -> bool:
    return all(isinstance(cause, Edge) for cause in step.causes)
